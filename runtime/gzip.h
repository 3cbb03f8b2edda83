// gzip files, through zlib. gzip_none.cpp stands in for programs that are linked without readers.
#pragma once

#include "files.h"

#include <string>

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes);
// All members, one behind the other; zeros may follow them. Failure(user) when a stream is damaged.
Bytes gunzip(const Bytes& bytes, const std::string& path);

// A deflate stream without a header (ZIP). False when it is damaged or does not give exactly `size` bytes.
bool inflate_raw(const uint8_t* data, size_t count, uint8_t* to, size_t size, const std::string& path);

uint32_t crc32_of(const Bytes& bytes); // the check sum of gzip and ZIP

} // namespace rvb::runtime
