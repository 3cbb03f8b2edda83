// SIGINT (Ctrl-C), SIGTERM and SIGHUP as a question that the training loop asks between two steps.
#pragma once

namespace rvb::runtime {

// From now on the first signal only sets a flag. A second SIGINT, or a second SIGTERM, ends the program at once. A
// signal that was ignored when the program began stays ignored.
void watch_interrupts();
bool interrupted();

} // namespace rvb::runtime
