#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "commands/training_flags.h"
#include "core/core.h"
#include "data/drawn.h"
#include "layouts/formats.h"
#include "network/weights_check.h"
#include "options/arguments.h"
#include "training/batches.h"
#include "training/trainer.h"
#include "training/validation.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

// What the best epoch is chosen by.
std::string chosen_by(const TrainingPlan& plan, const Dataset* test, const Manifest& m) {
  if (m.regression && test == nullptr)
    return "training loss";
  return std::string(plan.validation.wanted() ? "validation"
                     : test != nullptr        ? "test"
                                              : "training") +
         (m.regression ? " error" : " accuracy");
}

ordered_json config(const Context& context, const TrainingPlan& plan, const Dataset& train, const Dataset* test) {
  const Manifest& m = context.manifest;
  const std::string part = plan.validation.wanted() ? "validation" : "test";
  return {{"schema", "rvb.config/1"},
          {"name", m.name},
          {"source_hash", m.source_hash},
          {"compiler", m.compiler},
          {"target", m.target},
          {"constants", m.json.value("constants", ordered_json::object())},
          {"plan", plan.json()},
          {"train_samples", train.count()},
          {part + "_samples", test == nullptr ? 0 : test->count()},
          {"data",
           {{"train", train.provenance_json()}, {part, test == nullptr ? ordered_json() : test->provenance_json()}}},
          {"best_chosen_by", chosen_by(plan, test, m)},
          {"losses",
           {{"train_loss", loss_name(m.recipe)},
            {part + (m.regression ? "_error" : "_loss"), m.regression ? "mean squared error" : "cross entropy"}}},
          {"threads", rvb_threads()},
          {"initial_weights", context.options.weights.empty() ? "seed" : context.options.weights}};
}

// A run that goes on with other samples than it began with says so.
void compare_data(const RunDirectory& run, const Dataset& train) {
  std::string path = join(run.path(), "config.json");
  if (!file_exists(path))
    return;
  Bytes bytes = read_file(path, "the settings of the run");
  ordered_json config = parse_json(bytes.data(), bytes.size());
  const nlohmann::ordered_json::json_pointer place("/data/train/hash");
  if (config.is_object() && config.contains(place) && config[place] != train.provenance().hash)
    tell("note: the training samples are not those that the run in {} began with\n", run.path());
}

void check(const TrainingPlan& plan, const Manifest& m) {
  if (plan.epochs < 1 || plan.epochs > 1'000'000 || plan.batch < 1 || plan.batch > 1'000'000)
    throw Failure(Exit::usage, "--epochs and --batch go from 1 to 1000000");
  if (plan.warmup >= plan.epochs)
    throw Failure(Exit::usage, fmt::format("--warmup is {}, and there are {} epochs: some must remain for the schedule",
                                           plan.warmup, plan.epochs));
  for (const recipe::Choice& each : plan.augment)
    if (const char* needs = recipe::lacking(each.row(), m.input.size() == 3, m.sequence, m.channels))
      throw Failure(Exit::usage, fmt::format("--augment: {} needs {}, `{}` takes {}", each.row().name, needs, m.name,
                                             m.sequence ? "sequences of " + shape_text(m.input) : shape_text(m.input)));
}

// The program was compiled for a limit at its recipe's batch; a larger one works, in a larger block.
void warn_of_memory(const Context& context, int64_t batch) {
  const auto limit = context.manifest.json.find("memory_limit");
  const rvb_function* gradient = find_function(context.program, "gradient");
  if (limit == context.manifest.json.end() || gradient == nullptr)
    return;
  const int64_t bytes = gradient->static_bytes + batch * gradient->sample_bytes;
  const int64_t most = limit->value("bytes", int64_t{0});
  if (bytes > most)
    tell("warning: a step at batch {} works in {:.1f} MB, above the limit of {:.1f} MB at batch {}\n", batch,
         static_cast<double>(bytes) / 1e6, static_cast<double>(most) / 1e6, limit->value("batch", int64_t{0}));
}

// --fresh: what the file has of these layers makes room for the numbers that `weights` begins with.
void begin_anew(const ParameterSet& weights, const Options& options, Safetensors& file) {
  std::vector<std::string> layers;
  for (const Parameter& p : weights.parameters())
    if (const std::string layer = p.name.substr(0, p.name.rfind('.')); layers.empty() || layers.back() != layer)
      layers.push_back(layer);
  for (const std::string& layer : options.fresh) {
    if (std::find(layers.begin(), layers.end(), layer) == layers.end())
      throw Failure(Exit::usage,
                    "--fresh: no layer with parameters is called `" + layer + "`" + suggestion(layer, layers));
    const auto of_layer = [&](const Tensor& tensor) { return tensor.name.substr(0, tensor.name.rfind('.')) == layer; };
    file.tensors.erase(std::remove_if(file.tensors.begin(), file.tensors.end(), of_layer), file.tensors.end());
    for (Tensor& tensor : weights.tensors())
      if (of_layer(tensor))
        file.tensors.push_back(std::move(tensor));
    tell("note: `{}` is new, with weights of the seed; everything else is of {}\n", layer, options.weights);
  }
}

// Weights to begin with.
void load(ParameterSet& weights, const Options& options) {
  Safetensors file = read_weights(options.weights, options.strip_prefix);
  if (file.unpacked)
    tell("note: {} is packed: the latent weights of a layer begin at one distance from zero, on their sides of it\n",
         options.weights);
  begin_anew(weights, options, file);
  try {
    weights.load(file, options.weights);
  } catch (const WrongWeights& wrong) {
    throw Failure(wrong.exit, wrong.what() + std::string(wrong.exit == Exit::mismatch
                                                             ? "\nlayers that are to begin anew, such as a classifier "
                                                               "of other classes, are named with --fresh"
                                                             : ""));
  }
}

// Samples that are no pixels or events are not varied as if they were.
void note_augmentations(const TrainingPlan& plan, const char* samples) {
  for (const recipe::Choice& each : plan.augment)
    if ((each.row().needs & (recipe::needs_events | recipe::needs_pixels)) != 0)
      tell("note: {} does nothing to {}\n", each.row().name, samples);
}

// What is learned from, and what accuracy is measured on: the test part, or a part of the training samples.
struct Parts {
  std::unique_ptr<Dataset> train, test;
};

Parts open_parts(const TrainingPlan& plan, const Options& options, const Manifest& m) {
  Parts parts;
  auto& [train, test] = parts;
  if (!plan.data.empty()) {
    DataSettings settings{plan.data,      plan.partition,     plan.frames, plan.resize, chooses_window(plan.augment),
                          plan.time_unit, data_flags(options)};
    train = open_folder(settings, Split::train, m);
    settings.windows = false;
    if (!plan.validation.wanted()) { // else the test part is left alone
      test = open_folder(settings, Split::test, m);
      test->limit(plan.limit);
    }
  } else {
    require(!plan.input.empty(), "--data DIR, or --input x.npy with --labels y.npy,");
    require(!plan.labels.empty(), "--labels y.npy next to --input");
    train = open_input(plan.input, plan.labels, {"", "", plan.frames, plan.resize, false, plan.time_unit}, m);
    const size_t ending = plan.input.rfind('.');
    const bool arrays = ending != std::string::npos && plan.input.substr(ending) == ".npy";
    if (arrays)
      note_augmentations(plan, "arrays of --input");
  }
  if (is_synthetic(plan.data))
    note_augmentations(plan, "synthetic data");
  train->limit(plan.limit);
  if (plan.validation.wanted()) {
    Divided divided = divide(std::move(train), plan.validation, m);
    train = std::move(divided.train);
    test = std::move(divided.validation);
  }
  return parts;
}

} // namespace

int run_train(const Context& context) {
  const Options& options = context.options;
  const Manifest& m = context.manifest;
  check_cpu(context.program);
  if (options.resume && !options.weights.empty())
    throw Failure(Exit::usage, "--resume and --weights exclude each other: the run has its own weights");
  if (!options.fresh.empty() && options.weights.empty())
    throw Failure(Exit::usage, "--fresh belongs to --weights: without those all layers are new");
  RunDirectory run(options.run_dir.empty() ? "runs/" + m.name : options.run_dir);
  TrainingPlan plan = plan_from_recipe(m.recipe);
  if (options.resume)
    run.resume(m, plan);
  TrainingPlan planned = plan;
  apply(options, plan);
  if (options.resume && std::strcmp(plan.optimizer.row().memory, planned.optimizer.row().memory) != 0)
    throw Failure(Exit::usage, std::string("--resume goes on with ") + planned.optimizer.row().name + ": what " +
                                   plan.optimizer.row().name + " has to remember was not saved");
  if (plan.data.empty() && plan.input.empty())
    plan.data = data_folder(options);
  if (!options.data.empty() && !options.input.empty())
    throw Failure(Exit::usage, "--data and --input exclude each other");
  check_sources(options, !plan.data.empty());
  check(plan, m);
  check_min_accuracy(context);

  const Parts parts = open_parts(plan, options, m);
  Dataset *train = parts.train.get(), *test = parts.test.get();
  const int64_t steps_per_epoch = epoch_steps(m, train->count(), plan.batch);
  int64_t stop = options.steps.value_or(0);
  if (stop > 0 && !options.epochs) // as many epochs as the steps need
    plan.epochs = std::max(plan.epochs, (stop + steps_per_epoch - 1) / steps_per_epoch);
  if (options.resume && plan.json() != planned.json())
    tell("note: flags change the plan of the run in {}: it will not equal a run that never stopped\n", run.path());

  warn_of_memory(context, std::min(plan.batch, train->count()));
  Trainer trainer(context, plan, run, *train, test, options.quiet);
  if (options.resume) {
    compare_data(run, *train);
    run.load(trainer.weights(), trainer.optimizer(), trainer.state());
    if (plan.json() != planned.json())
      run.replan(config(context, plan, *train, test));
    if (trainer.state().epoch >= plan.epochs)
      tell("note: the run in {} is complete ({} epochs)\n", run.path(), trainer.state().epoch);
    else if (trainer.state().epoch_step > steps_per_epoch)
      throw Failure(Exit::user, "the checkpoint is past the end of an epoch: the data or --batch has changed");
  } else {
    trainer.weights().initialize(plan.seed);
    if (!options.weights.empty())
      load(trainer.weights(), options);
    run.begin(config(context, plan, *train, test));
  }
  if (!options.quiet)
    tell("training {} on {} samples, {} steps an epoch, batch {}, {} threads, into {}\n", m.name, train->count(),
         steps_per_epoch, plan.batch, rvb_threads(), run.path());
  if (!plan.validation.wanted() && !options.resume)
    tell("note: {} is chosen by the {}; --validate 0.1 keeps a part of the training samples for that\n", run.best(),
         chosen_by(plan, test, m));
  if (const std::string layer = left_out_for(m, train->count(), plan.batch); !layer.empty())
    tell("note: the last batch of an epoch, of one sample, is left out: BatchNorm `{}` would have no variance\n",
         layer);
  if (!options.tensorboard.empty())
    trainer.write_events(options.tensorboard);
  watch_interrupts();
  Exit exit = trainer.run(stop, options.log_every > 0 ? options.log_every : 100, options.save_every);
  if (exit == Exit::interrupted)
    tell("interrupted at step {}: saved in {}; continue with --resume --run-dir {}\n", trainer.state().step, run.last(),
         run.path());
  if (exit == Exit::ok && options.min_accuracy >= 0 && trainer.state().best_epoch == 0)
    throw Failure(Exit::verification, "no epoch was finished: there is no accuracy to hold against --min-acc");
  if (exit == Exit::ok && options.min_accuracy >= 0 && trainer.state().best < options.min_accuracy)
    throw Failure(Exit::verification, fmt::format("the best accuracy {:.4f} is below --min-acc {:.4f}",
                                                  trainer.state().best, options.min_accuracy));
  return static_cast<int>(exit);
}

} // namespace rvb::runtime
