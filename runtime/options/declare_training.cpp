// The options of train, init and gradient.
#include "options/declare.h"
#include "options/recipe_text.h"

#include <algorithm>

namespace rvb::runtime {

namespace {

void declare_seed(Arguments& arguments, Options& options, const char* help) {
  arguments.whole(
      "seed", 0, 0, INT64_MAX, [&](int64_t n) { options.seed = static_cast<uint64_t>(n); }, help);
}

// The settings of recipe/settings.def that have no flag above.
void declare_settings(Arguments& arguments, Options& options) {
  const recipe::Settings defaults;
  recipe::each_setting(defaults, [&](const recipe::Option& option, const char* meaning, const auto&) {
    const std::string name = option.name, help = std::string(meaning) + " (default: the recipe's)";
    if (name == "epochs" || name == "batch")
      return;
    std::string flag = name;
    std::replace(flag.begin(), flag.end(), '_', '-');
    const auto set = [&options, name](double value) {
      options.settings.push_back([name, value](Recipe& recipe) {
        recipe::each_setting(recipe, [&](const recipe::Option& each, const char*, auto& field) {
          if (name == each.name)
            field = static_cast<std::remove_reference_t<decltype(field)>>(value);
        });
      });
    };
    const auto least = static_cast<int64_t>(option.least), most = static_cast<int64_t>(std::min(option.most, 1e18));
    if (option.kind == recipe::Kind::flag) {
      arguments.flag(
          flag.c_str(), [set] { set(1); }, help);
      arguments.flag(("no-" + flag).c_str(), [set] { set(0); }, "not that, whatever the recipe says");
    } else if (option.kind == recipe::Kind::whole) {
      arguments.whole(
          flag.c_str(), 0, least, most, [set](int64_t n) { set(static_cast<double>(n)); }, help);
    } else {
      arguments.real(flag.c_str(), option.least, option.most, set, help);
    }
  });
}

} // namespace

void declare_reestimate(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  declare_samples(arguments, options, true);
  arguments.text("output", 'o', "W.safetensors", options.output,
                 "where the weights with the new statistics go; or an .npz");
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

void declare_sweep(Arguments& arguments, Options& options, bool) {
  arguments.each("grid", "NAME=A,B…", options.grid,
                 "a flag of train and its values, A..B for integers; every --grid multiplies the runs");
  arguments.text("run-dir", 0, "DIR", options.run_dir,
                 "a folder a run, sweep.json and sweep.html (default: runs/NAME-sweep)");
  declare_json(arguments, options);
  arguments.others(options.passed);
}

void declare_init(Arguments& arguments, Options& options, bool) {
  declare_seed(arguments, options, "of the random numbers (default: 1)");
  arguments.text("output", 'o', "W.safetensors", options.output, "where the weights go; or an .npz");
}

void declare_gradient(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  declare_samples(arguments, options, true);
  arguments.text("output", 'o', "G.safetensors", options.output,
                 "write the gradient of every trained parameter; or an .npz");
  arguments.real(
      "progress", 0, 1, [&](double x) { options.progress = x; },
      "of networks that read it: how much of the training is done (default: 1)");
  declare_json(arguments, options);
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

void declare_report(Arguments& arguments, Options& options, bool deployed) {
  arguments.text("run-dir", 0, "DIR", options.run_dir, "the run: metrics.jsonl, config.json and weights are read");
  arguments.text("output", 'o', "R.html", options.output, "the page");
  arguments.text("figures", 0, "DIR", options.figures,
                 "its drawings as files: loss, accuracy, flips, rate, confusion, firing .svg");
  declare_weights(arguments, options, deployed);
  declare_samples(arguments, options, true);
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

void declare_train(Arguments& arguments, Options& options, bool deployed) {
  declare_samples(arguments, options, true);
  arguments.text("validate", 0, "SHARE[:SEED]", options.validate,
                 "this share of the training samples, of every class, trains nothing and chooses best.safetensors; the "
                 "test part is then left alone; 0: none (default: the recipe's)");
  arguments.whole(
      "epochs", 0, 1, 1000000, [&](int64_t n) { options.epochs = n; }, "passes over the data (default: the recipe's)");
  arguments.whole(
      "steps", 0, 1, 2000000000, [&](int64_t n) { options.steps = n; }, "stop after this many steps in all");
  declare_batch(arguments, options);
  arguments.row(
      "optimizer", recipe::optimizers, [&](const std::string& word) { options.optimizer = word; },
      "options as in a recipe: sgd(rate=0.1); one that is not the recipe's has its own default rate (default: the "
      "recipe's)");
  arguments.real(
      "lr", 0, 1e6, [&](double x) { options.rate = x; }, "learning rate (default: the recipe's)");
  arguments.real(
      "momentum", 0, 0.999999, [&](double x) { options.momentum = x; }, "of the optimizer (default: the recipe's)");
  arguments.real(
      "weight-decay", 0, 1e6, [&](double x) { options.weight_decay = x; }, "of the weights (default: the recipe's)");
  arguments.row(
      "schedule", recipe::schedules, [&](const std::string& word) { options.schedule = word; },
      "of the rate (default: the recipe's)");
  arguments.words("rates", 0, "KIND=X,…", options.rates,
                  "factors on the rate: weights, latents, alpha, bias, batchnorm, neuron (default: the recipe's)");
  arguments.words("decays", 0, "KIND=X,…", options.decays,
                  "weight decays in place of the optimizer's, by the same kinds (default: the recipe's)");
  declare_settings(arguments, options);
  declare_seed(arguments, options, "of weights, order and augmentation (default: 1)");
  declare_weights(arguments, options, deployed);
  arguments.words("fresh", 0, "LAYER,…", options.fresh,
                  "layers that do not begin with --weights but anew: classifier, where the classes are others");
  arguments.flag("no-shuffle", 0, options.no_shuffle, "samples in their order");
  arguments.words("augment", 0, "LIST", options.augment,
                  table_text(recipe::augmentations) + "; crop=4 is short for the first option (default: the recipe's)");
  arguments.flag("no-augment", 0, options.no_augment, "samples as they are");
  arguments.text("run-dir", 0, "DIR", options.run_dir, "where checkpoints and metrics go (default: runs/NAME)");
  arguments.text("tensorboard", 0, "DIR", options.tensorboard, "also write TensorBoard's event files there");
  arguments.flag("resume", 0, options.resume, "continue the run in --run-dir, bit for bit");
  arguments.whole(
      "log-every", 0, 1, 1000000000, [&](int64_t n) { options.log_every = n; },
      "a line of metrics every N steps (default: 100)");
  arguments.whole(
      "save-every", 0, 1, 1000000000, [&](int64_t n) { options.save_every = n; },
      "a checkpoint every N steps, in addition to that of every epoch");
  declare_accuracy(arguments, options);
  arguments.flag("quiet", 'q', options.quiet, "no progress");
  declare_threads(arguments, options);
}

} // namespace rvb::runtime
