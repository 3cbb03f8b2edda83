#include "drawing/profile_page.h"

#include "base/number_text.h"
#include "drawing/page.h"
#include "drawing/svg.h"

#include <algorithm>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

std::string milliseconds(double seconds) {
  return fmt::format("{:.4g} ms", 1e3 * seconds);
}

std::string percent(double share) {
  return fmt::format("{:.0f} %", 100 * share);
}

double share(double part, double of) {
  return of > 0 ? part / of : 0;
}

// A bar a layer for its time; the dark part is the bound.
Svg time_chart(const std::vector<ProfileRow>& layers) {
  double longest = 0, most = 1e-12;
  for (const ProfileRow& row : layers) {
    longest = std::max(longest, static_cast<double>(row.layer.size()));
    most = std::max({most, row.seconds, row.bound()});
  }
  const double left = 20 + 7 * std::min(longest, 40.0), width = 620, line = 22,
               height = 16 + line * static_cast<double>(layers.size());
  Svg svg(left + width + 150, height + 44);
  for (double value : ticks(0, 1e3 * most, 6)) {
    const double x = left + width * value / (1e3 * most);
    svg.line(x, 10, x, height, "gridline");
    svg.text(x, height + 16, short_number(value), Svg::Anchor::middle, "small");
  }
  svg.text(left + width / 2, height + 36, "milliseconds; dark: what the machine allows at best", Svg::Anchor::middle);
  for (size_t i = 0; i < layers.size(); ++i) {
    const ProfileRow& row = layers[i];
    const double y = 16 + line * static_cast<double>(i);
    const std::string tip = fmt::format("{}: {}, bound {} ({})", row.layer, milliseconds(row.seconds),
                                        milliseconds(row.bound()), row.limit());
    svg.text(left - 8, y + 12, row.layer.substr(0, 40), Svg::Anchor::end);
    svg.rectangle(left, y, std::max(0.5, width * row.seconds / most), line - 8, line_colors[5], tip);
    svg.rectangle(left, y + 3, std::max(0.5, width * row.bound() / most), line - 14, line_colors[0], tip);
    svg.text(left + width * std::max(row.seconds, row.bound()) / most + 6, y + 11,
             fmt::format("{} of bound", percent(share(row.bound(), row.seconds))), Svg::Anchor::start, "small");
  }
  svg.line(left, 10, left, height);
  return svg;
}

std::vector<std::string> cells(const ProfileRow& row, double whole) {
  return {fmt::format("{:.4g}", 1e3 * row.seconds),
          percent(share(row.seconds, whole)),
          fmt::format("{:.4g}", row.bytes / 1e6),
          fmt::format("{:.4g}", row.multiply_adds / 1e6),
          fmt::format("{:.4g}", row.additions / 1e6),
          fmt::format("{:.4g}", row.other / 1e6),
          row.seconds > 0 ? fmt::format("{:.3g}", row.bytes / row.seconds / 1e9) : "",
          row.seconds > 0 ? fmt::format("{:.3g}", row.operations() / row.seconds / 1e9) : "",
          fmt::format("{:.4g}", 1e3 * row.bound()),
          percent(share(row.bound(), row.seconds)),
          row.limit()};
}

std::string table(const std::vector<std::string>& names,
                  const std::vector<std::pair<std::vector<std::string>, ProfileRow>>& rows, double whole) {
  std::vector<std::string> head = names;
  for (const char* title : {"ms", "share", "MB", "10⁶ multiply-adds", "10⁶ additions", "10⁶ other", "GB/s", "Gop/s",
                            "bound ms", "of bound", "limit"})
    head.emplace_back(title);
  std::string text = "<div class=\"scroll\"><table>" + table_row(head, "th");
  for (const auto& [first, row] : rows) {
    std::vector<std::string> line = first;
    for (std::string& cell : cells(row, whole))
      line.push_back(std::move(cell));
    text += table_row(line);
  }
  return text + "</table></div>\n";
}

} // namespace

std::string profile_page(const Manifest& m, const Profile& profile) {
  const std::vector<ProfileRow> layers = profile.layers();
  const ProfileRow total = profile.total();
  const double between = std::max(0.0, profile.timed - total.seconds - std::max(0.0, profile.step));
  std::string body =
      "<h1>" + escaped(m.name) + "</h1>\n<p class=\"sub\">" +
      escaped(fmt::format("{}{}, batch {}, T = {}, compiled for {}; medians of {} runs", m.deployed ? "deployed; " : "",
                          profile.what, profile.batch, m.steps, m.target, profile.runs)) +
      "</p>\n<div class=\"tiles\">\n" + tile(milliseconds(profile.whole), "the whole, without timers") +
      tile(with_spaces(static_cast<double>(profile.batch) / std::max(1e-12, profile.whole)), "samples a second") +
      tile(percent(share(total.bound(), total.seconds)), "of the bound, all kernels") +
      tile(fmt::format("{:.4g} MB", total.bytes / 1e6), "moved by kernels") +
      tile(fmt::format("{:.4g} · 10⁶", total.operations() / 1e6), "operations") +
      tile(milliseconds(between), "between kernels");
  if (profile.step >= 0)
    body += tile(milliseconds(profile.step), "optimizer");
  body += "</div>\n<h2>Layers</h2>\n<div class=\"scroll\">" + time_chart(layers).inline_text() + "</div>\n";
  std::vector<std::pair<std::vector<std::string>, ProfileRow>> rows;
  for (const ProfileRow& row : layers)
    rows.push_back({{row.layer}, row});
  rows.push_back({{"all kernels"}, total});
  body += table({"layer"}, rows, profile.timed) + "<h2>Kernels, in their order</h2>\n";
  rows.clear();
  for (const ProfileRow& row : profile.kernels)
    rows.push_back({{row.layer.empty() ? "(loss)" : row.layer, row.operation, std::to_string(row.times)}, row});
  body += table({"layer", "operation", "times"}, rows, profile.timed) + "<h2>What the machine allows</h2>\n<p>" +
          escaped(machine_text(profile.machine)) + ".</p>\n<p>" + escaped(bound_text) + "</p>\n";
  return html_page(m.name + ": profile", body);
}

} // namespace rvb::runtime
