#include "lsp/places.h"

#include "support/text.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace rvb::lsp {

namespace {

size_t bytes_at(std::string_view text, size_t at) {
  return std::max<size_t>(1, sequence_length(text, at));
}

bool in_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

} // namespace

Json position_at(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const size_t line = before.rfind('\n') + 1; // 0 where there is none
  int64_t column = 0;
  for (size_t at = line; at < offset;) {
    const size_t bytes = bytes_at(text, at);
    column += bytes == 4 ? 2 : 1;
    at += bytes;
  }
  return {{"line", std::count(before.begin(), before.end(), '\n')}, {"character", column}};
}

size_t offset_at(std::string_view text, const Json& position) {
  const auto line = position.at("line").get<int64_t>(), character = position.at("character").get<int64_t>();
  size_t at = 0;
  for (int64_t i = 0; i < line; ++i) {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos)
      return text.size();
    at = end + 1;
  }
  for (int64_t column = 0; column < character && at < text.size() && text[at] != '\n';) {
    const size_t bytes = bytes_at(text, at);
    column += bytes == 4 ? 2 : 1;
    at += bytes;
  }
  return std::min(at, text.size());
}

Json range_at(std::string_view text, size_t begin, size_t end) {
  return {{"start", position_at(text, begin)}, {"end", position_at(text, std::max(begin, end))}};
}

std::string path_of(const std::string& uri) {
  const std::string scheme = "file://";
  if (uri.compare(0, scheme.size(), scheme) != 0)
    return "";
  const size_t slash = uri.find('/', scheme.size()); // a name of a host before it says nothing to us
  std::string path;
  for (size_t i = slash; i < uri.size(); ++i) {
    const auto digit = [&](size_t at) { return at < uri.size() && std::isxdigit(static_cast<unsigned char>(uri[at])); };
    if (uri[i] == '%' && digit(i + 1) && digit(i + 2)) {
      path += static_cast<char>(std::stoi(uri.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      path += uri[i];
    }
  }
  return path.find('\0') == std::string::npos ? path : "";
}

std::string uri_of(const std::string& path) {
  std::error_code error; // then it stays as it is
  const std::filesystem::path whole = std::filesystem::weakly_canonical(path, error);
  std::string uri = "file://";
  for (char c : error ? path : whole.string()) {
    if (in_word(c) || c == '/' || c == '.' || c == '-' || c == '~') {
      uri += c;
    } else {
      static const char* const digits = "0123456789ABCDEF";
      uri += {'%', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
    }
  }
  return uri;
}

std::string word_at(std::string_view text, size_t offset, size_t& begin) {
  begin = std::min(offset, text.size());
  size_t end = begin;
  while (begin > 0 && in_word(text[begin - 1]))
    --begin;
  while (end < text.size() && in_word(text[end]))
    ++end;
  const std::string_view word = text.substr(begin, end - begin);
  return word.empty() || std::isdigit(static_cast<unsigned char>(word[0])) ? "" : std::string(word);
}

} // namespace rvb::lsp
