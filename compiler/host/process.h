// rvbc as a process: what holds from its first instruction to its last.
#pragma once

#include <string>

namespace rvb {

// The first thing main does. Missing descriptors 0, 1 and 2 are taken by /dev/null, so that no file gets their numbers;
// standard output stays one that cannot be written. Signals that a parent had ignored and that would hide how children
// end are back at their defaults. Without memory, the process ends with exit 5 and says so, wherever that happens.
void begin_process();

// The process has no memory left: at once when a limit or the machine refuses more.
bool memory_is_exhausted();
std::string out_of_memory(); // the message

// What a library writes from now on; its failure to do so names that file.
void now_writing(const std::string& path);

// In a child: where its last words go instead of standard error.
void last_words_to(int pipe);
[[noreturn]] void end_child(int code, const std::string& words);

} // namespace rvb
