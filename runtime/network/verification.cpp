#include "network/verification.h"

#include <fmt/format.h>
#include <set>

namespace rvb::runtime {

using nlohmann::ordered_json;

namespace {

std::string verdict(const ordered_json& report) {
  if (report.value("kernels", ordered_json::array()).empty())
    return "nothing to verify";
  return report.value("multiplies", int64_t{0}) == 0 ? "verified" : "FAILED";
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

// "`encode` (3.0 %), `classifier` (1.0 %)"
std::string list_of(const ordered_json& parts) {
  std::string list;
  for (const ordered_json& part : parts) {
    const std::string layer = part.value("layer", "");
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", layer.empty() ? "before any layer" : "`" + layer + "`",
                        percent(part.value("share", 0.0)));
  }
  return list;
}

} // namespace

std::string verification_summary(const ordered_json& report) {
  const ordered_json kernels = report.value("kernels", ordered_json::array());
  const ordered_json multiplying = report.value("multiplying_layers", ordered_json::array());
  std::string text = verdict(report) + ": ";
  if (kernels.empty()) {
    text += "the network has no binary or ternary layer";
  } else {
    std::set<std::string> layers;
    for (const ordered_json& kernel : kernels)
      layers.insert(kernel.value("layer", ""));
    text += fmt::format("{} multiplies in {} kernels of {} binary layers", report.value("multiplies", int64_t{0}),
                        kernels.size(), layers.size());
    if (report.contains("binary_share"))
      text += ", " + percent(report["binary_share"].get<double>()) + " of the synaptic operations";
  }
  const ordered_json products = report.value("value_products", ordered_json::array());
  if (!multiplying.empty())
    text += "; with real weights multiply: " + list_of(multiplying);
  else if (report.contains("multiplying_layers"))
    text += "; no other layer has synapses";
  if (!products.empty())
    text += "; values are multiplied by values at: " + list_of(products);
  return text;
}

Exit verification_exit(const ordered_json& report) {
  return verdict(report) == "verified" ? Exit::ok : Exit::verification;
}

} // namespace rvb::runtime
