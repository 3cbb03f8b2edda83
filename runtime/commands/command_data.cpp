// data: what a folder holds for this network, before an hour is spent on learning from it.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/number_text.h"
#include "data/inspection.h"
#include "layouts/formats.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

constexpr int64_t looked_at = 2000; // samples that values are measured on
constexpr size_t most_told = 20;    // damaged samples

struct Part {
  Split split;
  Inspection inspection;
  std::unique_ptr<Dataset> dataset; // null: why not
  std::string fault;
  std::vector<double> mean, deviation; // of a channel, before the recipe's normalisation; empty: not measured
};

// Where the samples are at hand: of the first and those that follow at equal distances.
void measure(Part& part, const Manifest& m) {
  const int64_t frames = m.sequence ? m.steps : 1, channels = m.channels, pixels = m.pixels() / channels;
  const bool known = !m.recipe.mean.empty() && !m.recipe.deviation.empty();
  const int64_t stride = std::max<int64_t>(1, part.dataset->count() / looked_at);
  std::vector<float> sample(static_cast<size_t>(frames * m.pixels()));
  std::vector<double> sums(static_cast<size_t>(channels)), squares(sums.size());
  int64_t count = 0;
  for (int64_t i = 0; i < part.dataset->count(); i += stride, ++count) {
    part.dataset->read(i, nullptr, sample.data(), m.pixels());
    for (size_t at = 0; at < sample.size(); ++at) {
      const size_t channel = at % sums.size(), row = m.recipe.mean.size() == sums.size() ? channel : 0;
      const double value = known ? sample[at] * m.recipe.deviation[row] + m.recipe.mean[row] : sample[at];
      sums[channel] += value;
      squares[channel] += value * value;
    }
  }
  for (size_t c = 0; c < sums.size(); ++c) {
    const double n = static_cast<double>(count * frames * pixels), mean = sums[c] / n;
    part.mean.push_back(mean);
    part.deviation.push_back(std::sqrt(std::max(0.0, squares[c] / n - mean * mean)));
  }
}

void open(Part& part, const Context& context, const std::string& folder) {
  DataSettings settings = data_settings(context, folder);
  settings.inspection = &part.inspection;
  try {
    part.dataset = open_folder(settings, part.split, context.manifest);
    if (part.inspection.events.count + part.inspection.heights.count == 0 && part.inspection.damaged().empty())
      measure(part, context.manifest);
  } catch (const Failure& failure) {
    if (failure.exit == Exit::usage) // no damage: a flag that does not belong there
      throw;
    part.dataset = nullptr;
    part.fault = failure.what();
  }
}

std::vector<int64_t> class_counts(const Part& part, int64_t classes) {
  std::vector<int64_t> counts(static_cast<size_t>(classes));
  for (int64_t i = 0; part.dataset != nullptr && i < part.dataset->count(); ++i)
    ++counts[static_cast<size_t>(part.dataset->label(i))];
  return counts;
}

ordered_json measure_json(const Measure& measure) {
  return {{"least", measure.least}, {"mean", measure.mean()}, {"most", measure.most}};
}

ordered_json part_json(const Part& part, const Manifest& m) {
  if (part.dataset == nullptr)
    return {{"fault", part.fault}};
  ordered_json json = part.dataset->provenance_json();
  json["classes"] = class_counts(part, m.classes);
  if (part.inspection.events.count > 0) {
    json["events"] = measure_json(part.inspection.events);
    json["microseconds"] = measure_json(part.inspection.microseconds);
  }
  if (part.inspection.heights.count > 0) {
    json["heights"] = measure_json(part.inspection.heights);
    json["widths"] = measure_json(part.inspection.widths);
  }
  if (!part.mean.empty()) {
    json["mean"] = part.mean;
    json["deviation"] = part.deviation;
  }
  json["damaged"] = ordered_json::array();
  for (const Inspection::Damage& damage : part.inspection.damaged())
    json["damaged"].push_back({{"name", damage.name}, {"why", damage.why}});
  return json;
}

std::string numbers(const std::vector<double>& values) {
  std::string text;
  for (const double value : values)
    text += fmt::format("{}{:.4f}", text.empty() ? "" : ", ", value);
  return "[" + text + "]";
}

void print_part(const Part& part, const Manifest& m) {
  const char* name = split_name(part.split);
  if (part.dataset == nullptr) {
    print(fmt::format("{:<6} {}\n", name, part.fault));
    return;
  }
  const Provenance& about = part.dataset->provenance();
  print(fmt::format("{:<6} {} samples, {}, partition {}\n", name, with_spaces(static_cast<double>(about.count)),
                    about.format, about.partition));
  const Measure &events = part.inspection.events, &time = part.inspection.microseconds;
  if (events.count > 0)
    print(fmt::format("       events a sample: {} to {}, on average {:.0f}; {:.3f} s, {:.1f} thousand events a second; "
                      "on average {:.1f} events a time step\n",
                      events.least, events.most, events.mean(), time.mean() / 1e6,
                      time.mean() > 0 ? events.mean() / time.mean() * 1e3 : 0.0,
                      events.mean() / static_cast<double>(m.sequence ? m.steps : 1)));
  const Measure &heights = part.inspection.heights, &widths = part.inspection.widths;
  if (heights.count > 0)
    print(fmt::format("       pictures: {} to {} pixels high, {} to {} wide; the network sees {} x {}\n", heights.least,
                      heights.most, widths.least, widths.most, m.height, m.width));
  if (!part.mean.empty())
    print(fmt::format("       values: mean {}, deviation {}{}\n", numbers(part.mean), numbers(part.deviation),
                      m.recipe.mean.empty() ? "; the recipe normalises nothing"
                                            : fmt::format("; the recipe normalises with {} and {}",
                                                          numbers(m.recipe.mean), numbers(m.recipe.deviation))));
  const std::vector<Inspection::Damage> damaged = part.inspection.damaged();
  for (size_t i = 0; i < damaged.size() && i < most_told; ++i)
    print(fmt::format("       damaged: {}\n", damaged[i].why));
  if (damaged.size() > most_told)
    print(fmt::format("       and {} more\n", damaged.size() - most_told));
}

void print_classes(const Part& train, const Part& test, const Manifest& m) {
  const std::vector<std::string> none;
  const std::vector<std::string>& names = train.dataset != nullptr  ? train.dataset->class_names()
                                          : test.dataset != nullptr ? test.dataset->class_names()
                                                                    : none;
  const std::vector<int64_t> a = class_counts(train, m.classes), b = class_counts(test, m.classes);
  print(fmt::format("\n{:>16}  {:>8}  {:>8}\n", "class", "train", "test"));
  for (size_t k = 0; k < a.size(); ++k)
    print(fmt::format("{:>16}  {:>8}  {:>8}{}\n", k < names.size() ? names[k] : std::to_string(k), a[k], b[k],
                      a[k] == 0 && train.dataset != nullptr ? "  none to learn from" : ""));
}

} // namespace

int run_data(const Context& context) {
  Options options = context.options;
  if (!options.input.empty()) { // the folder without --data
    if (!options.data.empty())
      throw Failure(Exit::usage, "one folder is looked at: DIR or --data");
    std::swap(options.data, options.input);
  }
  const Context here{{context.program, context.manifest}, options};
  const std::string folder = data_folder(options);
  require(!folder.empty(), "data DIR");
  Part train{Split::train, {}, nullptr, "", {}, {}}, test{Split::test, {}, nullptr, "", {}, {}};
  open(train, here, folder);
  open(test, here, folder);
  if (train.dataset == nullptr && test.dataset == nullptr) // nothing is known of it
    throw Failure(Exit::user, train.fault);
  if (options.json) {
    print(json_text({{"schema", "rvb.data/1"},
                     {"folder", folder},
                     {"train", part_json(train, here.manifest)},
                     {"test", part_json(test, here.manifest)}},
                    2) +
          "\n");
  } else {
    print_part(train, here.manifest);
    print_part(test, here.manifest);
    print_classes(train, test, here.manifest);
  }
  const size_t damaged = train.inspection.damaged().size() + test.inspection.damaged().size();
  if (damaged == 0 && train.dataset != nullptr && test.dataset != nullptr)
    return 0;
  flush_output();
  throw Failure(Exit::user, damaged > 0 ? fmt::format("{} samples cannot be used: they are damaged, or do not fit the "
                                                      "network",
                                                      damaged)
                                        : "a part cannot be used");
}

} // namespace rvb::runtime
