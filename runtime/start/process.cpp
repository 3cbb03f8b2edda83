#include "start/process.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/messages.h"
#include "core/core.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace rvb::runtime {

const char out_of_memory[] = "out of memory: try a smaller --batch, --limit or --threads, or allow more (ulimit -v)";

namespace {

void open_missing_descriptors() {
  for (int wanted = 0; wanted < 3; ++wanted) {
    if (::fcntl(wanted, F_GETFD) != -1 || errno != EBADF)
      continue;
    // The lowest free number is the one that is missing. Where there is no /dev, the folder keeps the place.
    if (::open("/dev/null", O_RDWR) == -1)
      (void)::open("/", O_RDONLY | O_DIRECTORY);
  }
}

constexpr size_t stack_needed = size_t{512} << 10;

[[gnu::noinline]] void touch_stack() {
  rlimit most{};
  size_t size = stack_needed;
  if (::getrlimit(RLIMIT_STACK, &most) == 0 && most.rlim_cur / 4 < size)
    size = most.rlim_cur / 4;
  volatile char* page = static_cast<char*>(__builtin_alloca(size)) + size; // the stack grows downwards
  for (size_t i = 0; i < size / 4096; ++i)
    *(page -= 4096) = 0;
}

[[noreturn]] void give_up(const char* text, Exit exit) {
  tell_text("error: ");
  tell_text(text);
  tell_text("\n");
  ::_exit(static_cast<int>(exit));
}

// Later the stack may not be able to grow, and that is a segmentation fault: it is asked for now.
void reserve_memory() {
  constexpr size_t needed = 2 * stack_needed + (size_t{1} << 20);
  void* room = ::mmap(nullptr, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED)
    give_up(out_of_memory, Exit::io);
  ::munmap(room, needed);
  touch_stack();
}

#ifndef __SANITIZE_ADDRESS__
// Before the libraries begin: libgomp and the C++ library take memory and end the process in their own way when there
// is none. System calls are all that may be used here.
void before_libraries(int, char**, char**) {
  open_missing_descriptors();
  reserve_memory();
}
[[gnu::used, gnu::section(".preinit_array")]] void (*const first_of_all)(int, char**, char**) = before_libraries;
#endif

// Nothing caught it: mostly because there was no memory to throw with.
[[noreturn]] void last_words() {
  try {
    if (std::exception_ptr failure = std::current_exception())
      std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    give_up(out_of_memory, Exit::io);
  } catch (const std::exception& error) {
    give_up(error.what(), Exit::internal);
  } catch (...) {
  }
  give_up(out_of_memory, Exit::io);
}

void tell_of_threads(int wanted, int started, int error) {
  tell("note: {} threads cannot be started ({}): going on with {}\n", wanted, std::strerror(error), started);
}

bool returned = false;

// libgomp says that a thread cannot be started, and ends the process as if the user's data were wrong. rvb_team() asks
// for threads beforehand; this is for the moment in between.
void ended(int status, void*) {
  if (!returned && status == EXIT_FAILURE)
    ::_exit(static_cast<int>(Exit::io));
}

} // namespace

Process::Process() {
  open_missing_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::set_terminate(last_words);
  reserve_memory();
  rvb_set_thread_note(tell_of_threads);
  (void)::on_exit(ended, nullptr);
}

Process::~Process() {
  returned = true;
}

} // namespace rvb::runtime
