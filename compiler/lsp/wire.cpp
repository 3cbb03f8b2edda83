#include "lsp/wire.h"

#include "base/retry.h"
#include "host/output.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace rvb::lsp {

namespace {

constexpr size_t longest_message = size_t{64} << 20; // a text has at most 1 MiB (syntax/parse.h)
constexpr size_t longest_line = 4096;                // of a header

// "Content-Length: 12", in capitals or not; -1 where the line is another one, -2 where the number is none.
long long length_in(const std::string& line) {
  const std::string name = "content-length:";
  if (line.size() < name.size() || !std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
        return a == std::tolower(static_cast<unsigned char>(b));
      }))
    return -1;
  const std::string number = line.substr(std::min(line.size(), line.find_first_not_of(" \t", name.size())));
  const bool digits =
      !number.empty() && number.size() <= 15 && number.find_first_not_of("0123456789") == std::string::npos;
  return digits ? std::atoll(number.c_str()) : -2;
}

} // namespace

bool Reader::fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  char piece[65536];
  const ssize_t got = runtime::retry([&] { return read(file_, piece, sizeof piece); });
  if (got > 0)
    buffer_.append(piece, static_cast<size_t>(got));
  return got > 0;
}

// Without its end. False at the end of the input.
bool Reader::line(std::string& text, bool& too_long) {
  text.clear();
  too_long = false;
  for (;;) {
    const size_t end = buffer_.find('\n', at_);
    const size_t stop = end == std::string::npos ? buffer_.size() : end;
    too_long = too_long || text.size() + stop - at_ > longest_line;
    if (!too_long)
      text.append(buffer_, at_, stop - at_);
    at_ = end == std::string::npos ? stop : end + 1;
    if (end != std::string::npos)
      break;
    if (!fill())
      return false;
  }
  if (!text.empty() && text.back() == '\r')
    text.pop_back();
  return true;
}

bool Reader::skip(size_t bytes) {
  while (bytes > 0) {
    if (at_ == buffer_.size() && !fill())
      return false;
    const size_t now = std::min(bytes, buffer_.size() - at_);
    at_ += now;
    bytes -= now;
  }
  return true;
}

Reader::Found Reader::next(std::string& text) {
  long long length = -1;
  bool any = false, damaged = false, too_long = false;
  for (std::string header; line(header, too_long);) {
    if (header.empty() && !too_long) {
      if (!any)
        continue; // blank lines between messages
      if (damaged || length < 0) {
        text = "a header without a Content-Length";
        return Found::damage;
      }
      if (static_cast<size_t>(length) > longest_message) {
        text = "a message of " + std::to_string(length) + " bytes";
        return skip(static_cast<size_t>(length)) ? Found::damage : Found::end;
      }
      while (buffer_.size() - at_ < static_cast<size_t>(length))
        if (!fill())
          return Found::end;
      text = buffer_.substr(at_, static_cast<size_t>(length));
      at_ += static_cast<size_t>(length);
      return Found::message;
    }
    any = true;
    const long long found = too_long ? -2 : length_in(header);
    damaged = damaged || found == -2;
    if (found >= 0)
      length = found;
  }
  return Found::end;
}

void write_message(const std::string& text) {
  put("Content-Length: {}\r\n\r\n{}", text.size(), text);
  finish_output();
}

} // namespace rvb::lsp
