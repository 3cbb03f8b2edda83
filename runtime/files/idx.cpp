#include "files/idx.h"

#include "base/failure.h"
#include "files/recognise.h"

#include <algorithm>

namespace rvb::runtime {

namespace {

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

} // namespace

void IdxFile::fail(const std::string& text) const {
  throw Failure(Exit::user, path_ + ": not a valid IDX file: " + text);
}

IdxFile::IdxFile(const std::string& path, int rank) : path_(path) {
  InputFile file(path, "an IDX file");
  file_.resize(std::min<uint64_t>(file.size(), 64));
  file_.resize(file.read(file_.data(), file_.size()));
  if (!is_gzip(file_)) { // before all of it is read
    read_header(file_.data(), file_.size(), rank);
    check_count(file.size() - header_);
    shape_.clear();
  }
  const size_t filled = file_.size();
  file_.resize(std::max<uint64_t>(filled, file.size()));
  file_.resize(filled + file.read(file_.data() + filled, file_.size() - filled));
  begin(rank);
}

IdxFile::IdxFile(Bytes file, int rank, const std::string& path) : path_(path), file_(std::move(file)) {
  begin(rank);
}

void IdxFile::begin(int rank) {
  if (!is_gzip(file_)) {
    read_header(file_.data(), file_.size(), rank);
    check_count(file_.size() - header_);
    return;
  }
  unpacker_ = std::make_unique<Unpacker>(Unpacker::Kind::gzip, file_.data(), file_.size(), path_);
  Bytes header(4 + 4 * static_cast<size_t>(rank));
  header.resize(unpacker_->read(header.data(), header.size()));
  read_header(header.data(), header.size(), rank);
  if (count_ > 1040 * static_cast<uint64_t>(file_.size()) + 64) // Deflate packs at most 1032 to 1
    fail("the header promises " + std::to_string(count_) + " values, more than " + std::to_string(file_.size()) +
         " packed bytes can hold");
}

void IdxFile::read_header(const uint8_t* bytes, size_t size, int rank) {
  header_ = 4 + 4 * static_cast<size_t>(rank);
  const char* wanted = rank == 3 ? "0x00000803 (images)" : "0x00000801 (labels)";
  if (std::string kind = what_is(bytes, size); !kind.empty() && kind.find("IDX") == std::string::npos)
    throw unlike(path_, bytes, size, std::string("an IDX file, which begins with ") + wanted);
  if (size < header_)
    fail("it has " + std::to_string(size) + " bytes, the header takes " + std::to_string(header_));
  if (big_endian(bytes) != 0x0800u + static_cast<uint32_t>(rank))
    fail(std::string("it does not begin with ") + wanted);
  count_ = 1;
  for (int i = 0; i < rank; ++i) {
    uint32_t extent = big_endian(bytes + 4 + 4 * i);
    shape_.push_back(extent);
    if (__builtin_mul_overflow(count_, uint64_t{extent}, &count_))
      fail("the extents are too large");
  }
}

void IdxFile::check_count(uint64_t there) const {
  if (count_ != there)
    fail("the header promises " + std::to_string(count_) + " values, " + std::to_string(there) + " are there");
}

Bytes IdxFile::values() {
  if (!unpacker_) {
    file_.erase(file_.begin(), file_.begin() + static_cast<std::ptrdiff_t>(header_));
    return std::move(file_);
  }
  Bytes values(count_);
  check_count(unpacker_->read(values.data(), values.size()));
  uint8_t more;
  if (unpacker_->read(&more, 1) != 0)
    fail("the header promises " + std::to_string(count_) + " values, more are there");
  return values;
}

} // namespace rvb::runtime
