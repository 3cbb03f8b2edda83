// The process around a compiled program: how it is set up before anything else happens.
#pragma once

namespace rvb::runtime {

// Descriptors 0, 1 and 2 that are missing are opened on /dev/null, so that no file becomes standard error. Writing to a
// closed pipe or beyond a limit is an error of the write (EPIPE, EFBIG), not a signal. There is some stack even when
// the rest of the memory is used up, and an end with a message when not even a failure can be reported any more. An
// exit that a library decides on while this is alive is the machine's failure (exit code 5).
class Process {
public:
  Process();
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
};

// What is said, everywhere, when memory is out.
extern const char out_of_memory[];

} // namespace rvb::runtime
