#include "child.h"

#include "failure.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::runtime {

namespace {

// What comes through the pipe: a kind, a size, and so many bytes.
enum class Kind : int64_t { message, failure, end };
struct Head {
  Kind kind;
  int64_t exit; // of a failure
  uint64_t bytes;
};

void write_all(int pipe, const void* data, size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    ssize_t written = ::write(pipe, from, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      ::_exit(1); // nobody listens
    from += written;
    size -= static_cast<size_t>(written);
  }
}

void send_to(int pipe, Kind kind, int64_t exit, const void* data, size_t size) {
  Head head{kind, exit, size};
  write_all(pipe, &head, sizeof head);
  write_all(pipe, data, size);
}

bool read_all(int pipe, void* data, size_t size) {
  char* to = static_cast<char*>(data);
  while (size > 0) {
    ssize_t count = ::read(pipe, to, size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    to += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

// Closes the pipe and waits for the child, also when what is received throws.
class Child {
public:
  Child(pid_t process, int pipe) : process_(process), pipe_(pipe) {}
  ~Child() {
    ::close(pipe_); // a child that still sends ends
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

private:
  pid_t process_;
  int pipe_;
};

} // namespace

bool in_child(const std::function<void(const std::function<void(const Message&)>& send)>& work,
              const std::function<void(const Message&)>& receive) {
  int pipes[2];
  if (::pipe(pipes) != 0)
    throw Failure(Exit::io, std::string("cannot make a pipe: ") + std::strerror(errno));
  pid_t process = ::fork();
  if (process < 0) {
    ::close(pipes[0]);
    ::close(pipes[1]);
    throw Failure(Exit::io, std::string("cannot start a process: ") + std::strerror(errno));
  }
  if (process == 0) {
    ::close(pipes[0]);
    for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGPIPE})
      ::signal(signal, SIG_DFL);
    try {
      work([&](const Message& m) { send_to(pipes[1], Kind::message, 0, m.data(), m.size() * sizeof(double)); });
      send_to(pipes[1], Kind::end, 0, nullptr, 0);
    } catch (const Failure& failure) {
      send_to(pipes[1], Kind::failure, static_cast<int64_t>(failure.exit), failure.what(), std::strlen(failure.what()));
    } catch (...) {
    }
    ::_exit(0);
  }
  ::close(pipes[1]);
  Child child(process, pipes[0]);
  for (Head head{}; read_all(pipes[0], &head, sizeof head);) {
    if (head.kind == Kind::end)
      return true;
    if (head.kind == Kind::failure) {
      std::string text(head.bytes, ' ');
      if (!read_all(pipes[0], text.data(), text.size()))
        return false;
      throw Failure(static_cast<Exit>(head.exit), text);
    }
    Message message(head.bytes / sizeof(double));
    if (!read_all(pipes[0], message.data(), head.bytes))
      return false;
    receive(message);
  }
  return false;
}

} // namespace rvb::runtime
