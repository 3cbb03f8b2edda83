#include "drawing/charts.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace rvb::runtime {

Svg line_chart(const std::string& horizontal, const std::string& vertical, const std::vector<Series>& series,
               bool percent, bool from_zero) {
  Svg svg(520, 300);
  double left = INFINITY, right = -INFINITY, low = from_zero ? 0 : INFINITY, high = from_zero ? 0 : -INFINITY;
  for (const Series& s : series)
    for (const auto& [x, y] : s.points) {
      left = std::min(left, x);
      right = std::max(right, x);
      low = std::min(low, y);
      high = std::max(high, y);
    }
  if (!(left <= right)) {
    svg.text(260, 150, "nothing was logged", Svg::Anchor::middle);
    return svg;
  }
  if (left == right) {
    left -= 0.5;
    right += 0.5;
  }
  if (high == low)
    high = low + (low == 0 ? 1 : std::fabs(low));
  double space = (high - low) * 0.05;
  Plot plot{72, 34, 430, 214, left, right, from_zero && low == 0 ? 0 : low - space, high + space};
  plot.draw(svg, horizontal, vertical, true, percent);
  double key = plot.x;
  for (const Series& s : series) {
    if (s.points.empty())
      continue;
    std::vector<std::pair<double, double>> places;
    for (const auto& [x, y] : s.points)
      places.emplace_back(plot.at_x(x), plot.at_y(y));
    svg.path(places, s.color, s.dashed);
    for (const auto& [x, y] : places)
      if (s.dots && places.size() <= 60)
        svg.circle(x, y, 2.5, s.color, s.color);
    svg.path({{key, 16}, {key + 20, 16}}, s.color, s.dashed);
    svg.text(key + 26, 20, s.name, Svg::Anchor::start, "small");
    key += 46 + 6.2 * static_cast<double>(s.name.size());
  }
  return svg;
}

Svg bar_chart(const std::vector<Bar>& bars, const std::string& horizontal) {
  double name_width = 60, row = 24;
  for (const Bar& bar : bars)
    name_width = std::max(name_width, 7.2 * static_cast<double>(bar.name.size()) + 14);
  name_width = std::min(name_width, 300.0);
  double width = 520, height = 20 + row * static_cast<double>(bars.size());
  Svg svg(name_width + width + 200, height + 46);
  Plot plot{name_width, 10, width, height - 10, 0, 1, 0, 1};
  for (double value : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    svg.line(plot.at_x(value), 10, plot.at_x(value), height, "gridline");
    svg.text(plot.at_x(value), height + 16, fmt::format("{:.0f} %", 100 * value), Svg::Anchor::middle, "small");
  }
  svg.text(name_width + width / 2, height + 36, horizontal, Svg::Anchor::middle);
  for (size_t i = 0; i < bars.size(); ++i) {
    double y = 16 + row * static_cast<double>(i);
    svg.text(name_width - 8, y + 12, bars[i].name, Svg::Anchor::end);
    svg.rectangle(name_width, y, std::max(0.5, width * bars[i].value), row - 9, line_colors[0],
                  fmt::format("{}: {:.2f} %", bars[i].name, 100 * bars[i].value));
    svg.text(name_width + width * bars[i].value + 6, y + 12, bars[i].note, Svg::Anchor::start, "small");
  }
  svg.line(name_width, 10, name_width, height);
  return svg;
}

Svg confusion_chart(const std::vector<int64_t>& counts, const std::vector<std::string>& names) {
  auto classes = static_cast<int64_t>(names.size());
  double longest = 0;
  for (const std::string& name : names)
    longest = std::max(longest, static_cast<double>(name.size()));
  bool numbers = classes <= 30;
  double left = 40 + 7 * std::min(longest, 20.0), cell = numbers ? 44 : 640.0 / static_cast<double>(classes);
  double side = cell * static_cast<double>(classes), top = 34;
  Svg svg(left + side + 20, top + side + 50);
  svg.vertical_text(14, top + side / 2, "label");
  svg.text(left + side / 2, 14, "decision", Svg::Anchor::middle);
  ColorScale scale(0, 1);
  if (!numbers)
    svg.rectangle(left, top, side, side, "#f4f4f4");
  for (int64_t label = 0; label < classes; ++label) {
    int64_t all = 0;
    for (int64_t k = 0; k < classes; ++k)
      all += counts[static_cast<size_t>(label * classes + k)];
    double y = top + cell * static_cast<double>(label);
    bool named = numbers || label % 10 == 0;
    if (named) {
      svg.text(left - 6, y + cell / 2 + 4, names[static_cast<size_t>(label)].substr(0, 20), Svg::Anchor::end, "small");
      svg.text(left + cell * (static_cast<double>(label) + 0.5), top - 6,
               longest <= 6 ? names[static_cast<size_t>(label)] : std::to_string(label), Svg::Anchor::middle, "small");
    }
    for (int64_t k = 0; k < classes; ++k) {
      int64_t count = counts[static_cast<size_t>(label * classes + k)];
      double share = all == 0 ? 0 : static_cast<double>(count) / static_cast<double>(all);
      double x = left + cell * static_cast<double>(k);
      if (count == 0 && !numbers)
        continue;
      svg.rectangle(x, y, cell - 1, cell - 1, count == 0 ? "#f4f4f4" : scale(share).text(),
                    fmt::format("{} taken for {}: {} ({:.1f} %)", names[static_cast<size_t>(label)],
                                names[static_cast<size_t>(k)], count, 100 * share));
      if (numbers && count > 0)
        svg.text(x + cell / 2, y + cell / 2 + 4, std::to_string(count), Svg::Anchor::middle,
                 share > 0.5 ? "on-dark" : "small");
    }
  }
  svg.legend(left, top + side + 22, 160, scale, "share of the label's samples");
  return svg;
}

} // namespace rvb::runtime
