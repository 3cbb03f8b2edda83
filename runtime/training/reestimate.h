// BatchNorm's statistics anew, the weights as they are: what torch.optim.swa_utils.update_bn does.
#pragma once

#include "data/dataset.h"
#include "network/function.h"

#include <functional>

namespace rvb::runtime {

// `gradient` computes with `weights` and is left as it is, but for its image, labels and results. The statistics become
// the means over the batches of what training would take from each, a batch counting by its samples; samples come in
// their order and as they are. False when `go_on` says so: the statistics are then what they were.
bool reestimate_batchnorm(Function& gradient, ParameterSet& weights, const Manifest& manifest, const Dataset& samples,
                          const std::function<bool()>& go_on);

} // namespace rvb::runtime
