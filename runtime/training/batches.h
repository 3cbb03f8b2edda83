// Which batches BatchNorm can train on. It needs two values a channel: the variance of one is 0, and would pull the
// running variance towards 0. Layers over features alone have one value a sample where the time steps are alike.
#pragma once

#include "network/manifest.h"

namespace rvb::runtime {

// Failure(user) when a batch of `count` samples leaves a BatchNorm one value a channel.
void check_batch(const Manifest& manifest, int64_t count);

// Steps of an epoch over `samples` in batches of `batch`, the last of which may be smaller. One that would hold a
// single sample is left out where BatchNorm cannot train on it. Failure(user) when that leaves none.
int64_t epoch_steps(const Manifest& manifest, int64_t samples, int64_t batch);
// Whether epoch_steps leaves one out, and for which layer's sake; "": none.
std::string left_out_for(const Manifest& manifest, int64_t samples, int64_t batch);

} // namespace rvb::runtime
