// JSON as text. Strings come from users too, as names of files and folders: bytes that are no UTF-8 become U+FFFD,
// where nlohmann's dump() alone would throw.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace rvb::runtime {

inline std::string json_text(const nlohmann::ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace rvb::runtime
