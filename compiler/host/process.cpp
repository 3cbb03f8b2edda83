#include "host/process.h"

#include "machine/errors.h"
#include "support/result.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <initializer_list>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace rvb {

namespace {

int words_to = 2; // in children a pipe
volatile sig_atomic_t no_memory = 0;
void* reserve = nullptr; // given back when memory runs out, so that unwinding and the message have some
char written[4096] = "what was compiled";
constexpr size_t reserve_bytes = size_t{1} << 20;

// Usable in a signal handler.
[[noreturn]] void end_now(Exit exit, std::initializer_list<const char*> words) {
  auto say = [](const char* text) { (void)!::write(words_to, text, std::strlen(text)); };
  if (words_to == 2)
    say("rvbc: ");
  for (const char* text : words)
    say(text);
  if (words_to == 2)
    say("\n");
  _exit(static_cast<int>(exit));
}

const char* const bug = "this is a bug in rvbc " RVB_VERSION ": ";

const char* memory_words() {
  struct rlimit limit {};
  for (auto resource : {RLIMIT_AS, RLIMIT_DATA})
    if (getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
      return "out of memory (the memory of a process is limited here: ulimit -v, ulimit -d)";
  return "out of memory";
}

void new_failed() {
  no_memory = 1;
  std::free(reserve);
  reserve = nullptr;
  throw std::bad_alloc();
}

[[noreturn]] void terminated() {
  if (memory_is_exhausted())
    end_now(Exit::io, {memory_words()});
  try {
    if (std::exception_ptr error = std::current_exception())
      std::rethrow_exception(error);
  } catch (const std::exception& error) {
    end_now(Exit::internal, {bug, error.what()});
  } catch (...) {
  }
  end_now(Exit::internal, {bug, "an exception that nobody catches"});
}

// A fault while memory is refused is the refusal's. The stack, too, grows only as far as memory is granted.
void crashed(int signal) {
  struct rlimit stack {};
  const bool small = getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur < (rlim_t{4} << 20);
  if (small || memory_is_exhausted())
    end_now(Exit::io, {small ? "out of memory (the stack is limited here: ulimit -s)" : memory_words()});
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void library_failed(const char* reason) {
  static const char output[] = "IO failure on output stream: ";
  if (const char* found = std::strstr(reason, output))
    end_now(Exit::io, {"cannot write ", written, ": ", found + sizeof output - 1});
  if (memory_is_exhausted() || std::strstr(reason, "ut of memory") != nullptr ||
      std::strstr(reason, "annot allocate memory") != nullptr)
    end_now(Exit::io, {memory_words()});
  end_now(Exit::internal, {bug, reason});
}

void library_out_of_memory() {
  end_now(Exit::io, {memory_words()});
}

void open_missing_descriptors() {
  // The wrong way round, so that reading or writing them fails as it does for descriptors that are not there. Messages
  // alone may be lost.
  const int ways[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int wanted = 0; wanted < 3; ++wanted)
    if (fcntl(wanted, F_GETFD) == -1 && errno == EBADF && open("/dev/null", ways[wanted]) == -1)
      (void)!open("/", O_RDONLY | O_DIRECTORY); // the lowest free number is the missing one: its place is taken
}

void answer_for_memory() {
  reserve = std::malloc(reserve_bytes);
  std::set_new_handler(new_failed);
  std::set_terminate(terminated);
  static char room[16384]; // crashed() has to run where the stack cannot grow
  stack_t stack{};
  stack.ss_sp = room;
  stack.ss_size = sizeof room;
  sigaltstack(&stack, nullptr);
  for (int signal : {SIGSEGV, SIGBUS, SIGABRT}) {
    struct sigaction action {};
    action.sa_handler = crashed;
    action.sa_flags = SA_ONSTACK;
    sigaction(signal, &action, nullptr);
  }
}

// Before the libraries' own start, which takes memory, too.
[[gnu::section(".preinit_array"), gnu::used]] void (*const before_libraries)() = answer_for_memory;

} // namespace

void begin_process() {
  open_missing_descriptors();
  std::signal(SIGCHLD, SIG_DFL); // ignored, the ends of children could not be seen
  std::signal(SIGXFSZ, SIG_IGN); // a file that becomes too large is an error of its write
  machine::install_error_handlers(library_failed, library_out_of_memory);
}

bool memory_is_exhausted() {
  if (no_memory != 0)
    return true;
  // More than any one piece that is asked for; without a limit, address space is always granted.
  constexpr size_t probe = size_t{256} << 20;
  void* room = mmap(nullptr, probe, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED)
    return true;
  munmap(room, probe);
  return false;
}

std::string out_of_memory() {
  return memory_words();
}

void now_writing(const std::string& path) {
  written[path.copy(written, sizeof written - 1)] = 0;
}

void last_words_to(int pipe) {
  words_to = pipe;
}

void end_child(int code, const std::string& words) {
  (void)!::write(words_to, words.data(), std::min(words.size(), size_t{4000})); // fits into a pipe: never waits
  _exit(code);
}

} // namespace rvb
