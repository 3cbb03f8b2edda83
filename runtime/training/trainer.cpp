#include "training/trainer.h"

#include "base/failure.h"
#include "base/interrupt.h"
#include "base/messages.h"
#include "base/number_text.h"
#include "base/random.h"
#include "evaluation/firing.h"
#include "training/batches.h"
#include "training/reached.h"
#include "training/reestimate.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace rvb::runtime {

Trainer::Trainer(const Network& network, const TrainingPlan& plan, RunDirectory& run, const Dataset& train,
                 const Dataset* test, bool quiet)
    : network_(network), manifest_(network.manifest), plan_(plan), run_(run), train_(train), test_(test),
      weights_(manifest_.parameters), optimizer_(manifest_.parameters, plan),
      steps_per_epoch_(epoch_steps(manifest_, train.count(), plan.batch)),
      gradient_(network.program, manifest_, "gradient", std::min(plan.batch, train.count()), &weights_),
      infer_(network.program, manifest_, "infer", test == nullptr ? 1 : std::min(plan.batch, test->count()), &weights_),
      progress_(quiet, plan.epochs, steps_per_epoch_) {
  state_.regression = manifest_.regression;
  for (const Parameter& p : manifest_.parameters)
    gradients_.push_back(gradient_.result(RVB_GRADIENT, p.name));
}

namespace {

// While it exists, the weights are those that an epoch is tested with: their moving average, and BatchNorm's statistics
// as they are taken anew.
class TestedWeights {
public:
  TestedWeights(ParameterSet& weights, Optimizer& optimizer, bool differ)
      : weights_(weights), optimizer_(optimizer), differ_(differ) {
    if (!differ_)
      return;
    optimizer_.swap_average(weights_);
    for (int p = 0; p < weights_.count(); ++p)
      if (!weights_.info(p).trainable)
        statistics_.emplace_back(p, std::vector<float>(weights_[p].data(), weights_[p].data() + weights_[p].size()));
  }
  ~TestedWeights() {
    if (differ_)
      optimizer_.swap_average(weights_);
    for (const auto& [p, values] : statistics_)
      std::copy(values.begin(), values.end(), weights_[p].data());
  }
  TestedWeights(const TestedWeights&) = delete;
  TestedWeights& operator=(const TestedWeights&) = delete;
  bool differ() const { return differ_; }

private:
  ParameterSet& weights_;
  Optimizer& optimizer_;
  bool differ_;
  std::vector<std::pair<int, std::vector<float>>> statistics_;
};

} // namespace

void Trainer::diverged(const std::string& seen) const {
  throw Failure(Exit::user, fmt::format("{}: training has diverged; {}; try a lower --lr", seen,
                                        file_exists(run_.last()) ? "the last checkpoint is kept in " + run_.last()
                                                                 : "no checkpoint had been written yet"));
}

void Trainer::train_step(Loader& loader, double rate) {
  int64_t count = loader.next(gradient_.image(), gradient_.labels());
  gradient_.set_key(plan_.seed, state_.step); // what a step draws follows from its number, also after a resume
  gradient_.set_progress(static_cast<double>(state_.step) / static_cast<double>(plan_.epochs * steps_per_epoch_));
  const std::optional<Mix> mix = mix_of(variation(), state_.epoch_step, manifest_.height, manifest_.width);
  float loss = 0;
  std::vector<const float*> gradients = gradients_;
  if (mix) {
    loss = run_mixed(*mix, count);
    for (size_t p = 0; p < gradients.size(); ++p)
      gradients[p] = gradients[p] == nullptr ? nullptr : mixed_[p].data();
  } else {
    gradient_.run(count);
    loss = gradient_.result(RVB_LOSS)[0];
  }
  if (!std::isfinite(loss))
    diverged(fmt::format("the loss is {} at step {} (epoch {})", loss, state_.step + 1, state_.epoch + 1));
  count_flips(optimizer_.step(weights_, gradients, rate, state_.step + 1));
  for (int p = 0; p < weights_.count(); ++p)
    if (const float* batch = gradient_.result(RVB_STATISTIC, weights_.info(p).name))
      update_statistic(weights_[p], batch, weights_.info(p).momentum);

  int64_t correct = 0;
  if (const float* logits = manifest_.regression ? nullptr : gradient_.result(RVB_LOGITS))
    for (int64_t i = 0; i < count; ++i)
      correct += decision(logits + i * manifest_.classes, manifest_.classes) == gradient_.labels()[i];
  state_.epoch_sum.add(loss, correct, count);
  state_.group_sum.add(loss, correct, count);
  ++state_.epoch_step;
  ++state_.step;
}

// The loss of a mixed batch is share * loss(own labels) + (1 - share) * loss(the others' labels), and so is its
// gradient: two passes. Its accuracy is counted by the labels of the larger share.
float Trainer::run_mixed(const Mix& mix, int64_t count) {
  mix_images(mix, manifest_.sequence ? manifest_.steps : 1, count, manifest_.height, manifest_.width,
             manifest_.channels, gradient_.image());
  int32_t* labels = gradient_.labels();
  const int64_t words = train_.answer_size(), all = count * words;
  const std::vector<int32_t> own(labels, labels + all);
  float loss = 0;
  for (const bool first : {true, false}) {
    if (!first)
      std::rotate(labels, labels + all - words, labels + all);
    const auto share = static_cast<float>(first ? mix.share : 1 - mix.share);
    gradient_.run(count);
    loss += share * gradient_.result(RVB_LOSS)[0];
    for (size_t p = 0; p < gradients_.size(); ++p) {
      if (mixed_.size() == p)
        mixed_.emplace_back(gradients_[p] == nullptr ? 0 : weights_[static_cast<int>(p)].size());
      for (int64_t i = 0; i < mixed_[p].size(); ++i)
        mixed_[p][i] = (first ? 0 : mixed_[p][i]) + share * gradients_[p][i];
    }
  }
  if (mix.share >= 0.5)
    std::copy(own.begin(), own.end(), labels);
  return loss;
}

void Trainer::count_flips(const std::vector<int64_t>& flips) {
  state_.flips_of.resize(flips.size());
  for (int p = 0; p < weights_.count(); ++p)
    if (weights_.info(p).binary) {
      const auto i = static_cast<size_t>(p);
      state_.flips += flips[i];
      state_.flips_of[i] += flips[i];
    }
}

Position Trainer::position(int64_t epoch_step) const {
  return {state_.epoch, plan_.epochs, state_.epoch * steps_per_epoch_ + epoch_step, plan_.epochs * steps_per_epoch_};
}

void Trainer::log(const nlohmann::ordered_json& line, const Scalars& scalars) {
  run_.log(line);
  if (events_.is_open())
    events_.add(state_.step, scalars);
}

void Trainer::log_group(double rate) {
  const Sum& sum = state_.group_sum;
  nlohmann::ordered_json line = {
      {"kind", "step"}, {"step", state_.step}, {"epoch", state_.epoch + 1}, {"loss", sum.mean_loss()}};
  Scalars scalars = {{"steps/loss", sum.mean_loss()}};
  if (!manifest_.regression) {
    line["accuracy"] = sum.accuracy();
    scalars.emplace_back("steps/accuracy", sum.accuracy());
  }
  line["lr"] = rate;
  line["images_per_second"] = std::round(progress_.images_per_second());
  scalars.emplace_back("learning_rate", rate);
  log(line, scalars);
}

void Trainer::warn_of_firing() {
  for (const FiringFault& fault : firing_faults(network_, weights_, train_)) {
    std::vector<std::string>& told = state_.warned;
    if (std::find(told.begin(), told.end(), fault.layer) != told.end())
      continue;
    told.push_back(fault.layer);
    progress_.clear();
    tell("warning: epoch {}: {}\n", state_.epoch, fault.text());
    run_.log({{"kind", "warning"},
              {"epoch", state_.epoch},
              {"steps", state_.step},
              {"layer", fault.layer},
              {"fires", fault.always ? "always" : "never"},
              {"text", fault.text()}});
  }
}

bool Trainer::test(Scores& scores) {
  if (test_ == nullptr)
    return true;
  try {
    run_over(*test_, manifest_, infer_, [&](int64_t, int64_t count, const float* logits, const int32_t* labels) {
      scores.add(logits, labels, count);
      return !interrupted();
    });
  } catch (const NotFinite& found) {
    diverged(fmt::format("testing epoch {}: {}", state_.epoch + 1, found.what()));
  }
  return scores.count == test_->count();
}

// Flips in the epoch as a share of the weights, and the share of latent weights outside of the window in which the
// straight-through gradient passes: in all and layer by layer. Text for the epoch's line.
std::string Trainer::log_signs(nlohmann::ordered_json& line, Scalars& scalars) const {
  int64_t signs = 0, outside = 0;
  nlohmann::ordered_json layers = nlohmann::ordered_json::object();
  const auto share = [](int64_t part, int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); };
  for (int p = 0; p < weights_.count(); ++p) {
    const Parameter& info = weights_.info(p);
    if (!info.binary)
      continue;
    signs += info.elements;
    const double window = manifest_.json["parameters"][static_cast<size_t>(p)].value("window", HUGE_VAL);
    const float* w = weights_[p].data();
    const int64_t beyond = std::count_if(w, w + info.elements, [&](float x) { return std::fabs(x) > window; });
    outside += beyond;
    const int64_t flips = state_.flips_of.empty() ? 0 : state_.flips_of[static_cast<size_t>(p)];
    layers[info.name] = {{"flips", share(flips, info.elements)}, {"outside", share(beyond, info.elements)}};
  }
  if (signs == 0)
    return "";
  line["flips"] = share(state_.flips, signs);
  line["outside"] = share(outside, signs);
  line["layers"] = layers;
  scalars.emplace_back("flips", share(state_.flips, signs));
  scalars.emplace_back("outside", share(outside, signs));
  for (const auto& [name, values] : layers.items()) {
    scalars.emplace_back("flips/" + name, values["flips"].get<double>());
    scalars.emplace_back("outside/" + name, values["outside"].get<double>());
  }
  return fmt::format("  flips {:.2f} %  outside {:.2f} %", 100 * share(state_.flips, signs),
                     100 * share(outside, signs));
}

// Spikes of some samples in the network as it is tested; null in programs that do not show them.
std::unique_ptr<EnergyCounter> Trainer::count_spikes() const {
  constexpr int64_t samples = 32, batch = 8;
  if (manifest_.neurons.empty() || find_function(network_.program, "observe") == nullptr)
    return nullptr;
  auto counter = std::make_unique<EnergyCounter>(network_, &weights_, batch);
  counter->add(test_ != nullptr ? *test_ : train_, samples);
  return counter;
}

std::string Trainer::log_rates(const std::unique_ptr<EnergyCounter>& spikes, nlohmann::ordered_json& line,
                               Scalars& scalars) const {
  if (spikes == nullptr)
    return "";
  int64_t all = 0, updates = 0;
  line["rates"] = nlohmann::ordered_json::object();
  for (size_t i = 0; i < manifest_.neurons.size(); ++i) {
    const NeuronCount& n = spikes->neurons()[i];
    all += n.spikes;
    updates += n.updates;
    const double rate = n.updates == 0 ? 0 : static_cast<double>(n.spikes) / static_cast<double>(n.updates);
    line["rates"][manifest_.neurons[i].path] = rate;
    scalars.emplace_back("rate/" + manifest_.neurons[i].path, rate);
  }
  const double rate = updates == 0 ? 0 : static_cast<double>(all) / static_cast<double>(updates);
  line["rate"] = rate;
  scalars.emplace_back("rate", rate);
  return fmt::format("  rate {:.3f}", rate);
}

bool Trainer::finish_epoch(double rate) {
  double speed = progress_.images_per_second();
  Scores scores(manifest_);
  if (test_ != nullptr)
    progress_.evaluating();
  const std::string part = plan_.validation.wanted() ? "validation" : "test";
  const Reached reached{manifest_, test_ != nullptr ? &scores : nullptr, state_.epoch_sum, part};
  std::unique_ptr<EnergyCounter> spikes;
  bool better = false;
  {
    TestedWeights tested(weights_, optimizer_, tests_other_weights()); // until the end of the block
    if (tested.differ() && !reestimate_batchnorm(gradient_, weights_, manifest_, train_, [] { return !interrupted(); }))
      return false;
    if (!test(scores))
      return false;
    better = reached.better_than(state_);
    if (better) {
      state_.best = reached.value();
      state_.best_epoch = state_.epoch + 1;
    }
    // These weights are nowhere else; whoever is killed before the checkpoint does the epoch, and them, again.
    if (better && tested.differ())
      run_.save_best(manifest_, weights_, state_);
    spikes = count_spikes();
    if (tested.differ())
      run_.save_tested(manifest_, weights_, state_, reached.value());
  }
  nlohmann::ordered_json line = {{"kind", "epoch"}, {"epoch", state_.epoch + 1}, {"steps", state_.step}};
  Scalars scalars;
  reached.log(line, scalars);
  const std::string watched = log_signs(line, scalars) + log_rates(spikes, line, scalars);
  line[manifest_.regression ? "best_error" : "best_accuracy"] = state_.best;
  line["best_epoch"] = state_.best_epoch;
  line["lr"] = rate;
  line["images_per_second"] = std::round(speed);
  line["train_hash"] = train_.provenance().hash;
  if (test_ != nullptr)
    line[part + "_hash"] = test_->provenance().hash;
  std::string text =
      fmt::format("epoch {:>{}}/{}  {}  lr {:.4g}{}", state_.epoch + 1, std::to_string(plan_.epochs).size(),
                  plan_.epochs, reached.text(state_), rate, watched);
  ++state_.epoch;
  state_.epoch_step = 0;
  state_.epoch_sum = {};
  state_.flips = 0;
  state_.flips_of.clear();
  warn_of_firing();
  // Logged before it is saved: whoever is killed in between does the epoch again, and its first line goes.
  log(line, scalars);
  save();
  if (better && !tests_other_weights())
    run_.save_best(manifest_, weights_, state_);
  progress_.clear();
  if (speed > 0) // a run resumed at the end of an epoch has no speed yet
    text += "  " + with_spaces(speed) + " img/s" +
            (state_.epoch < plan_.epochs ? "  ETA " + duration(progress_.seconds_left(state_)) : "");
  print(text + "\n");
  flush_output();
  return true;
}

Exit Trainer::run(int64_t stop, int64_t log_every, int64_t save_every) {
  std::vector<int64_t> order(static_cast<size_t>(train_.count()));
  std::iota(order.begin(), order.end(), 0);
  auto stopped = [&](Exit exit) {
    progress_.clear();
    save();
    return exit;
  };
  // Whoever was killed between the two files of an epoch's end has the best weights only as the last ones.
  if (!tests_other_weights() && state_.epoch > 0 && state_.epoch_step == 0 && state_.best_epoch == state_.epoch)
    run_.save_best(manifest_, weights_, state_);
  while (state_.epoch < plan_.epochs) {
    if (plan_.shuffle)
      order = permutation(plan_.seed, static_cast<uint32_t>(state_.epoch), train_.count());
    progress_.begin_epoch(state_.epoch);
    Loader loader(train_, manifest_, order, plan_.batch, variation(), state_.epoch_step);
    while (state_.epoch_step < steps_per_epoch_) {
      if (interrupted())
        return stopped(Exit::interrupted);
      if (stop > 0 && state_.step >= stop)
        return stopped(Exit::ok);
      const double rate = learning_rate(plan_, position(state_.epoch_step));
      train_step(loader, rate);
      // Groups end where the number of the step says, not where this process began: a resumed run logs the same lines.
      bool group = state_.step % log_every == 0;
      Sum sum = state_.group_sum;
      if (group) {
        log_group(rate);
        state_.group_sum = {};
      }
      int64_t samples = std::min(plan_.batch, train_.count() - (state_.epoch_step - 1) * plan_.batch);
      progress_.step(state_, samples, rate, group ? &sum : nullptr);
      if (save_every > 0 && state_.step % save_every == 0)
        save();
    }
    if (interrupted() || !finish_epoch(learning_rate(plan_, position(steps_per_epoch_ - 1))))
      return stopped(Exit::interrupted);
  }
  return Exit::ok;
}

} // namespace rvb::runtime
