#include "ir/scanner.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>

namespace rvb::ir {

namespace {

bool in_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
}

} // namespace

void Scanner::fail_at(size_t at, const std::string& message) const {
  ParseError error{1, 1, message};
  for (size_t i = 0; i < at && i < text_.size(); ++i) {
    error.column = text_[i] == '\n' ? 1 : error.column + 1;
    error.line += text_[i] == '\n';
  }
  throw error;
}

void Scanner::skip() {
  while (at_ < text_.size()) {
    char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
      ++at_;
    else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '/')
      at_ = std::min(text_.find('\n', at_), text_.size());
    else
      return;
  }
}

char Scanner::peek() {
  skip();
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool Scanner::accept(const char* mark) {
  skip();
  size_t length = std::strlen(mark);
  if (text_.compare(at_, length, mark) != 0)
    return false;
  at_ += length;
  return true;
}

void Scanner::expect(const char* mark) {
  if (!accept(mark))
    fail(std::string("`") + mark + "` expected");
}

std::string Scanner::name() {
  skip();
  size_t begin = at_;
  while (at_ < text_.size() && in_name(text_[at_]))
    ++at_;
  if (at_ == begin)
    fail("a name expected");
  return text_.substr(begin, at_ - begin);
}

bool Scanner::accept_word(const char* word) {
  skip();
  size_t length = std::strlen(word);
  if (text_.compare(at_, length, word) != 0 || (at_ + length < text_.size() && in_name(text_[at_ + length])))
    return false;
  at_ += length;
  return true;
}

Scanner::Number Scanner::number() {
  skip();
  size_t begin = at_;
  if (at_ < text_.size() && text_[at_] == '-')
    ++at_;
  while (at_ < text_.size() && (in_name(text_[at_]) || ((text_[at_] == '-' || text_[at_] == '+') &&
                                                        (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E'))))
    ++at_;
  const char* first = text_.data() + begin;
  const char* last = text_.data() + at_;
  Number result{true, 0, 0};
  std::from_chars_result read = std::from_chars(first, last, result.integer);
  if (first != last && read.ptr == last && read.ec == std::errc()) {
    result.real = static_cast<double>(result.integer);
    return result;
  }
  result.integral = false;
  read = std::from_chars(first, last, result.real);
  if (first == last || read.ptr != last || read.ec != std::errc())
    fail_at(begin, read.ec == std::errc::result_out_of_range ? "number out of range" : "a number expected");
  if (std::isfinite(result.real) && std::isinf(static_cast<float>(result.real)))
    fail_at(begin, "number out of range: numbers are single precision");
  return result;
}

int64_t Scanner::integer() {
  skip();
  size_t begin = at_;
  Number value = number();
  if (!value.integral)
    fail_at(begin, "an integer expected");
  return value.integer;
}

int Scanner::hex_digit() {
  static const char digits[] = "0123456789abcdef";
  const char* found =
      at_ < text_.size() && text_[at_] != '\0' ? std::strchr(digits, std::tolower(text_[at_] & 0x7f)) : nullptr;
  if (found == nullptr || (text_[at_] & 0x80))
    fail("a hex digit expected");
  ++at_;
  return static_cast<int>(found - digits);
}

std::string Scanner::string() {
  expect("\"");
  std::string out;
  while (at_ < text_.size() && text_[at_] != '"') {
    char c = text_[at_++];
    if (c == '\n')
      fail_at(at_ - 1, "the string has no end on its line");
    if (c != '\\') {
      out += c;
      continue;
    }
    char escape = at_ < text_.size() ? text_[at_++] : '\0';
    if (escape == 'n')
      out += '\n';
    else if (escape == '"' || escape == '\\')
      out += escape;
    else if (escape == 'x') {
      int high = hex_digit();
      out += static_cast<char>(16 * high + hex_digit());
    } else
      fail_at(at_ - 1, "unknown escape in a string");
  }
  if (at_ == text_.size())
    fail("the string has no end");
  ++at_;
  return out;
}

size_t Scanner::here() {
  skip();
  return at_;
}

} // namespace rvb::ir
