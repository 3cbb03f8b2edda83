#include "commands/commands.h"

#include "base/files.h"
#include "base/json_text.h"
#include "base/number_text.h"
#include "core/core.h"
#include "network/verification.h"

#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

std::string bytes_text(int64_t bytes) {
  if (bytes < 10 * 1024)
    return fmt::format("{} B", bytes);
  if (bytes < 10 * 1024 * 1024)
    return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

std::string cell(const ordered_json& layer, const char* key) {
  if (!layer.contains(key))
    return "";
  const ordered_json& value = layer[key];
  return value.is_string()   ? value.get<std::string>()
         : value.is_number() ? with_spaces(value.get<double>())
                             : json_text(value);
}

// What the compiler's collapse_time did.
std::string time_text(const Manifest& m) {
  int64_t once = 0, all = 0;
  for (const ordered_json& layer : m.json.value("layers", ordered_json::array()))
    if (layer.contains("computed_steps"))
      (layer["computed_steps"] == 1 ? once : all) += 1;
  if (m.steps == 1 || once + all == 0)
    return "";
  if (all == 0)
    return fmt::format("\ntime: 1 of {} steps is computed: all are proven alike (collapse-time)\n", m.steps);
  const std::string rest = once == 0 ? "every layer" : fmt::format("{} layers, 1 step of {}", all, once);
  return fmt::format("\ntime: all {} steps are computed of {}\n", m.steps, rest);
}

// What spikes in fixed point can be.
std::string calibration_text(const Manifest& m) {
  if (m.ranges.empty() || m.ranges[0].bits == 0)
    return "";
  const ordered_json& d = m.json["deployment"];
  std::string text = fmt::format("spikes: integers of {} bits, scaled by layer; calibrated on {} samples\n",
                                 m.ranges[0].bits, d.value("calibration_samples", int64_t{0}));
  for (const SpikeRange& range : m.ranges)
    text += fmt::format("  {:<24}  up to {:.4g} in {} steps; the largest of the calibration was {:.4g}\n", range.layer,
                        static_cast<double>(range.limit) / range.scale, range.limit, range.largest);
  return text;
}

void print_text(const Context& context) {
  const Manifest& m = context.manifest;
  print(fmt::format("{}: {} {}, T = {}, {} {}{}\n", m.name, m.sequence ? "sequences of frames" : "images",
                    shape_text(m.input), m.steps, m.classes, m.regression ? "numbers" : "classes",
                    m.deployed ? ", deployed" : ""));
  std::string features;
  for (const char* const* feature = context.program.features; feature != nullptr && *feature != nullptr; ++feature)
    features += std::string(" ") + *feature;
  const char* missing = rvb_missing_feature(context.program.features);
  print(fmt::format("compiled by {} for {}:{} ({})\n", m.compiler, m.target,
                    features.empty() ? " no extensions" : features,
                    missing == nullptr ? "this CPU has them" : std::string("this CPU lacks ") + missing));
  print(fmt::format("source {}\n", m.source_hash));
  if (m.json.contains("deployment")) {
    const ordered_json& d = m.json["deployment"];
    print(fmt::format("weights {}: {}, of them binary {}\n", d.value("weights_hash", "?"),
                      bytes_text(d.value("weight_bytes", int64_t{0})),
                      bytes_text(d.value("binary_bytes", int64_t{0}))));
    if (d.contains("verification"))
      print("verification: " + verification_summary(d["verification"]) + "\n");
    print(calibration_text(m));
  }
  if (!m.parameters.empty()) {
    int64_t elements = 0, binary = 0;
    for (const Parameter& p : m.parameters) {
      elements += p.trainable ? p.elements : 0;
      binary += p.binary ? p.elements : 0;
    }
    print(fmt::format("parameters: {} ({} of them {})\n", with_spaces(static_cast<double>(elements)),
                      with_spaces(static_cast<double>(binary)), m.packed_kind()));
  }
  print(fmt::format("\n{:<24}  {:<15}  {:<16}  {:<13}  {:>10}  {:>14}  {:>14}  {:>5}{}\n", "layer", "kind", "output",
                    "weights", "bytes", "multiply-adds", "additions", "steps", m.deployed ? "  kernel" : ""));
  for (const ordered_json& layer : m.json.value("layers", ordered_json::array()))
    print(fmt::format("{:<24}  {:<15}  {:<16}  {:<13}  {:>10}  {:>14}  {:>14}  {:>5}{}\n", cell(layer, "path"),
                      cell(layer, "kind"), cell(layer, "shape"), cell(layer, "weights"), cell(layer, "bytes"),
                      cell(layer, "multiply_adds"), cell(layer, "additions"), cell(layer, "computed_steps"),
                      layer.contains("kernel") ? "  " + cell(layer, "kernel") : ""));
  print(time_text(m));
  print("\nmemory\n");
  for (int32_t i = 0; i < context.program.function_count; ++i) {
    const rvb_function& f = context.program.functions[i];
    print(fmt::format("  {:<10}  {} + {} a sample\n", f.name, bytes_text(f.static_bytes), bytes_text(f.sample_bytes)));
  }
}

} // namespace

int run_info(const Context& context) {
  if (!context.options.json) {
    print_text(context);
    return 0;
  }
  ordered_json json = context.manifest.json;
  json["arena"] = ordered_json::object();
  for (int32_t i = 0; i < context.program.function_count; ++i) {
    const rvb_function& f = context.program.functions[i];
    json["arena"][f.name] = {{"static_bytes", f.static_bytes},
                             {"sample_bytes", f.sample_bytes},
                             {"batch_1_bytes", f.static_bytes + f.sample_bytes}};
  }
  const char* missing = rvb_missing_feature(context.program.features);
  json["machine"] = {{"supported", missing == nullptr}, {"threads", rvb_available_threads()}};
  print(json_text(json, 2) + "\n");
  return 0;
}

} // namespace rvb::runtime
