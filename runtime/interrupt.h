// Ctrl-C and SIGTERM as a question that the training loop asks between two steps.
#pragma once

namespace rvb::runtime {

void watch_interrupts(); // from now on the first signal only sets a flag; a second one ends the program at once
bool interrupted();

} // namespace rvb::runtime
