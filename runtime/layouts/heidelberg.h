// Spiking Heidelberg Digits (SHD) and Spiking Speech Commands (SSC).
#pragma once

#include "data/dataset.h"

namespace rvb::runtime {

extern const char* const heidelberg_expected;
bool heidelberg_present(const std::string& folder);
std::unique_ptr<Dataset> open_heidelberg(const DataSettings& settings, Split split, const Manifest& manifest);

} // namespace rvb::runtime
