// report: a training run as one page, from its folder and, where there is data, an evaluation.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "drawing/report.h"

#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

constexpr int64_t observed_samples = 1000; // enough for rates to the third digit

ordered_json read_config(const std::string& path) {
  if (!file_exists(path))
    return nullptr;
  Bytes bytes = read_file(path, "the settings of a run");
  ordered_json json = parse_json(bytes.data(), bytes.size());
  if (!json.is_object())
    throw Failure(Exit::user, path + " is no JSON object");
  return json;
}

// What the report takes from a line must be numbers.
bool sound(const ordered_json& line) {
  for (const char* key : {"step", "steps", "epoch", "loss", "train_loss", "test_loss", "validation_loss",
                          "train_accuracy", "test_accuracy", "validation_accuracy", "best_accuracy", "test_error",
                          "validation_error", "best_error", "best_epoch", "lr", "flips"})
    if (line.contains(key) && !line[key].is_number())
      return false;
  return true;
}

// A line that was cut off when the program was killed, or is damaged, is passed over.
void read_metrics(const std::string& path, Report& report) {
  Bytes bytes = read_file(path, "the metrics of a training run");
  for (size_t at = 0; at < bytes.size();) {
    size_t end = at;
    while (end < bytes.size() && bytes[end] != '\n')
      ++end;
    ordered_json line = parse_json(bytes.data() + at, end - at);
    bool usable = line.is_object() && line.contains("kind") && sound(line);
    if (usable && line["kind"] == "step")
      report.steps.push_back(std::move(line));
    else if (usable && line["kind"] == "epoch")
      report.epochs.push_back(std::move(line));
    at = end + 1;
  }
}

std::string text_at(const ordered_json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

int64_t whole_at(const ordered_json& object, const char* key) {
  bool given = object.is_object() && object.contains(key) && object[key].is_number_integer();
  return given ? object[key].get<int64_t>() : 0;
}

} // namespace

int run_report(const Context& context) {
  const Manifest& m = context.manifest;
  check_cpu(context.program);
  Options options = context.options;
  require(!options.run_dir.empty(), "--run-dir DIR");
  require(!options.output.empty() || !options.figures.empty(), "-o FILE.html");
  Report report;
  report.manifest = &m;
  report.run = options.run_dir;
  read_metrics(join(options.run_dir, "metrics.jsonl"), report);
  report.config = read_config(join(options.run_dir, "config.json"));
  if (options.weights.empty()) {
    options.weights = join(options.run_dir, "best.safetensors");
    if (!file_exists(options.weights))
      options.weights = join(options.run_dir, "last.safetensors");
  }
  report.weights = options.weights;
  ordered_json plan = report.config.is_object() ? report.config.value("plan", ordered_json()) : ordered_json();
  bool asked = !options.data.empty() || !options.input.empty();
  if (!asked) { // the data of the run, when it is still there
    options.data = text_at(plan, "data");
    options.input = text_at(plan, "input");
    if (options.labels.empty())
      options.labels = text_at(plan, "labels");
    options.limit = options.limit > 0 ? options.limit : whole_at(plan, "limit");
  }
  if (options.input.empty()) { // prepared as in the run, whatever the folder, unless a flag says otherwise
    options.of_run = data_flags(options).empty();
    if (options.partition.empty())
      options.partition = text_at(plan, "partition");
    if (options.frames.empty())
      options.frames = text_at(plan, "frames");
    if (options.time_unit.empty())
      options.time_unit = text_at(plan, "time_unit");
    if (options.resize == 0)
      options.resize = whole_at(plan, "resize");
  }
  Context opened{context.program, m, options};
  ParameterSet parameters = load_parameters(opened);
  std::unique_ptr<Dataset> dataset;
  try {
    dataset = open_samples(opened, Split::test, true);
  } catch (const Failure& failure) {
    if (asked)
      throw;
    report.missing = std::string("No evaluation: ") + failure.what();
    tell("note: the report has no evaluation: {}\n", failure.what());
  }

  Scores scores(m);
  std::unique_ptr<EnergyCounter> counter;
  if (dataset != nullptr) {
    int64_t batch = std::min(options.batch.value_or(m.recipe.batch), dataset->count());
    Function infer(context.program, m, "infer", batch, &parameters);
    run_over(*dataset, m, infer, [&](int64_t, int64_t count, const float* logits, const int32_t* labels) {
      scores.add(logits, labels, count);
      return true;
    });
    report.scores = &scores;
    report.class_names = dataset->class_names();
    report.data = dataset->provenance_json();
    report.data["from"] = options.data.empty() ? options.input : options.data;
    counter = std::make_unique<EnergyCounter>(opened, &parameters, batch);
    dataset->limit(observed_samples);
    counter->add(*dataset);
    report.counter = counter.get();
    report.energy = energy_json(opened, *counter);
  }
  Figures figures;
  const std::string page = report_page(report, figures);
  if (!options.figures.empty())
    make_folder(options.figures);
  if (!options.output.empty())
    write_file(options.output, page);
  for (const auto& [name, svg] : figures)
    if (!options.figures.empty())
      write_file(join(options.figures, name + ".svg"), svg.file_text());
  return 0;
}

} // namespace rvb::runtime
