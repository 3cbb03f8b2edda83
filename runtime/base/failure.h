// A user's data or machine is at fault: thrown with a complete message and the exit code of the command line's table,
// caught once, in the program's main. The runtime knows no compiler, so this repeats compiler/support/result.h.
#pragma once

#include <stdexcept>
#include <string>

namespace rvb::runtime {

// ok; data is wrong; the command line is wrong; verification failed or below --min-acc; CPU or weights do not fit;
// a file cannot be read or written; our mistake; stopped by the user after saving.
enum class Exit : int {
  ok = 0,
  user = 1,
  usage = 2,
  verification = 3,
  mismatch = 4,
  io = 5,
  internal = 70,
  interrupted = 130
};

class Failure : public std::runtime_error {
public:
  Failure(Exit exit, const std::string& message) : std::runtime_error(message), exit(exit) {}
  Exit exit;
};

} // namespace rvb::runtime
