#include "gzip.h"

#include "failure.h"

#include <algorithm>
#include <memory>
#include <new>
#include <zlib.h>

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes) {
  return bytes.size() > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

Bytes gunzip(const Bytes& bytes, const std::string& path) {
  constexpr size_t limit = size_t{1} << 32; // far above the data sets that come gzipped, far below a decompression bomb
  constexpr size_t piece = size_t{1} << 30; // zlib counts in 32 bits
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) // + 16: a gzip header, not zlib's
    throw std::bad_alloc();                   // the only reason there is
  std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  Bytes out(bytes.size() * 4 + 4096);
  size_t read = 0, filled = 0;
  for (;;) {
    int code = Z_OK;
    while (code == Z_OK && filled < limit) {
      if (filled == out.size())
        out.resize(out.size() * 2);
      size_t in = std::min(bytes.size() - read, piece), room = std::min(out.size() - filled, piece);
      stream.next_in = const_cast<Bytef*>(bytes.data() + read);
      stream.avail_in = static_cast<uInt>(in);
      stream.next_out = out.data() + filled;
      stream.avail_out = static_cast<uInt>(room);
      code = inflate(&stream, Z_NO_FLUSH);
      read += in - stream.avail_in;
      filled += room - stream.avail_out;
    }
    if (code == Z_MEM_ERROR)
      throw std::bad_alloc();
    if (code != Z_STREAM_END)
      throw Failure(Exit::user,
                    path + ": the gzip stream is damaged or truncated after " + std::to_string(filled) + " bytes");
    auto next = bytes.begin() + static_cast<std::ptrdiff_t>(read);
    if (std::all_of(next, bytes.end(), [](uint8_t byte) { return byte == 0; })) // as tapes are filled up
      break;
    if (*next != 0x1f)
      throw Failure(Exit::user, path + ": " + std::to_string(bytes.end() - next) +
                                    " bytes that are no gzip stream follow the data");
    inflateReset(&stream);
  }
  out.resize(filled);
  return out;
}

bool inflate_raw(const uint8_t* data, size_t count, uint8_t* to, size_t size, const std::string&) {
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK)
    throw std::bad_alloc();
  stream.next_in = const_cast<Bytef*>(data);
  stream.avail_in = static_cast<uInt>(count);
  stream.next_out = to;
  stream.avail_out = static_cast<uInt>(size);
  int code = inflate(&stream, Z_FINISH);
  bool whole = code == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  if (code == Z_MEM_ERROR)
    throw std::bad_alloc();
  return whole;
}

uint32_t crc32_of(const Bytes& bytes) {
  return static_cast<uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

} // namespace rvb::runtime
