// reestimate-batchnorm: weights with BatchNorm's statistics taken anew.
#include "commands/commands.h"

#include "files/weights.h"

#include "base/failure.h"
#include "base/messages.h"
#include "training/reestimate.h"

#include <algorithm>
#include <fmt/format.h>

namespace rvb::runtime {

int run_reestimate(const Context& context) {
  const Manifest& m = context.manifest;
  check_cpu(context.program);
  require(!context.options.output.empty(), "-o W.safetensors");
  ParameterSet weights = load_parameters(context);
  std::unique_ptr<Dataset> samples = open_samples(context, Split::train, true);
  const int64_t batch = std::min(context.options.batch.value_or(m.recipe.batch), samples->count());
  Function gradient(context.program, m, "gradient", batch, &weights);
  int64_t taken = 0;
  for (int p = 0; p < weights.count(); ++p)
    taken += gradient.result(RVB_STATISTIC, weights.info(p).name) != nullptr ? 1 : 0;
  if (taken == 0)
    throw Failure(Exit::user, "`" + m.name + "` has no BatchNorm");
  reestimate_batchnorm(gradient, weights, m, *samples, [] { return true; });
  if (!weights.finite())
    throw Failure(Exit::user, "a statistic is not finite: the weights or the samples are too large");
  write_weights(context.options.output, {weights.tensors(), {{"format", "pt"}}});
  tell("{} statistics over {} samples into {}\n", taken, samples->count(), context.options.output);
  return 0;
}

} // namespace rvb::runtime
