// The report of a training run as one HTML page: nothing is loaded from anywhere, drawings are inline SVG.
#pragma once

#include "drawing/svg.h"
#include "evaluation/energy.h"
#include "evaluation/scores.h"

namespace rvb::runtime {

struct Report {
  const Manifest* manifest = nullptr;
  std::string run, weights;                          // paths, as given
  nlohmann::ordered_json config;                     // config.json; null when it is missing
  std::vector<nlohmann::ordered_json> steps, epochs; // lines of metrics.jsonl
  const Scores* scores = nullptr;                    // of the test set; null without data
  std::vector<std::string> class_names;
  nlohmann::ordered_json data;            // where the samples of this page come from
  const EnergyCounter* counter = nullptr; // null without data
  nlohmann::ordered_json energy;          // energy_json
  std::string missing;                    // why there is no evaluation
};

// The drawings of the page, by names.
using Figures = std::vector<std::pair<std::string, Svg>>;
std::string report_page(const Report& report, Figures& figures);

} // namespace rvb::runtime
