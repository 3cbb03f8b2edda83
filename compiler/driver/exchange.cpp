#include "driver/exchange.h"

#include "host/output.h"
#include "support/result.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

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
  command.add_option("--batch", settings.batch, "a fixed batch in onnx (default: any)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20));
}

int run_export(const build::Options& options, const std::string& format, const exporting::ModelSettings& settings) {
  if ((options.output.empty() || options.output == "-") && isatty(1) != 0)
    throw Failure(Exit::usage, "the model is no text for a terminal: name a file with -o");
  write_text(options.output, exporting::find_model(format)->write(options, settings));
  return 0;
}

} // namespace rvb::driver
