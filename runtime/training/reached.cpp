#include "training/reached.h"

#include "base/number_text.h"

#include <fmt/format.h>

namespace rvb::runtime {

double Reached::value() const {
  if (manifest.regression)
    return scores != nullptr ? scores->errors->squared() : training.mean_loss();
  return scores != nullptr ? scores->accuracy() : training.accuracy();
}

bool Reached::better_than(const TrainingState& state) const {
  return state.best_epoch == 0 || (manifest.regression ? value() < state.best : value() > state.best);
}

void Reached::log(nlohmann::ordered_json& line, Scalars& scalars) const {
  line["train_loss"] = training.mean_loss();
  scalars.emplace_back("loss/train", training.mean_loss());
  if (!manifest.regression) {
    line["train_accuracy"] = training.accuracy();
    scalars.emplace_back("accuracy/train", training.accuracy());
  }
  if (scores == nullptr)
    return;
  if (manifest.regression) {
    line[part + "_error"] = scores->errors->squared();
    line[part + "_absolute_error"] = scores->errors->absolute();
    scalars.insert(scalars.end(), {{"error/" + part, scores->errors->squared()},
                                   {"absolute_error/" + part, scores->errors->absolute()}});
    return;
  }
  scalars.insert(scalars.end(), {{"loss/" + part, scores->loss()}, {"accuracy/" + part, scores->accuracy()}});
  line[part + "_loss"] = scores->loss(); // cross entropy; the recipe's may be another
  if (const Recipe& r = manifest.recipe; loss_of_logits(r) && r.loss["smoothing"] > 0)
    line[part + "_recipe_loss"] = scores->smoothed_loss(r.loss["smoothing"]);
  line[part + "_accuracy"] = scores->accuracy();
}

std::string Reached::text(const TrainingState& state) const {
  const std::string loss = "loss " + loss_text(training.mean_loss());
  if (manifest.regression)
    return fmt::format("{}{} (best {} @{})", loss,
                       scores == nullptr ? "" : fmt::format("  {} error {}", part, loss_text(value())),
                       loss_text(state.best), state.best_epoch);
  return fmt::format("{}  train {:.2f} %{} (best {:.2f} % @{})", loss, 100 * training.accuracy(),
                     scores == nullptr ? "" : fmt::format("  {} {:.2f} %", part, 100 * scores->accuracy()),
                     100 * state.best, state.best_epoch);
}

} // namespace rvb::runtime
