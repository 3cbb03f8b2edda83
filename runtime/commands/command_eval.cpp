#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/number_text.h"
#include "core/core.h"
#include "evaluation/energy.h"
#include "evaluation/entropy.h"
#include "evaluation/held_spikes.h"
#include "evaluation/scores.h"
#include "files/npy.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

// How these logits differ from those of another program (--compare): decisions, apart from ties, where the largest
// logit stands twice in either and the decision is a matter of rounding.
struct Comparison {
  int64_t differ = 0, ties = 0;
  double largest = 0;
};

bool tie(const float* logits, int64_t classes) {
  return std::count(logits, logits + classes, logits[decision(logits, classes)]) > 1;
}

// Before anything runs, which may take long.
NpyArray read_logits(const std::string& path, int64_t count, int64_t classes) {
  NpyArray other = read_npy(path);
  if (other.shape != Shape{count, classes} || other.integers)
    throw Failure(Exit::user,
                  path + " has shape " + shape_text(other.shape) + "; expected logits " + shape_text({count, classes}));
  if (!std::all_of(other.values.begin(), other.values.end(), [](float value) { return std::isfinite(value); }))
    throw Failure(Exit::user, path + ": a logit is not finite");
  return other;
}

Comparison compare(const std::vector<float>& logits, int64_t classes, const NpyArray& other) {
  const int64_t count = static_cast<int64_t>(logits.size()) / classes;
  Comparison result;
  for (int64_t i = 0; i < count; ++i) {
    const float *a = logits.data() + i * classes, *b = other.values.data() + i * classes;
    for (int64_t k = 0; k < classes; ++k)
      result.largest = std::max(result.largest, std::fabs(static_cast<double>(a[k]) - b[k]));
    if (decision(a, classes) == decision(b, classes))
      continue;
    (tie(a, classes) || tie(b, classes) ? result.ties : result.differ) += 1;
  }
  return result;
}

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

struct ClassRow {
  int64_t count = 0, decided = 0, correct = 0;
};

std::vector<ClassRow> class_rows(const Scores& scores) {
  std::vector<ClassRow> rows(static_cast<size_t>(scores.classes));
  for (int64_t label = 0; label < scores.classes; ++label)
    for (int64_t decided = 0; decided < scores.classes; ++decided) {
      int64_t n = scores.confusion[static_cast<size_t>(label * scores.classes + decided)];
      rows[static_cast<size_t>(label)].count += n;
      rows[static_cast<size_t>(decided)].decided += n;
      if (label == decided)
        rows[static_cast<size_t>(label)].correct = n;
    }
  return rows;
}

std::string class_name(const Dataset& dataset, int64_t index) {
  const std::vector<std::string>& names = dataset.class_names();
  return index < static_cast<int64_t>(names.size()) ? names[static_cast<size_t>(index)] : std::to_string(index);
}

// The recipe's loss, where it is another than the cross entropy; null where it is not.
ordered_json recipe_loss(const Scores& scores, const Recipe& recipe) {
  if (loss_of_logits(recipe) && recipe.loss["smoothing"] == 0)
    return nullptr;
  const ordered_json value =
      loss_of_logits(recipe) ? ordered_json(scores.smoothed_loss(recipe.loss["smoothing"])) : ordered_json();
  return {{"name", loss_name(recipe)}, {"value", value}};
}

ordered_json errors_json(const Errors& errors) {
  ordered_json json = {{"task", "regression"},
                       {"squared_error", errors.squared()},
                       {"absolute_error", errors.absolute()},
                       {"count", errors.count()}};
  json["numbers"] = ordered_json::array();
  for (int64_t k = 0; k < errors.numbers(); ++k) {
    const double explained = errors.explained(k);
    json["numbers"].push_back({{"squared_error", errors.squared(k)},
                               {"absolute_error", errors.absolute(k)},
                               {"r2", std::isfinite(explained) ? ordered_json(explained) : ordered_json()}});
  }
  return json;
}

void print_errors(const Errors& errors) {
  print(fmt::format("mean squared error {:.6g}  mean absolute error {:.6g}  ({} samples)\n\n", errors.squared(),
                    errors.absolute(), errors.count()));
  print(fmt::format("{:>6}  {:>12}  {:>12}  {:>8}\n", "number", "squared", "absolute", "R2"));
  for (int64_t k = 0; k < errors.numbers(); ++k)
    print(fmt::format("{:>6}  {:>12.6g}  {:>12.6g}  {:>8.4f}\n", k, errors.squared(k), errors.absolute(k),
                      errors.explained(k)));
}

void add_classes(ordered_json& json, const Scores& scores, const Dataset& dataset) {
  std::vector<ClassRow> rows = class_rows(scores);
  json["classes"] = ordered_json::array();
  json["confusion"] = ordered_json::array();
  for (int64_t k = 0; k < scores.classes; ++k) {
    const ClassRow& row = rows[static_cast<size_t>(k)];
    json["classes"].push_back({{"name", class_name(dataset, k)},
                               {"count", row.count},
                               {"correct", row.correct},
                               {"recall", ratio(row.correct, row.count)},
                               {"precision", ratio(row.correct, row.decided)}});
    auto line = scores.confusion.begin() + k * scores.classes;
    json["confusion"].push_back(std::vector<int64_t>(line, line + scores.classes));
  }
}

void print_json(const Scores& scores, const Dataset& dataset, const Recipe& recipe, const Comparison* comparison,
                const HeldSpikes& spikes, const ordered_json& energy, const ordered_json& entropy) {
  ordered_json json = {{"schema", "rvb.eval/1"}};
  if (scores.errors)
    json.update(errors_json(*scores.errors));
  else
    json.update({{"accuracy", scores.accuracy()},
                 {"loss", scores.loss()},
                 {"loss_name", "cross entropy"},
                 {"correct", scores.correct},
                 {"count", scores.count}});
  json["data"] = dataset.provenance_json();
  if (const ordered_json loss = scores.errors ? ordered_json() : recipe_loss(scores, recipe); !loss.is_null())
    json["recipe_loss"] = loss;
  if (const ordered_json held = spikes.json(); !held.is_null())
    json["spikes"] = held;
  if (!scores.errors)
    add_classes(json, scores, dataset);
  if (comparison != nullptr)
    json["comparison"] = scores.errors ? ordered_json{{"largest_difference", comparison->largest}}
                                       : ordered_json{{"decisions_differ", comparison->differ},
                                                      {"ties", comparison->ties},
                                                      {"largest_difference", comparison->largest}};
  if (!energy.is_null())
    json["energy"] = energy;
  if (!entropy.is_null())
    json["entropy"] = entropy;
  print(json_text(json) + "\n");
}

void print_classes(const Scores& scores, const Dataset& dataset, const Recipe& recipe) {
  print(fmt::format("accuracy {:.2f} %  ({} of {})   loss {} (cross entropy)\n", 100 * scores.accuracy(),
                    scores.correct, scores.count, loss_text(scores.loss())));
  if (const ordered_json loss = recipe_loss(scores, recipe); !loss.is_null())
    print(fmt::format("the recipe's loss ({}): {}\n", loss["name"].get<std::string>(),
                      loss["value"].is_null() ? "needs the logits of every step, which are not shown here"
                                              : loss_text(loss["value"].get<double>())));
  print("\n");
  std::vector<ClassRow> rows = class_rows(scores);
  size_t width = 5;
  for (int64_t k = 0; k < scores.classes; ++k)
    width = std::max(width, class_name(dataset, k).size());
  print(fmt::format("{:>{}}  {:>7}  {:>7}  {:>9}\n", "class", width, "count", "recall", "precision"));
  for (int64_t k = 0; k < scores.classes; ++k) {
    const ClassRow& row = rows[static_cast<size_t>(k)];
    print(fmt::format("{:>{}}  {:>7}  {:>5.1f} %  {:>7.1f} %\n", class_name(dataset, k), width, row.count,
                      100 * ratio(row.correct, row.count), 100 * ratio(row.correct, row.decided)));
  }
  if (scores.classes <= 20) {
    print("\nconfusion (a row is a label, a column a decision)\n" + std::string(width, ' '));
    for (int64_t k = 0; k < scores.classes; ++k)
      print(fmt::format("  {:>5}", k));
    print("\n");
    for (int64_t label = 0; label < scores.classes; ++label) {
      print(fmt::format("{:>{}}", class_name(dataset, label), width));
      for (int64_t k = 0; k < scores.classes; ++k)
        print(fmt::format("  {:>5}", scores.confusion[static_cast<size_t>(label * scores.classes + k)]));
      print("\n");
    }
  }
}

void print_text(const Scores& scores, const Dataset& dataset, const Recipe& recipe, const Comparison* comparison,
                const HeldSpikes& spikes) {
  if (scores.errors)
    print_errors(*scores.errors);
  else
    print_classes(scores, dataset, recipe);
  print(spikes.text());
  if (comparison != nullptr && scores.errors)
    print(fmt::format("\ncompared: largest difference of a number {:.3g}\n", comparison->largest));
  else if (comparison != nullptr)
    print(fmt::format("\ncompared: {} decisions differ, {} more at ties; largest difference of a logit {:.3g}\n",
                      comparison->differ, comparison->ties, comparison->largest));
}

} // namespace

int run_eval(const Context& context) {
  const Options& options = context.options;
  check_cpu(context.program);
  check_min_accuracy(context);
  ParameterSet parameters = load_parameters(context);
  std::unique_ptr<Dataset> dataset = open_samples(context, options.split == "train" ? Split::train : Split::test, true);
  NpyArray other;
  if (!options.compare.empty())
    other = read_logits(options.compare, dataset->count(), context.manifest.classes);
  int64_t batch = std::min(options.batch.value_or(context.manifest.recipe.batch), dataset->count());
  const std::string function = HeldSpikes::function(context.manifest);
  if (function != "infer")
    batch = fitting_batch(context.program, context.manifest, function, batch);
  Function infer(context.program, context.manifest, function, batch, &parameters);
  HeldSpikes spikes(context.manifest);
  Scores scores(context.manifest);
  if (options.mirror && context.manifest.input.size() != 3)
    throw Failure(Exit::usage, "--test-augment flip needs images, `" + context.manifest.name + "` takes vectors");
  bool keep = !options.output.empty() || !options.compare.empty();
  std::vector<float> all;
  run_over(
      *dataset, context.manifest, infer,
      [&](int64_t, int64_t count, const float* logits, const int32_t* labels) {
        scores.add(logits, labels, count);
        if (function != "infer")
          spikes.add(infer, count);
        if (keep)
          all.insert(all.end(), logits, logits + count * scores.classes);
        return true;
      },
      options.mirror);
  if (!options.output.empty())
    write_npy(options.output, {scores.count, scores.classes}, all.data());
  Comparison comparison;
  if (!options.compare.empty())
    comparison = compare(all, scores.classes, other);
  const Comparison* shown = options.compare.empty() ? nullptr : &comparison;
  std::unique_ptr<EnergyCounter> energy;
  if (options.energy) { // after the scores: they are those of the program as it is deployed or trained
    energy = std::make_unique<EnergyCounter>(context, &parameters, batch);
    energy->add(*dataset);
  }
  std::vector<LayerEntropy> entropy;
  if (options.entropy) {
    EntropyCounter counter(context, &parameters, batch);
    counter.add(*dataset);
    entropy = counter.layers();
  }
  if (options.json) {
    print_json(scores, *dataset, context.manifest.recipe, shown, spikes,
               energy ? energy_json(context, *energy) : ordered_json(),
               options.entropy ? entropy_json(entropy) : ordered_json());
  } else {
    print_text(scores, *dataset, context.manifest.recipe, shown, spikes);
    if (energy)
      print(energy_text(context.manifest, *energy));
    if (options.entropy)
      print(entropy_text(entropy));
  }
  if (options.min_accuracy >= 0 && scores.accuracy() < options.min_accuracy) {
    flush_output();
    throw Failure(Exit::verification,
                  fmt::format("accuracy {:.4f} is below --min-acc {:.4f}", scores.accuracy(), options.min_accuracy));
  }
  return 0;
}

} // namespace rvb::runtime
