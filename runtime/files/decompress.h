// LZ4 frames and Zstandard, as AEDAT 4 uses them.
#pragma once

#include "base/files.h"

namespace rvb::runtime {

// All frames, one after the other. Failure(user) when the data is damaged or becomes larger than `most` bytes.
Bytes unpack_lz4(const uint8_t* data, size_t size, size_t most, const std::string& path);
Bytes unpack_zstd(const uint8_t* data, size_t size, size_t most, const std::string& path);

} // namespace rvb::runtime
