// The diagrams of the report.
#pragma once

#include "drawing/svg.h"

#include <string>
#include <utility>
#include <vector>

namespace rvb::runtime {

struct Series {
  std::string name;
  const char* color;
  std::vector<std::pair<double, double>> points;
  bool dashed = false, dots = true;
};
// With a key above. `percent`: the vertical values are shares of 1.
Svg line_chart(const std::string& horizontal, const std::string& vertical, const std::vector<Series>& series,
               bool percent = false, bool from_zero = true);

struct Bar {
  std::string name, note; // note: at the end of the bar
  double value = 0;       // share of 1
};
Svg bar_chart(const std::vector<Bar>& bars, const std::string& horizontal);

// `counts` [label, decision], coloured by the share of the label's samples.
Svg confusion_chart(const std::vector<int64_t>& counts, const std::vector<std::string>& names);

} // namespace rvb::runtime
