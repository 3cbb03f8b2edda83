// Samples that are drawn instead of read, the same on every machine: for trying a network before there are data.
#pragma once

#include "data/dataset.h"

namespace rvb::runtime {

// `random:SEED` or `random:SEED:COUNT` in place of a file: normal numbers, without labels; 16 samples.
bool is_random(const std::string& input);
std::unique_ptr<Dataset> open_random(const std::string& input, const Manifest& manifest);

// `synthetic` or `synthetic:COUNT` in place of a folder: classes that can be learned, each a pattern of its own under
// noise; COUNT (1000) training samples, and a fifth as many to test with.
bool is_synthetic(const std::string& folder);
std::unique_ptr<Dataset> open_synthetic(const DataSettings& settings, Split split, const Manifest& manifest);

} // namespace rvb::runtime
