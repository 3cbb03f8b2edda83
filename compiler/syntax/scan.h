// What the scanner's actions do. Apart from lexer.l nobody includes this.
#pragma once

#include "syntax/tokens.h"

#include <string>

namespace rvb::syntax {

class Scan {
public:
  Scan(std::string_view text, int file, Diagnostics& diagnostics);

  uint32_t begin = 0;         // of the lexeme at hand
  uint32_t comment_begin = 0; // of the /* that is open

  void advance(size_t length);
  void new_line() { starts_line_ = true; }
  void token(int kind);
  void name(size_t length);
  void comment(uint32_t from);
  void open_comment();
  void open_string();
  void bad_number();
  void bad_character();
  void hash(); // `#` up to the end of its line
  Tokens finish();

private:
  Range lexeme() const { return {file_, begin, end_}; }
  std::string_view text() const { return text_.substr(begin, end_ - begin); }

  std::string_view text_;
  int file_;
  Diagnostics& diagnostics_;
  uint32_t end_ = 0;
  bool starts_line_ = true;
  uint32_t indent_ = 0; // of the line at hand
  Tokens result_;
};

} // namespace rvb::syntax
