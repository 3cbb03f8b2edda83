// The characters of the IR's text: marks, names, numbers and strings, and the place of what is wrong with them.
#pragma once

#include "ir/text.h"

#include <cstdint>
#include <string>

namespace rvb::ir {

// Between any two of the things it reads, spaces, line ends and comments are skipped. What does not fit throws
// ParseError.
class Scanner {
public:
  explicit Scanner(const std::string& text) : text_(text) {}

protected:
  struct Number {
    bool integral;
    int64_t integer; // when integral
    double real;
  };

  [[noreturn]] void fail(const std::string& message) const { fail_at(at_, message); }
  [[noreturn]] void fail_at(size_t at, const std::string& message) const;

  void skip();
  char peek(); // the next character, 0 at the end
  bool at_end() const { return at_ == text_.size(); }
  size_t here(); // where the next thing begins

  bool accept(const char* mark);
  void expect(const char* mark);
  bool accept_word(const char* word); // a whole name
  std::string name();
  Number number();
  int64_t integer();
  int hex_digit(); // right here, nothing is skipped
  std::string string();

  // Runs `item` for each element of a list `a, b, c)`; what opens it has been taken.
  template <typename F> void until(const char* close, F&& item) {
    if (accept(close))
      return;
    do
      item();
    while (accept(","));
    expect(close);
  }

private:
  const std::string& text_;
  size_t at_ = 0;
};

} // namespace rvb::ir
