#include "drawing/svg.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace rvb::runtime {

// Okabe and Ito's palette.
const char* const line_colors[8] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#e69f00", "#56b4e9", "#7f7f7f", "#000000"};

const char* const svg_styles =
    "text{font-family:system-ui,'DejaVu Sans',Helvetica,sans-serif;fill:#222}"
    ".label{font-size:12px}.small{font-size:10px;fill:#555}.title{font-size:17px;font-weight:600}"
    ".head{font-size:13px;font-weight:600}.axis{stroke:#444;stroke-width:1}.gridline{stroke:#e3e3e3;stroke-width:1}"
    ".rest{stroke:#999;stroke-width:1;stroke-dasharray:3 3}";

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text)
    switch (c) {
    case '&': result += "&amp;"; break;
    case '<': result += "&lt;"; break;
    case '>': result += "&gt;"; break;
    case '"': result += "&quot;"; break;
    default:
      if (static_cast<unsigned char>(c) >= 0x20)
        result += c;
      else
        result += ' ';
    }
  return result;
}

std::string short_number(double value) {
  return fmt::format("{:.3g}", std::fabs(value) < 1e-12 ? 0.0 : value);
}

std::vector<double> ticks(double low, double high, int count) {
  if (!(high > low) || !std::isfinite(high - low))
    return {low};
  double raw = (high - low) / count, power = std::pow(10, std::floor(std::log10(raw))), step = power;
  for (double factor : {1.0, 2.0, 5.0, 10.0})
    if (step = factor * power; step >= raw)
      break;
  std::vector<double> result;
  double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i < 50 && (first + i) * step <= high + step * 1e-9;
       ++i) // bounded: numbers may be too close to add to
    result.push_back((first + i) * step);
  return result;
}

std::string Color::text() const {
  return fmt::format("#{:02x}{:02x}{:02x}", red, green, blue);
}

ColorScale::ColorScale(double smallest, double largest) : low_(std::min(0.0, smallest)), high_(std::max(0.0, largest)) {
  if (low_ < 0)
    low_ = -(high_ = std::max(-low_, high_));
  if (high_ == low_)
    high_ = 1;
}

Color ColorScale::operator()(double value) const {
  static const Color up[] = {{255, 255, 255}, {199, 233, 180}, {65, 182, 196}, {34, 94, 168}, {8, 29, 88}};
  static const Color both[] = {{5, 48, 97}, {67, 147, 195}, {255, 255, 255}, {214, 96, 77}, {103, 0, 31}};
  const Color* stops = low_ < 0 ? both : up;
  double place = std::clamp((value - low_) / (high_ - low_), 0.0, 1.0) * 4;
  if (low_ == 0 && value > 0) // what is not silent is never white
    place = std::max(place, 0.6);
  int stop = std::min(3, static_cast<int>(place));
  double part = place - stop;
  auto mix = [&](uint8_t a, uint8_t b) { return static_cast<uint8_t>(std::lround(a + (b - a) * part)); };
  const Color &a = stops[stop], &b = stops[stop + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

namespace {

std::string big_endian(uint32_t value) {
  std::string bytes(4, 0);
  for (int i = 0; i < 4; ++i)
    bytes[static_cast<size_t>(i)] = static_cast<char>(value >> (24 - 8 * i));
  return bytes;
}

uint32_t crc32(const std::string& bytes) {
  uint32_t crc = 0xffffffff;
  for (unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

std::string chunk(const std::string& name, const std::string& data) {
  return big_endian(static_cast<uint32_t>(data.size())) + name + data + big_endian(crc32(name + data));
}

// zlib's format with blocks that are stored as they are: no library is needed, and these pictures are small.
std::string stored(const std::string& data) {
  std::string result("\x78\x01", 2);
  uint32_t a = 1, b = 0;
  for (size_t at = 0; at < data.size() || at == 0; at += 65535) {
    size_t size = std::min<size_t>(65535, data.size() - at);
    result += static_cast<char>(at + size == data.size());
    for (size_t word : {size, ~size})
      result += {static_cast<char>(word & 255), static_cast<char>(word >> 8 & 255)};
    result.append(data, at, size);
  }
  for (unsigned char byte : data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return result + big_endian(b << 16 | a);
}

std::string base64(const std::string& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k)
      word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k)
      result += i + k <= bytes.size() ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return result;
}

const char* anchor_name(Svg::Anchor anchor) {
  return anchor == Svg::Anchor::start ? "start" : anchor == Svg::Anchor::middle ? "middle" : "end";
}

} // namespace

std::string png_uri(const std::vector<Color>& pixels, int64_t height, int64_t width) {
  std::string rows;
  for (int64_t y = 0; y < height; ++y) {
    rows += '\0'; // no filter
    for (int64_t x = 0; x < width; ++x) {
      const Color& c = pixels[static_cast<size_t>(y * width + x)];
      rows += {static_cast<char>(c.red), static_cast<char>(c.green), static_cast<char>(c.blue)};
    }
  }
  std::string head = big_endian(static_cast<uint32_t>(width)) + big_endian(static_cast<uint32_t>(height)) +
                     std::string("\x08\x02\x00\x00\x00", 5); // 8 bits, RGB
  return "data:image/png;base64," +
         base64("\x89PNG\r\n\x1a\n" + chunk("IHDR", head) + chunk("IDAT", stored(rows)) + chunk("IEND", ""));
}

void Svg::text(double x, double y, const std::string& text, Anchor anchor, const char* style) {
  body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, style,
                       anchor_name(anchor), escaped(text));
}

void Svg::vertical_text(double x, double y, const std::string& text) {
  body_ += fmt::format("<text transform=\"translate({:.1f},{:.1f}) rotate(-90)\" class=\"label\" "
                       "text-anchor=\"middle\">{}</text>\n",
                       x, y, escaped(text));
}

void Svg::line(double x1, double y1, double x2, double y2, const char* style) {
  body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2, y2,
                       style);
}

void Svg::rectangle(double x, double y, double width, double height, const std::string& fill, const std::string& tip) {
  body_ += fmt::format("<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\"", x, y, width,
                       height, fill);
  body_ += tip.empty() ? "/>\n" : "><title>" + escaped(tip) + "</title></rect>\n";
}

void Svg::circle(double x, double y, double radius, const std::string& fill, const std::string& stroke) {
  body_ +=
      fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"/>\n",
                  x, y, radius, fill, stroke);
}

void Svg::path(const std::vector<std::pair<double, double>>& points, const std::string& color, bool dashed) {
  if (points.empty())
    return;
  body_ += "<polyline points=\"";
  for (const auto& [x, y] : points)
    body_ += fmt::format("{:.1f},{:.1f} ", x, y);
  body_ += fmt::format("\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"{}/>\n", color,
                       dashed ? " stroke-dasharray=\"5 4\"" : "");
}

void Svg::picture(double x, double y, double width, double height, const std::string& uri) {
  body_ += fmt::format(
      "<image x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" preserveAspectRatio=\"none\" "
      "style=\"image-rendering:pixelated\" href=\"{}\"/>\n"
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" stroke=\"#bbb\"/>\n",
      x, y, width, height, uri, x, y, width, height);
}

void Svg::legend(double x, double y, double width, const ColorScale& scale, const std::string& title) {
  constexpr int64_t parts = 128;
  std::vector<Color> row;
  for (int64_t i = 0; i < parts; ++i)
    row.push_back(scale(scale.low() + (scale.high() - scale.low()) * static_cast<double>(i) / (parts - 1)));
  text(x, y - 4, title, Anchor::start, "small");
  picture(x, y, width, 10, png_uri(row, 1, parts));
  text(x, y + 21, short_number(scale.low()), Anchor::start, "small");
  text(x + width, y + 21, short_number(scale.high()), Anchor::end, "small");
}

std::string Svg::inline_text() const {
  return fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" "
                     "height=\"{:.0f}\" "
                     "role=\"img\">\n",
                     width_, height_, width_, height_) +
         body_ + "</svg>\n";
}

std::string Svg::file_text() const {
  return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                     "viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\">\n<style>{}</style>\n"
                     "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                     width_, height_, width_, height_, svg_styles) +
         body_ + "</svg>\n";
}

void Plot::draw(Svg& svg, const std::string& horizontal, const std::string& vertical, bool whole_steps,
                bool percent) const {
  for (double value : ticks(bottom, top, std::max(2, static_cast<int>(height / 36)))) {
    svg.line(x, at_y(value), x + width, at_y(value), "gridline");
    svg.text(x - 6, at_y(value) + 4, percent ? short_number(100 * value) + " %" : short_number(value), Svg::Anchor::end,
             "small");
  }
  for (double value : ticks(left, right, std::max(2, static_cast<int>(width / 70)))) {
    if (whole_steps && value != std::floor(value))
      continue;
    svg.line(at_x(value), y + height, at_x(value), y + height + 4);
    svg.text(at_x(value), y + height + 16, short_number(value), Svg::Anchor::middle, "small");
  }
  svg.line(x, y, x, y + height);
  svg.line(x, y + height, x + width, y + height);
  svg.text(x + width / 2, y + height + 32, horizontal, Svg::Anchor::middle);
  svg.vertical_text(x - 46, y + height / 2, vertical);
}

} // namespace rvb::runtime
