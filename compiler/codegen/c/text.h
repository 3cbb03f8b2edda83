// Lines of C with their indentation.
#pragma once

#include <fmt/format.h>

#include <string>

namespace rvb::codegen::c {

class Text {
public:
  explicit Text(size_t depth = 0) : depth_(depth) {}

  template <class... Arguments> void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += std::string(2 * depth_, ' ') + fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
  }
  // A line that ends in a brace, whose block close() ends.
  template <class... Arguments> void open(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    line("{} {{", fmt::format(format, std::forward<Arguments>(arguments)...));
    ++depth_;
  }
  void loop(const std::string& index, int64_t count) { open("for (int32_t {0} = 0; {0} < {1}; ++{0})", index, count); }
  void otherwise() {
    --depth_;
    line("}} else {{");
    ++depth_;
  }
  void close() {
    --depth_;
    line("}}");
  }
  size_t depth() const { return depth_; }
  void close_to(size_t depth) {
    while (depth_ > depth)
      close();
  }
  const std::string& text() const { return text_; }

private:
  std::string text_;
  size_t depth_;
};

} // namespace rvb::codegen::c
