#include "driver/exchange.h"

#include "base/files.h"
#include "host/output.h"
#include "support/result.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <unistd.h>

namespace rvb::driver {

void add_export_settings(CLI::App& command, std::string& format, exporting::ModelSettings& settings) {
  std::vector<std::string> names, lines;
  for (const exporting::Model& each : exporting::models()) {
    names.emplace_back(each.name);
    lines.push_back(fmt::format("{} ({})", each.name, each.what));
  }
  command.add_option("--format", format, fmt::format("{}", fmt::join(lines, ", ")))
      ->required()
      ->check(CLI::IsMember(names));
  command
      .add_option(
          "--time", settings.time,
          "time steps in onnx: unrolled (every runtime reads it), scan (a small model), auto: scan above 16 steps")
      ->check(CLI::IsMember({"auto", "unrolled", "scan"}))
      ->capture_default_str();
  command
      .add_option("--signs", settings.signs,
                  "weights of binary layers in onnx: keep (-1 and 1, in 8 bits), fold (alpha and BatchNorm join them)")
      ->check(CLI::IsMember({"keep", "fold"}))
      ->capture_default_str();
  command.add_option("--dt", settings.step, "seconds of a time step in nir")
      ->check(CLI::Range(1e-9, 1e3))
      ->capture_default_str();
  command.add_option("--batch", settings.batch, "a fixed batch in onnx (default: any)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20));
}

int run_export(const build::Options& options, const std::string& format, const exporting::ModelSettings& settings) {
  if ((options.output.empty() || options.output == "-") && isatty(1) != 0)
    throw Failure(Exit::usage, "the model is no text for a terminal: name a file with -o");
  const exporting::ModelSettings defaults;
  if (format != "onnx" && (settings.time != defaults.time || settings.signs != defaults.signs || settings.batch != 0))
    throw Failure(Exit::usage, "--time, --signs and --batch belong to --format onnx");
  if (format != "nir" && settings.step != defaults.step)
    throw Failure(Exit::usage, "--dt belongs to --format nir");
  write_text(options.output, exporting::find_model(format)->write(options, settings));
  return 0;
}

void add_import_settings(CLI::App& command, build::Options& options, std::vector<std::string>& defines,
                         importing::Request& request) {
  command.add_option("file", request.file, "weights (.safetensors, .npz), or a network in NIR")->required();
  command.add_option("--network", options.model, "of weights: the network, a .rvb file, that they are for");
  command.add_option("-D", defines, "override `param NAME` of the network")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--map", request.maps,
                  "from their names to the network's: spikingjelly, snntorch, or a file of lines `PATTERN -> NAME`")
      ->type_name("MAP")
      ->allow_extra_args(false);
  command.add_flag("--by-order", request.by_order, "match what no name fits in order, among layers of the same shapes");
  command.add_option("--strip-prefix", options.strip_prefix, "take P off the front of the names")->type_name("P");
  command.add_option("-o,--output", options.output, "the file to write: .safetensors or .npz; of a network .rvb")
      ->required();
  command.add_option("--steps", request.steps, "of a network in NIR: how many time steps")
      ->check(CLI::Range(int64_t{1}, int64_t{65536}));
  command.add_flag("--still", request.still, "of a network in NIR: its input is one image for all steps");
  command.add_option("--dt", request.step, "of a network in NIR: seconds of a time step")
      ->check(CLI::Range(1e-9, 1e3))
      ->capture_default_str();
}

int run_import(const build::Options& options, const importing::Request& request) {
  std::error_code none; // of a file that is not there yet
  if (std::filesystem::equivalent(options.output, request.file, none))
    throw Failure(Exit::usage, "the output would replace " + request.file + ": name another with -o");
  const std::string head = "\x89HDF";
  const runtime::Bytes start = runtime::read_start(request.file, head.size());
  if (std::string(start.begin(), start.end()) == head) {
    if (is_device(options.output))
      throw Failure(Exit::usage, "two files are written, named after -o, which is no regular file: " + options.output);
    importing::import_nir(options, request);
    return 0;
  }
  if (options.model.empty())
    throw Failure(Exit::usage, "--network NET.rvb is needed: weights are brought to a network");
  importing::import_weights(options, request);
  return 0;
}

} // namespace rvb::driver
