#include "base/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace rvb::runtime {

namespace {

// A signal handler cannot be given anything else than a global.
volatile std::sig_atomic_t caught = 0;

extern "C" void on_signal(int) {
  caught = 1;
}

// What was ignored when the program began (nohup, a background job of a script) stays ignored.
void watch(int signal, int flags) {
  struct sigaction action {};
  if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN)
    return;
  action = {};
  action.sa_handler = on_signal;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

} // namespace

void watch_interrupts() {
  for (int signal : {SIGINT, SIGTERM})
    watch(signal, static_cast<int>(SA_RESETHAND | SA_RESTART));
  watch(SIGHUP, SA_RESTART); // a terminal that goes away sends it twice: by the kernel and by the shell
}

bool interrupted() {
  return caught != 0;
}

} // namespace rvb::runtime
