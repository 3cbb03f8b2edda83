// Small helpers on text that every room needs when it speaks to a user.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rvb {

// `name`, in backticks, safe to print: long text is cut, control characters and broken UTF-8 become '?'.
std::string ticked(std::string_view text);
std::string printable(std::string_view text, size_t limit);

// The byte at which `text` stops being UTF-8 without NUL bytes; npos when all of it is.
size_t first_invalid_byte(std::string_view text);
// The length in bytes of the UTF-8 sequence at `at`, 0 when it is invalid.
size_t sequence_length(std::string_view text, size_t at);

// The candidate that `name` was probably meant to be (optimal string alignment distance), "" when none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

} // namespace rvb
