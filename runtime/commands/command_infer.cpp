#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "evaluation/held_spikes.h"
#include "evaluation/scores.h"
#include "files/npy.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace rvb::runtime {

namespace {

// The `top` most probable classes of every sample.
void print_top(const Context& context, const Dataset& dataset, const std::vector<float>& logits,
               const HeldSpikes& spikes, int64_t top) {
  int64_t classes = context.manifest.classes;
  nlohmann::ordered_json json = {
      {"schema", "rvb.infer/1"}, {"count", dataset.count()}, {"samples", nlohmann::ordered_json::array()}};
  auto name = [&](int64_t k) {
    const std::vector<std::string>& names = dataset.class_names();
    return k < static_cast<int64_t>(names.size()) ? names[static_cast<size_t>(k)] : std::to_string(k);
  };
  if (!context.options.json)
    print("sample  class  probability\n");
  for (int64_t i = 0; i < dataset.count(); ++i) {
    const float* row = logits.data() + i * classes;
    std::vector<double> probability = softmax(row, classes);
    std::vector<int64_t> order(static_cast<size_t>(classes));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return row[a] > row[b]; });
    order.resize(static_cast<size_t>(std::min(top, classes)));
    nlohmann::ordered_json entries = nlohmann::ordered_json::array();
    for (int64_t k : order) {
      double p = probability[static_cast<size_t>(k)];
      if (context.options.json)
        entries.push_back({{"class", k}, {"name", name(k)}, {"logit", row[k]}, {"probability", p}});
      else
        print(fmt::format("{:>6}  {:>5}  {:>9.2f} %\n", i, name(k), 100 * p));
    }
    json["samples"].push_back(std::move(entries));
  }
  if (const nlohmann::ordered_json held = spikes.json(); !held.is_null())
    json["spikes"] = held;
  if (context.options.json)
    print(json_text(json) + "\n");
}

// What a regression returns for every sample.
void print_numbers(const Context& context, const Dataset& dataset, const std::vector<float>& numbers,
                   const HeldSpikes& spikes) {
  const auto each = static_cast<size_t>(context.manifest.classes);
  nlohmann::ordered_json json = {
      {"schema", "rvb.infer/1"}, {"count", dataset.count()}, {"samples", nlohmann::ordered_json::array()}};
  std::string text = "sample  numbers\n";
  for (size_t i = 0; i < static_cast<size_t>(dataset.count()); ++i) {
    const std::vector<float> row(numbers.data() + i * each, numbers.data() + (i + 1) * each);
    text += fmt::format("{:>6}  {:.6g}\n", i, fmt::join(row, "  "));
    json["samples"].push_back(row);
  }
  if (const nlohmann::ordered_json held = spikes.json(); !held.is_null())
    json["spikes"] = held;
  print(context.options.json ? json_text(json) + "\n" : text);
}

} // namespace

int run_infer(const Context& context) {
  const Options& options = context.options;
  check_cpu(context.program);
  if (options.top > 0 && context.manifest.regression)
    throw Failure(Exit::usage, "--top belongs to classes: `" + context.manifest.name + "` returns numbers");
  ParameterSet parameters = load_parameters(context);
  if (options.stream)
    return run_stream(context, parameters);
  std::unique_ptr<Dataset> dataset =
      open_samples(context, options.split == "train" ? Split::train : Split::test, false);
  int64_t batch = std::min(options.batch.value_or(context.manifest.recipe.batch), dataset->count());
  const std::string function = HeldSpikes::function(context.manifest);
  if (function != "infer")
    batch = fitting_batch(context.program, context.manifest, function, batch);
  Function infer(context.program, context.manifest, function, batch, &parameters);
  HeldSpikes spikes(context.manifest);
  std::vector<float> all;
  run_over(*dataset, context.manifest, infer, [&](int64_t, int64_t count, const float* logits, const int32_t*) {
    if (function != "infer")
      spikes.add(infer, count);
    all.insert(all.end(), logits, logits + count * context.manifest.classes);
    return true;
  });
  if (!options.output.empty())
    write_npy(options.output, {dataset->count(), context.manifest.classes}, all.data());
  if (context.manifest.regression && options.output.empty())
    print_numbers(context, *dataset, all, spikes);
  else if (options.top > 0 || options.output.empty())
    print_top(context, *dataset, all, spikes, options.top > 0 ? options.top : 3);
  if (const std::string note = spikes.note(); !note.empty())
    tell("note: {}\n", note);
  return 0;
}

} // namespace rvb::runtime
