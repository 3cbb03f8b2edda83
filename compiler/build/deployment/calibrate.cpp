#include "build/deployment/calibrate.h"

#include "build/compile.h"
#include "build/frontend.h"
#include "build/linking/link.h"
#include "build/manifest.h"
#include "data/drawn.h"
#include "host/output.h"
#include "passes/passes.h"
#include "support/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace rvb::build {

using nlohmann::ordered_json;

ordered_json range_list(const ir::Function& ranges, const std::map<std::string, analysis::Grid>& grids,
                        const passes::Ranges& largest) {
  ordered_json list = ordered_json::array();
  for (size_t i = 0; i < ranges.results.size(); ++i) {
    const ir::Port& port = ranges.result_ports[i];
    if (port.role != ir::Role::range)
      continue;
    const ir::Type& type = ranges.type(ranges.results[i].value);
    list.push_back({{"layer", port.name}, {"elements", type.elements_per_sample()}, {"channels", type.dims.back()}});
    if (const auto grid = grids.find(port.name); grid != grids.end())
      list.back().update({{"bits", type.element == ir::Element::i16 ? 16 : 32},
                          {"limit", grid->second.limit},
                          {"scale", grid->second.scale},
                          {"largest", largest.at(grid->first)}});
  }
  return list;
}

std::string coverage_table(const Calibration& calibration, const std::map<std::string, analysis::Grid>& grids) {
  std::string text = fmt::format("calibrated on {} samples\n{:<24}  {:>13}  {:>13}  {:>10}\n", calibration.count(),
                                 "binary layer", "largest spike", "limit", "range used");
  for (const auto& [layer, grid] : grids) {
    const double largest = calibration.ranges().at(layer), limit = static_cast<double>(grid.limit) / grid.scale;
    text += fmt::format("{:<24}  {:>13.5g}  {:>13.5g}  {:>8.1f} %\n", layer, largest, limit, 100 * largest / limit);
  }
  return text;
}

std::vector<std::string> Calibration::samples() const {
  const std::string limit = std::to_string(options_.calibration_samples);
  if (runtime::is_synthetic(options_.calibrate))
    return {"--data", options_.calibrate, "--limit", limit};
  if (runtime::is_random(options_.calibrate))
    return {"--input", options_.calibrate, "--limit", limit};
  std::filesystem::path path = std::filesystem::absolute(options_.calibrate);
  std::error_code error; // what is neither folder nor file is refused by the program
  const bool folder = std::filesystem::is_directory(path, error);
  return {folder ? "--data" : "--input", path.string(), "--limit", limit};
}

Calibration::Calibration(const sema::Program& program, ir::Module module, const kernels::Target& target,
                         const Options& options)
    : options_(options) {
  auto unwanted = [](const ir::Function& f) { return f.name != "infer"; };
  module.functions.erase(std::remove_if(module.functions.begin(), module.functions.end(), unwanted),
                         module.functions.end());
  passes::run(module, passes_of(calibration()), {});
  std::vector<codegen::Plan> plans = plan_all(module, target);
  KernelObjects objects =
      compile_kernels(kernel_requests(module, plans), target, folder_.path(), options.jobs, options.quiet);
  codegen::ProgramInfo info = program_info(program);
  info.deployed = true;
  ordered_json m = manifest(program, module, plans, target, true);
  m["ranges"] = range_list(*module.find("ranges"));
  info.manifest = m.dump();
  const std::vector<std::string> files = write_program(folder_.path(), module, plans, info, target, objects);
  link_executable(folder_.path(), files, Kind::deployed, target, folder_.path() + "/real");

  std::vector<std::string> command{folder_.path() + "/real", "ranges", "--output", folder_.path() + "/ranges.json"};
  for (const std::string& word : samples())
    command.push_back(word);
  run_program("calibration", command, folder_.path());
  ordered_json measured = ordered_json::parse(read_text(folder_.path() + "/ranges.json"));
  count_ = measured.at("count").get<int64_t>();
  for (auto& [path, spikes] : measured.at("layers").items()) {
    ranges_[path] = spikes.at("largest").get<double>();
    silence_[path] = {spikes.at("silent_spikes").get<double>(), spikes.at("silent_groups").get<double>()};
  }
}

std::string Calibration::compare(const std::string& executable) const {
  std::vector<std::string> words = samples();
  if (words[0] == "--input")
    return "";
  auto evaluate = [&](const std::string& program, const std::vector<std::string>& more) {
    std::vector<std::string> command{program, "eval", "--json"};
    command.insert(command.end(), words.begin(), words.end());
    command.insert(command.end(), more.begin(), more.end());
    return ordered_json::parse(run_program("calibration", command, folder_.path()));
  };
  ordered_json real = evaluate(folder_.path() + "/real", {"--output", folder_.path() + "/real.npy"});
  ordered_json whole = evaluate(executable, {"--compare", folder_.path() + "/real.npy"});
  return fmt::format("spikes of {} bits: accuracy {:.2f} %, {:.2f} % in floating point, {} of {} decisions differ",
                     options_.spikes == "i16" ? 16 : 32, 100 * whole.at("accuracy").get<double>(),
                     100 * real.at("accuracy").get<double>(),
                     whole.at("comparison").at("decisions_differ").get<int64_t>(), real.at("count").get<int64_t>());
}

} // namespace rvb::build
