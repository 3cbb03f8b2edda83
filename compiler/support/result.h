// A user's data or machine is at fault (a file, a tensor, the CPU): thrown with a complete message and the exit code of
// the command line's table, caught once, in main. Mistakes in program text are Diagnostics instead.
#pragma once

#include <stdexcept>
#include <string>

namespace rvb {

// Exit codes of every rvb program (conventions: 0 ok, 130 interrupted after saving).
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

} // namespace rvb
