// JSON as text, and back. Strings come from users too, as names of files and folders: bytes that are no UTF-8 become
// U+FFFD, where nlohmann's dump() alone would throw.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace rvb::runtime {

inline std::string json_text(const nlohmann::ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// All JSON that is read goes through here: what is nested deeper than this is not JSON to us. The library's functions
// are recursive, and a level takes a hundred times the memory of its bracket.
constexpr int deepest_json = 64;

inline bool too_deep(const char* begin, const char* end) {
  int depth = 0;
  bool quoted = false;
  for (const char* at = begin; at < end; ++at) {
    if (quoted && *at == '\\')
      ++at;
    else if (*at == '"')
      quoted = !quoted;
    else if (!quoted && (*at == '[' || *at == '{') && ++depth > deepest_json)
      return true;
    else if (!quoted && (*at == ']' || *at == '}'))
      --depth;
  }
  return false;
}

// is_discarded() when the text is not JSON. `watch` sees every key and value as it is read.
template <class Json = nlohmann::ordered_json>
Json parse_json(const void* data, size_t size, const typename Json::parser_callback_t& watch = nullptr) {
  const char *begin = static_cast<const char*>(data), *end = begin + size;
  if (too_deep(begin, end))
    return Json(Json::value_t::discarded);
  return Json::parse(begin, end, watch, false);
}

} // namespace rvb::runtime
