// Where the time of inference, or with --train of a training step, goes: kernel by kernel, layer by layer.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/random.h"
#include "core/core.h"
#include "core/profile.h"
#include "drawing/profile_page.h"
#include "optimizers/optimizer.h"

#include <algorithm>
#include <chrono>

namespace rvb::runtime {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  const size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(half), values.end());
  return values[half];
}

// A function of the program, called over and over with the same numbers.
class Work {
public:
  Work(const Context& context, ParameterSet& parameters, const std::string& name, int64_t batch)
      : parameters_(parameters), batch_(batch), function_(context.program, context.manifest, name, batch, &parameters) {
    const Manifest& m = context.manifest;
    fill_normal({1, 0, 0, Draw::input}, function_.image(), batch * (m.sequence ? m.steps : 1) * m.pixels());
    for (int64_t i = 0; i < batch && !m.regression; ++i) // numbers to be learned stay 0
      function_.labels()[i] = static_cast<int32_t>(i % m.classes);
    if (!context.options.train)
      return;
    optimizer_.emplace(m.parameters, m.recipe);
    for (const Parameter& p : m.parameters)
      gradients_.push_back(function_.result(RVB_GRADIENT, p.name));
  }

  void run() {
    const double begin = now();
    function_.run(batch_);
    const double middle = now();
    if (optimizer_) // a rate at which weights stay where they are
      optimizer_->step(parameters_, gradients_, 1e-9, ++steps_);
    step = now() - middle;
    whole = now() - begin;
  }

  double whole = 0, step = 0; // seconds of the last run, and of the optimiser in it

private:
  ParameterSet& parameters_;
  int64_t batch_, steps_ = 0;
  Function function_;
  std::optional<Optimizer> optimizer_;
  std::vector<const float*> gradients_;
};

// At least --repeats runs, and on for --seconds while runs are short.
void measure(const Options& options, Work& plain, Work& timed, Profile& profile) {
  std::vector<double> wholes, timeds, steps, kernels(profile.kernels.size());
  std::vector<std::vector<double>> runs(kernels.size());
  plain.run();
  timed.run();
  double spent = 0;
  while (static_cast<int64_t>(wholes.size()) < options.repeats || (spent < options.seconds && wholes.size() < 1000)) {
    plain.run();
    std::fill(kernels.begin(), kernels.end(), 0.0);
    rvb_profile_into(kernels.data(), static_cast<int32_t>(kernels.size()));
    timed.run();
    rvb_profile_into(nullptr, 0);
    spent += plain.whole + timed.whole;
    wholes.push_back(plain.whole);
    timeds.push_back(timed.whole);
    steps.push_back(timed.step);
    for (size_t i = 0; i < kernels.size(); ++i)
      runs[i].push_back(kernels[i]);
  }
  profile.runs = wholes.size();
  profile.whole = median(std::move(wholes));
  profile.timed = median(std::move(timeds));
  if (options.train)
    profile.step = median(std::move(steps));
  for (size_t i = 0; i < runs.size(); ++i)
    profile.kernels[i].seconds = median(std::move(runs[i]));
}

} // namespace

int run_profile(const Context& context) {
  const Options& options = context.options;
  const Manifest& m = context.manifest;
  check_cpu(context.program);
  ParameterSet parameters(m.parameters);
  if (options.weights.empty())
    parameters.initialize(1);
  else
    parameters.load(options.weights);
  const std::string function = options.train ? "gradient" : "infer";
  Profile profile;
  profile.what = options.train ? "training step" : "inference";
  profile.batch = options.batch.value_or(options.train ? m.recipe.batch : 32);
  rvb_set_threads(thread_count(options.threads));
  profile.machine = measure_machine(rvb_team(), context.program.features);
  profile.kernels = profile_rows(m, function, profile.batch, profile.machine);
  Work plain(context, parameters, function, profile.batch);
  Work timed(context, parameters, function + ".profiled", profile.batch);
  measure(options, plain, timed, profile);
  if (!options.output.empty())
    write_file(options.output, profile_page(m, profile));
  if (options.json)
    print(json_text(profile_json(m, profile), 2) + "\n");
  else if (options.output != "-")
    print(profile_text(m, profile));
  return 0;
}

} // namespace rvb::runtime
