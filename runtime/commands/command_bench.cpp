// Times one call (inference, or with --train the gradient and the optimiser's step), data loading left out.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/number_text.h"
#include "base/random.h"
#include "core/core.h"
#include "optimizers/optimizer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <functional>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

struct Row {
  int64_t batch;
  int threads;
  std::vector<double> ms; // sorted
  double at(double quantile) const {
    return ms[std::min(ms.size() - 1, static_cast<size_t>(quantile * static_cast<double>(ms.size())))];
  }
  double median() const {
    return ms.size() % 2 != 0 ? ms[ms.size() / 2] : (ms[ms.size() / 2 - 1] + ms[ms.size() / 2]) / 2;
  }
  double mean() const {
    double sum = 0;
    for (double value : ms)
      sum += value;
    return sum / static_cast<double>(ms.size());
  }
  double deviation() const {
    double sum = 0;
    for (double value : ms)
      sum += (value - mean()) * (value - mean());
    return ms.size() < 2 ? 0 : std::sqrt(sum / static_cast<double>(ms.size() - 1));
  }
  double images_per_second() const { return 1000 * static_cast<double>(batch) / median(); }
};

double time_ms(const std::function<void()>& call) {
  auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

// At least `repeats` times after warming up, and on for `seconds` while single calls are short (at most 1000 of them).
std::vector<double> repeat(int64_t repeats, double seconds, const std::function<void()>& call) {
  double warm = 0;
  for (int i = 0; i < 2 || (warm < 200 * seconds && i < 100); ++i)
    warm += time_ms(call);
  std::vector<double> ms;
  for (double total = 0; static_cast<int64_t>(ms.size()) < repeats || (total < 1000 * seconds && ms.size() < 1000);
       total += ms.back())
    ms.push_back(time_ms(call));
  std::sort(ms.begin(), ms.end());
  return ms;
}

Row measure(const Context& context, ParameterSet& parameters, int64_t batch, int threads) {
  const Manifest& m = context.manifest;
  bool train = context.options.train;
  Function function(context.program, m, train ? "gradient" : "infer", batch, &parameters);
  fill_normal({1, 0, 0, Draw::input}, function.image(), batch * (m.sequence ? m.steps : 1) * m.pixels());
  for (int64_t i = 0; i < batch && !m.regression; ++i) // numbers to be learned stay 0
    function.labels()[i] = static_cast<int32_t>(i % m.classes);
  rvb_set_threads(threads);
  threads = rvb_team(); // as many as can be started
  if (!train)
    return {batch, threads, repeat(context.options.repeats, context.options.seconds, [&] { function.run(batch); })};
  Optimizer optimizer(m.parameters, m.recipe);
  int64_t step = 0;
  std::vector<const float*> gradients;
  for (const Parameter& p : m.parameters)
    gradients.push_back(function.result(RVB_GRADIENT, p.name));
  // A rate of 1e-9: the work of a step, without wandering off to weights that are not finite.
  return {batch, threads, repeat(context.options.repeats, context.options.seconds, [&] {
            function.run(batch);
            optimizer.step(parameters, gradients, 1e-9, ++step);
          })};
}

std::string cpu_name() {
  try {
    Bytes bytes = read_file("/proc/cpuinfo", "a description of the CPU");
    std::string text(bytes.begin(), bytes.end());
    size_t at = text.find("model name"), begin = text.find(": ", at);
    if (at != std::string::npos && begin != std::string::npos)
      return text.substr(begin + 2, text.find('\n', begin) - begin - 2);
  } catch (const Failure&) {
    // a machine without /proc: the name is only for the reader
  }
  return "unknown";
}

ordered_json row_json(const Context& context, const Row& row) {
  return {{"command", context.options.train ? "train" : "infer"},
          {"model", context.manifest.name},
          {"T", context.manifest.steps},
          {"batch", row.batch},
          {"threads", row.threads},
          {"repeats", row.ms.size()},
          {"median_ms", row.median()},
          {"mean_ms", row.mean()},
          {"deviation_ms", row.deviation()},
          {"min_ms", row.ms.front()},
          {"max_ms", row.ms.back()},
          {"p99_ms", row.at(0.99)},
          {"ms_per_image", row.median() / static_cast<double>(row.batch)},
          {"images_per_second", row.images_per_second()}};
}

void print_rows(const Context& context, const std::vector<Row>& rows) {
  const std::string& format = context.options.json ? "json" : context.options.format;
  const Manifest& m = context.manifest;
  if (format == "json") {
    ordered_json json = {{"schema", "rvb.bench/1"},      {"name", m.name},         {"target", m.target},
                         {"source_hash", m.source_hash}, {"deployed", m.deployed}, {"cpu", cpu_name()},
                         {"rows", ordered_json::array()}};
    for (const Row& row : rows)
      json["rows"].push_back(row_json(context, row));
    print(json_text(json, 2) + "\n");
  } else if (format == "jsonl") {
    for (const Row& row : rows)
      print(json_text(row_json(context, row)) + "\n");
  } else if (format == "csv") {
    print("command,model,T,batch,threads,repeats,median_ms,mean_ms,deviation_ms,min_ms,max_ms,images_per_second\n");
    for (const Row& row : rows)
      print(fmt::format("{},{},{},{},{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g}\n",
                        context.options.train ? "train" : "infer", m.name, m.steps, row.batch, row.threads,
                        row.ms.size(), row.median(), row.mean(), row.deviation(), row.ms.front(), row.ms.back(),
                        row.images_per_second()));
  } else {
    print(fmt::format("{} on {}, {}, T = {}; data loading not included\n\n",
                      context.options.train ? "training step" : "inference", cpu_name(), m.target, m.steps));
    print("| model | batch | threads | repeats | median ms | σ ms | min ms | max ms | ms/image | images/s |\n"
          "|---|---|---|---|---|---|---|---|---|---|\n");
    for (const Row& row : rows)
      print(fmt::format("| {} | {} | {} | {} | {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.4f} | {} |\n", m.name, row.batch,
                        row.threads, row.ms.size(), row.median(), row.deviation(), row.ms.front(), row.ms.back(),
                        row.median() / static_cast<double>(row.batch), with_spaces(row.images_per_second())));
  }
}

} // namespace

int run_bench(const Context& context) {
  const Options& options = context.options;
  check_cpu(context.program);
  if (options.json && !options.format.empty() && options.format != "json")
    throw Failure(Exit::usage, "--json and --format " + options.format + " exclude each other");
  ParameterSet parameters(context.manifest.parameters);
  if (options.weights.empty())
    parameters.initialize(1);
  else
    parameters.load(options.weights);
  std::vector<int64_t> batches;
  for (const std::string& word : options.batches) {
    char* end = nullptr;
    batches.push_back(std::strtoll(word.c_str(), &end, 10));
    if (word.empty() || *end != 0 || batches.back() < 1 || batches.back() > 1000000)
      throw Failure(Exit::usage, "--batch is `" + word + "`; expected numbers from 1 to 1000000, separated by commas");
  }
  if (batches.empty())
    batches = options.train ? std::vector<int64_t>{context.manifest.recipe.batch} : std::vector<int64_t>{1, 32};
  std::vector<std::string> threads = options.thread_list.empty() ? std::vector<std::string>{""} : options.thread_list;
  std::vector<Row> rows;
  for (int64_t batch : batches)
    for (const std::string& count : threads)
      rows.push_back(measure(context, parameters, batch, thread_count(count)));
  print_rows(context, rows);
  return 0;
}

} // namespace rvb::runtime
