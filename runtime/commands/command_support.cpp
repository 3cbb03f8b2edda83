#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/messages.h"
#include "core/checksum.h"
#include "core/core.h"
#include "core/cpu.h"
#include "data/drawn.h"
#include "images/image.h"
#include "layouts/formats.h"
#include "layouts/recordings.h"

#include <cstdlib>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

} // namespace

void check_min_accuracy(const Context& context) {
  if (context.options.min_accuracy >= 0 && context.manifest.regression)
    throw Failure(Exit::usage, "--min-acc: `" + context.manifest.name + "` learns numbers and has no accuracy");
}

void require(bool given, const std::string& what) {
  if (!given)
    throw Failure(Exit::usage, what + " is needed");
}

void check_cpu(const rvb_program& program) {
  const char* feature = rvb_missing_feature(program.features);
  if (feature == nullptr)
    return;
  const char* lesser = rvb_lesser_target(parse_manifest(program.manifest).target.c_str(), feature);
  const std::string advice = lesser == nullptr ? "rvbc has no target that asks for less"
                                               : std::string("compile it again with rvbc --target=") + lesser;
  throw Failure(Exit::mismatch, std::string("this program was compiled for a CPU with `") + feature +
                                    "`, which this machine lacks: " + advice);
}

void check_data(const rvb_program& program) {
  if (rvb_checksum(&program) != program.checksum || rvb_seal_holds() == 0)
    throw Failure(Exit::mismatch, "this program's file has changed since it was compiled: its weights, tables or "
                                  "description are damaged; copy it again, or compile it again");
}

int thread_count(const std::string& text) {
  std::string wanted = text, source = "--threads";
  if (wanted.empty()) {
    wanted = environment("RVB_THREADS");
    source = "RVB_THREADS";
  }
  if (wanted.empty() || wanted == "auto")
    return rvb_available_threads();
  char* end = nullptr;
  long count = std::strtol(wanted.c_str(), &end, 10);
  if (*end != 0 || count < 1 || count > 1024)
    throw Failure(Exit::usage, source + " is `" + wanted + "`; expected auto or a number from 1 to 1024");
  return static_cast<int>(count);
}

ParameterSet load_parameters(const Context& context) {
  ParameterSet parameters(context.manifest.parameters);
  if (!context.manifest.deployed) {
    require(!context.options.weights.empty(), "--weights W.safetensors");
    parameters.load(context.options.weights, context.options.strip_prefix);
  }
  return parameters;
}

std::string data_folder(const Options& options) {
  if (!options.data.empty() && !options.input.empty())
    throw Failure(Exit::usage, "--data and --input exclude each other");
  return options.data.empty() && options.input.empty() ? environment("RVB_DATA") : options.data;
}

void check_sources(const Options& options, bool folder) {
  if (folder && !options.labels.empty())
    throw Failure(Exit::usage, "--labels belongs to --input: the samples of a data set have their own");
  if (folder)
    return;
  const bool recording = is_recording(options.input);
  if (!options.partition.empty() || options.split == "train" ||
      (!recording && !(options.frames + options.time_unit).empty()))
    throw Failure(
        Exit::usage,
        recording
            ? "--partition and --split belong to --data: --input is one recording"
            : "--partition, --frames, --time-unit and --split belong to --data: what --input holds is taken as it is");
  if (options.resize > 0 && (is_random(options.input) || !is_image(read_start(options.input, 64))))
    throw Failure(Exit::usage, "--resize belongs to pictures: arrays of --input are taken as they are");
}

std::unique_ptr<Dataset> open_input(const std::string& input, const std::string& labels, const DataSettings& settings,
                                    const Manifest& manifest) {
  if (is_random(input)) {
    if (!labels.empty())
      throw Failure(Exit::usage, "--labels belongs to files: random numbers have no classes (--data synthetic has)");
    return open_random(input, manifest);
  }
  if (is_recording(input) && labels.empty())
    return open_recording(input, settings, manifest);
  if (!is_image(read_start(input, 64)))
    return open_arrays(input, labels, manifest);
  bool resized = false;
  std::unique_ptr<Dataset> dataset = open_picture(input, labels, settings, manifest, resized);
  if (resized && settings.resize == 0) // else it is what the recipe or the flag says
    tell("note: {} was resized to {} x {}: just so that it covers the input, then the middle is cut out (--resize, or "
         "resize in the recipe, names another size)\n",
         input, manifest.width, manifest.height);
  return dataset;
}

std::vector<std::string> data_flags(const Options& options) {
  std::vector<std::string> flags;
  if (options.of_run)
    return flags;
  if (options.resize > 0)
    flags.push_back("--resize");
  if (!options.frames.empty())
    flags.push_back("--frames");
  if (!options.time_unit.empty())
    flags.push_back("--time-unit");
  return flags;
}

DataSettings data_settings(const Context& context, const std::string& folder) {
  const Options& options = context.options;
  const Recipe& recipe = context.manifest.recipe;
  return {folder,
          options.partition,
          options.frames.empty() ? recipe.frames : options.frames,
          options.resize > 0 ? options.resize : recipe.resize,
          false,
          options.time_unit.empty() ? recipe.time_unit : options.time_unit,
          data_flags(options)};
}

std::unique_ptr<Dataset> open_samples(const Context& context, Split split, bool labels) {
  const Options& options = context.options;
  std::string folder = data_folder(options);
  check_sources(options, !folder.empty());
  std::unique_ptr<Dataset> dataset;
  if (!folder.empty()) {
    dataset = open_folder(data_settings(context, folder), split, context.manifest);
  } else {
    require(!options.input.empty(),
            labels ? "--data DIR, or --input x.npy with --labels y.npy," : "--data DIR or --input x.npy");
    require(!labels || !options.labels.empty(), "--labels y.npy next to --input");
    dataset = open_input(options.input, labels ? options.labels : "", data_settings(context, ""), context.manifest);
  }
  dataset->limit(options.limit);
  return dataset;
}

} // namespace rvb::runtime
