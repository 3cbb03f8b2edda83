// Messages as they stand in a stream: a header with their length, then JSON. What arrives is not trusted.
#pragma once

#include <cstddef>
#include <string>

namespace rvb::lsp {

class Reader {
public:
  enum class Found { message, damage, end }; // damage: no message; what follows may be one again
  explicit Reader(int file) : file_(file) {}
  // The text of the next message, or what is wrong with it.
  Found next(std::string& text);

private:
  bool fill();
  bool line(std::string& text, bool& too_long);
  bool skip(size_t bytes);

  int file_;
  std::string buffer_;
  size_t at_ = 0;
};

void write_message(const std::string& text); // to standard output, at once

} // namespace rvb::lsp
