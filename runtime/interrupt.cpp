#include "interrupt.h"

#include <csignal>

namespace rvb::runtime {

namespace {

// The one global of the runtime: a signal handler cannot be given anything else.
volatile std::sig_atomic_t caught = 0;

extern "C" void on_signal(int) {
  caught = 1;
}

} // namespace

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return caught != 0;
}

} // namespace rvb::runtime
