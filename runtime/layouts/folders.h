// Data sets with one folder a class.
#pragma once

#include "data/dataset.h"

namespace rvb::runtime {

extern const char* const class_folders_expected;
bool class_folders_present(const std::string& folder);
std::unique_ptr<Dataset> open_class_folders(const DataSettings& settings, Split split, const Manifest& manifest);

} // namespace rvb::runtime
