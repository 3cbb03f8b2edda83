#include "files/gzip.h"

#include "base/failure.h"

#include <algorithm>
#include <new>
#include <zlib.h>

namespace rvb::runtime {

struct Unpacker::Stream {
  Kind kind;
  const uint8_t* data;
  size_t left;
  std::string path;
  z_stream z{};
  size_t unpacked = 0;
  bool ended = false;

  // After a member: true when another one follows.
  bool next_member() {
    if (kind == Kind::raw || std::all_of(data, data + left, [](uint8_t byte) { return byte == 0; })) // as on tapes
      return false;
    if (*data != 0x1f)
      throw Failure(Exit::user, path + ": " + std::to_string(left) + " bytes that are no gzip stream follow the data");
    inflateReset(&z);
    return true;
  }
};

bool is_gzip(const Bytes& bytes) {
  return bytes.size() > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

Unpacker::Unpacker(Kind kind, const uint8_t* data, size_t size, const std::string& path)
    : stream_(new Stream{kind, data, size, path}) {
  if (inflateInit2(&stream_->z, kind == Kind::gzip ? 15 + 16 : -15) != Z_OK) // + 16: a gzip header, not zlib's
    throw std::bad_alloc();
}

Unpacker::~Unpacker() {
  inflateEnd(&stream_->z);
}

size_t Unpacker::read(uint8_t* to, size_t count) {
  constexpr size_t piece = size_t{1} << 30; // zlib counts in 32 bits
  Stream& s = *stream_;
  size_t filled = 0;
  while (filled < count && !s.ended) {
    size_t in = std::min(s.left, piece), room = std::min(count - filled, piece);
    s.z.next_in = const_cast<Bytef*>(s.data);
    s.z.avail_in = static_cast<uInt>(in);
    s.z.next_out = to + filled;
    s.z.avail_out = static_cast<uInt>(room);
    int code = inflate(&s.z, Z_NO_FLUSH);
    s.data += in - s.z.avail_in;
    s.left -= in - s.z.avail_in;
    filled += room - s.z.avail_out;
    if (code == Z_MEM_ERROR)
      throw std::bad_alloc();
    if (code == Z_STREAM_END)
      s.ended = !s.next_member();
    else if (code != Z_OK)
      throw Failure(Exit::user, s.path + ": the " + (s.kind == Kind::gzip ? "gzip" : "deflate") +
                                    " stream is damaged or truncated after " + std::to_string(s.unpacked + filled) +
                                    " bytes");
  }
  s.unpacked += filled;
  return filled;
}

uint32_t crc32_of(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

} // namespace rvb::runtime
