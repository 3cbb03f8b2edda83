// The processes that rvbc starts. They end when it ends, however it ends.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace rvb {

// Runs `work` in a separate process; 0: there can be no more at the moment. Throws Failure(io) where that would be no
// better later.
pid_t start_child(const std::function<void()>& work);

// A program with its arguments, run to its end, with everything it starts; standard input is empty, standard output and
// error go to files (one file, when they are the same). Its first word is looked for in PATH.
struct Command {
  std::vector<std::string> words;
  std::string out, error;
  std::string folder;    // to run in; "": the current one
  std::string temporary; // TMPDIR, so that what is left when it is killed goes with that folder
};
int run(const Command& command);      // the status, as of waitpid
std::string how_it_ended(int status); // "exit code 1", "killed by signal 9, which ... memory"

// The whole path of what the shell would start for `name`; Failure(io) when there is none.
std::string find_program(const std::string& name);

} // namespace rvb
