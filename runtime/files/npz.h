// NumPy's .npz: a ZIP archive of .npy files, stored or deflated.
#pragma once

#include "base/files.h"

#include <string>
#include <utility>
#include <vector>

namespace rvb::runtime {

bool is_zip(const Bytes& bytes);
// Names (without .npy) and contents, of at most `most` bytes in all. Failure(user).
std::vector<std::pair<std::string, Bytes>> parse_npz(const Bytes& bytes, const std::string& path,
                                                     uint64_t most = uint64_t{1} << 30);
// Stored, not deflated, each under its name and .npy; the same bytes each time. Failure(user) beyond 4 GiB.
std::string print_npz(const std::vector<std::pair<std::string, std::string>>& members, const std::string& path);

} // namespace rvb::runtime
