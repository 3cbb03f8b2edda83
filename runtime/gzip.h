// gzip files, through zlib. gzip_none.cpp stands in for programs that are linked without readers.
#pragma once

#include "files.h"

#include <string>

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes);
Bytes gunzip(const Bytes& bytes, const std::string& path); // Failure(user) when the stream is damaged

} // namespace rvb::runtime
