// NumPy's .npz: a ZIP archive of .npy files, stored or deflated.
#pragma once

#include "base/files.h"

#include <string>
#include <utility>
#include <vector>

namespace rvb::runtime {

bool is_zip(const Bytes& bytes);
// Names (without .npy) and contents. Failure(user).
std::vector<std::pair<std::string, Bytes>> parse_npz(const Bytes& bytes, const std::string& path);

} // namespace rvb::runtime
