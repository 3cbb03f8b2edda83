// Where everything that rvbc writes for its user ends: results on standard output, messages on standard error, files.
#pragma once

#include "base/messages.h"

#include <fmt/format.h>

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace rvb {

// Standard output is the result: what cannot be written there is a failure (exit 5).
void put_text(std::string_view text);
template <class... Arguments> void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  put_text(fmt::format(format, std::forward<Arguments>(arguments)...));
}
void finish_output();   // before the program ends: what is still in the buffer
std::ostream& output(); // the same as a stream

// Standard error: diagnostics, notes, progress. Where it cannot be written, the text is lost and nothing else changes.
using runtime::tell;
using runtime::tell_text;
void note_once(const std::string& text); // "note: TEXT"; the same note is given once

// A file: whole or not at all, through the name where that stands for a device, a pipe or a link. "-" and "" are
// standard output.
void write_text(const std::string& path, std::string_view text);
void write_copy(const std::string& path, const std::string& from, unsigned mode = 0666); // the bytes of file `from`
void write_scratch(const std::string& path, std::string_view bytes); // in a temporary folder: need not survive
bool is_device(const std::string& path);                             // something that is written through

// A text: a regular file, "-", or a descriptor of this process (/dev/fd/N, as the shell's <(…) gives it).
std::string read_text(const std::string& path);

} // namespace rvb
