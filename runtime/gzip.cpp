#include "gzip.h"

#include "failure.h"

#include <algorithm>
#include <zlib.h>

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes) {
  return bytes.size() > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

Bytes gunzip(const Bytes& bytes, const std::string& path) {
  constexpr size_t limit = size_t{1} << 32; // far above the data sets that come gzipped, far below a decompression bomb
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) // + 16: a gzip header, not zlib's
    throw Failure(Exit::internal, "zlib does not start");
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  Bytes out(bytes.size() * 4 + 4096);
  int code = Z_OK;
  while (code == Z_OK && stream.total_out < limit) {
    if (stream.total_out == out.size())
      out.resize(out.size() * 2);
    stream.next_out = out.data() + stream.total_out;
    stream.avail_out = static_cast<uInt>(std::min<size_t>(out.size() - stream.total_out, 1u << 30));
    code = inflate(&stream, Z_NO_FLUSH);
  }
  out.resize(stream.total_out);
  inflateEnd(&stream);
  if (code != Z_STREAM_END)
    throw Failure(Exit::user,
                  path + ": the gzip stream is damaged or truncated after " + std::to_string(out.size()) + " bytes");
  return out;
}

bool inflate_raw(const uint8_t* data, size_t count, uint8_t* to, size_t size, const std::string&) {
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK)
    throw Failure(Exit::internal, "zlib does not start");
  stream.next_in = const_cast<Bytef*>(data);
  stream.avail_in = static_cast<uInt>(count);
  stream.next_out = to;
  stream.avail_out = static_cast<uInt>(size);
  int code = inflate(&stream, Z_FINISH);
  bool whole = code == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  return whole;
}

} // namespace rvb::runtime
