// What a file is, by its first bytes: for the message when it is not what was asked for.
#pragma once

#include "base/failure.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rvb::runtime {

// "an NPZ archive (numpy.savez)"; "" when nothing is known of it.
std::string what_is(const uint8_t* bytes, size_t size);
// Those that weights come in, or are mistaken for.
enum class FileKind { other, npz, pytorch };
FileKind kind_of(const uint8_t* bytes, size_t size);
// Failure(user): PATH is …; expected `wanted`.
Failure unlike(const std::string& path, const std::vector<uint8_t>& bytes, const std::string& wanted);
Failure unlike(const std::string& path, const uint8_t* bytes, size_t size, const std::string& wanted);

} // namespace rvb::runtime
