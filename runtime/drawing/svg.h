// Drawings as SVG text: shapes, axes, colours of values, and pictures of arrays (as PNG inside the SVG, so that a
// feature map costs bytes and not a rectangle a pixel).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rvb::runtime {

std::string escaped(const std::string& text); // for SVG and HTML
std::string short_number(double value);       // 3 significant digits: "0.25", "1.2e+06"

// 1, 2, 5 x 10^k: about `count` round numbers from `low` to `high`.
std::vector<double> ticks(double low, double high, int count);

struct Color {
  uint8_t red, green, blue;
  std::string text() const; // "#rrggbb"
};
// Silence is white. Values from 0 to `largest` go over green to dark blue; where there are negative ones, blue is
// negative and red positive.
class ColorScale {
public:
  ColorScale(double smallest, double largest);
  Color operator()(double value) const;
  double low() const { return low_; }
  double high() const { return high_; }

private:
  double low_, high_;
};

// A picture of height x width pixels as a data: URI.
std::string png_uri(const std::vector<Color>& pixels, int64_t height, int64_t width);

class Svg {
public:
  Svg(double width, double height) : width_(width), height_(height) {}
  enum class Anchor { start, middle, end };
  void text(double x, double y, const std::string& text, Anchor anchor = Anchor::start, const char* style = "label");
  void vertical_text(double x, double y, const std::string& text);
  void line(double x1, double y1, double x2, double y2, const char* style = "axis");
  void rectangle(double x, double y, double width, double height, const std::string& fill, const std::string& tip = "");
  void circle(double x, double y, double radius, const std::string& fill, const std::string& stroke);
  void path(const std::vector<std::pair<double, double>>& points, const std::string& color, bool dashed = false);
  void picture(double x, double y, double width, double height, const std::string& uri);
  // A bar of the scale's colours with its numbers, `width` wide.
  void legend(double x, double y, double width, const ColorScale& scale, const std::string& title);
  double width() const { return width_; }
  double height() const { return height_; }
  std::string inline_text() const; // for HTML
  std::string file_text() const;   // with the XML head and the styles

private:
  double width_, height_;
  std::string body_;
};

extern const char* const svg_styles; // CSS of the classes above

// The frame of a diagram: a rectangle with labelled axes; maps values to places.
struct Plot {
  double x, y, width, height;      // of the inner rectangle
  double left, right, bottom, top; // values at its edges
  double at_x(double value) const { return x + (right == left ? 0.5 : (value - left) / (right - left)) * width; }
  double at_y(double value) const {
    return y + height - (top == bottom ? 0.5 : (value - bottom) / (top - bottom)) * height;
  }
  // Axes with ticks and names; `percent` writes the vertical numbers as per cent.
  void draw(Svg& svg, const std::string& horizontal, const std::string& vertical, bool whole_steps = false,
            bool percent = false) const;
};

extern const char* const line_colors[8]; // told apart by people who do not see all colours

} // namespace rvb::runtime
