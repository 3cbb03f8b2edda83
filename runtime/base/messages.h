// Standard error: messages, notes, progress. Where they cannot be written (closed, full, nobody reads) they are lost,
// and nothing else changes.
#pragma once

#include <fmt/format.h>
#include <string_view>

namespace rvb::runtime {

void tell_text(std::string_view text);

template <class... Arguments> void tell(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  tell_text(fmt::format(format, std::forward<Arguments>(arguments)...));
}

} // namespace rvb::runtime
