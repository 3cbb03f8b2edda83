// gzip files, through zlib. gzip_none.cpp stands in for programs that are linked without readers.
#pragma once

#include "files.h"

#include <string>

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes);
Bytes gunzip(const Bytes& bytes, const std::string& path); // Failure(user) when the stream is damaged

// A deflate stream without a header (ZIP). False when it is damaged or does not give exactly `size` bytes.
bool inflate_raw(const uint8_t* data, size_t count, uint8_t* to, size_t size, const std::string& path);

} // namespace rvb::runtime
