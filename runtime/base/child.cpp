#include "base/child.h"

#include "base/failure.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::runtime {

namespace {

// What comes through the pipe: a kind, a size, and that many bytes.
enum class Kind : int64_t { message, failure, memory, end };
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

// Ends the child, also when what is received throws.
class Child {
public:
  Child(pid_t process, int pipe) : process_(process), pipe_(pipe) {}
  ~Child() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      wait();
    }
    ::close(pipe_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // For a child whose pipe is closed.
  Ending wait() {
    int status = 0;
    pid_t waited = 0;
    while ((waited = ::waitpid(process_, &status, 0)) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return waited > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU ? Ending::too_long : Ending::broken;
  }

private:
  pid_t process_;
  int pipe_;
};

rlim_t allowed(__rlimit_resource resource) {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  ::getrlimit(resource, &limit);
  return limit.rlim_cur;
}

// To `value`, or to what was allowed before if that is less.
void limit_to(__rlimit_resource resource, rlim_t value, rlim_t before) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0)
    return;
  limit.rlim_cur = std::min(before, value);
  ::setrlimit(resource, &limit);
}

// So many seconds of processor time from now on, then SIGXCPU.
void allow_time(rlim_t before) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  limit_to(RLIMIT_CPU, static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec + child_seconds + 1), before);
}

// Address space on top of what this process has taken over.
void limit_memory() {
  uint64_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%" SCNu64, &pages) != 1)
      pages = 0;
    std::fclose(file);
  }
  if (pages > 0)
    limit_to(RLIMIT_AS, pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) + child_memory, allowed(RLIMIT_AS));
}

} // namespace

Ending in_child(const std::function<void(const std::function<void(const Message&)>& send)>& work,
                const std::function<void(const Message&)>& receive) {
  int pipes[2];
  if (::pipe(pipes) != 0)
    throw Failure(Exit::io, std::string("cannot make a pipe: ") + std::strerror(errno));
  pid_t parent = ::getpid(), process = ::fork();
  if (process < 0) {
    ::close(pipes[0]);
    ::close(pipes[1]);
    throw Failure(Exit::io, std::string("cannot start a process: ") + std::strerror(errno));
  }
  if (process == 0) {
    ::close(pipes[0]);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) // it died meanwhile
      ::_exit(1);
    for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGPIPE, SIGXCPU})
      ::signal(signal, SIG_DFL);
    const rlim_t time = allowed(RLIMIT_CPU);
    limit_memory();
    allow_time(time);
    limit_to(RLIMIT_CORE, 0, 0);
    try {
      work([&](const Message& m) {
        send_to(pipes[1], Kind::message, 0, m.data(), m.size() * sizeof(double));
        allow_time(time);
      });
      send_to(pipes[1], Kind::end, 0, nullptr, 0);
    } catch (const Failure& failure) {
      send_to(pipes[1], Kind::failure, static_cast<int64_t>(failure.exit), failure.what(), std::strlen(failure.what()));
    } catch (const std::bad_alloc&) {
      send_to(pipes[1], Kind::memory, 0, nullptr, 0);
    } catch (...) {
    }
    ::_exit(0);
  }
  ::close(pipes[1]);
  Child child(process, pipes[0]);
  for (Head head{}; read_all(pipes[0], &head, sizeof head);) {
    if (head.kind == Kind::end)
      return child.wait(), Ending::whole;
    if (head.kind == Kind::memory)
      return child.wait(), Ending::memory;
    if (head.kind == Kind::failure) {
      std::string text(head.bytes, ' ');
      if (!read_all(pipes[0], text.data(), text.size()))
        return child.wait();
      throw Failure(static_cast<Exit>(head.exit), text);
    }
    Message message(head.bytes / sizeof(double));
    if (!read_all(pipes[0], message.data(), head.bytes))
      return child.wait();
    receive(message);
  }
  return child.wait();
}

} // namespace rvb::runtime
