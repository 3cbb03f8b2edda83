#include "files/decompress.h"

#include "base/dynamic_library.h"
#include "base/failure.h"

#include <algorithm>
#include <lz4frame.h>
#include <memory>
#include <zstd.h>

namespace rvb::runtime {

namespace {

[[noreturn]] void damaged(const std::string& path, const char* what) {
  throw Failure(Exit::user, path + ": a packet's " + what + " data is damaged, truncated or too large");
}

struct Lz4 {
  explicit Lz4(const std::string& path) : library(LibraryRow::lz4, path) {
    library.find(create, "LZ4F_createDecompressionContext");
    library.find(decompress, "LZ4F_decompress");
    library.find(free, "LZ4F_freeDecompressionContext");
    library.find(is_error, "LZ4F_isError");
  }
  DynamicLibrary library;
  decltype(LZ4F_createDecompressionContext)* create;
  decltype(LZ4F_decompress)* decompress;
  decltype(LZ4F_freeDecompressionContext)* free;
  decltype(LZ4F_isError)* is_error;
};

struct Zstd {
  explicit Zstd(const std::string& path) : library(LibraryRow::zstd, path) {
    library.find(create, "ZSTD_createDStream");
    library.find(decompress, "ZSTD_decompressStream");
    library.find(free, "ZSTD_freeDStream");
    library.find(is_error, "ZSTD_isError");
  }
  DynamicLibrary library;
  decltype(ZSTD_createDStream)* create;
  decltype(ZSTD_decompressStream)* decompress;
  decltype(ZSTD_freeDStream)* free;
  decltype(ZSTD_isError)* is_error;
};

// Room for more, up to `most`.
bool grow(Bytes& out, size_t filled, size_t most) {
  if (filled == out.size())
    out.resize(std::min(most, out.size() * 2));
  return filled < out.size();
}

} // namespace

Bytes unpack_lz4(const uint8_t* data, size_t size, size_t most, const std::string& path) {
  static const Lz4 lz4(path);
  LZ4F_dctx* context = nullptr;
  if (lz4.is_error(lz4.create(&context, LZ4F_VERSION)))
    throw std::bad_alloc();
  std::unique_ptr<LZ4F_dctx, decltype(lz4.free)> guard(context, lz4.free);
  Bytes out(std::min(most, size * 4 + 1024));
  size_t read = 0, filled = 0, left = 1; // what the library still expects; 0 at the end of a frame
  while (read < size || (left != 0 && filled == out.size())) { // a packet may hold several frames
    if (!grow(out, filled, most))
      damaged(path, "LZ4");
    size_t in = size - read, room = out.size() - filled;
    left = lz4.decompress(context, out.data() + filled, &room, data + read, &in, nullptr);
    if (lz4.is_error(left) || (in == 0 && room == 0))
      damaged(path, "LZ4");
    read += in;
    filled += room;
  }
  if (left != 0)
    damaged(path, "LZ4");
  out.resize(filled);
  return out;
}

Bytes unpack_zstd(const uint8_t* data, size_t size, size_t most, const std::string& path) {
  static const Zstd zstd(path);
  std::unique_ptr<ZSTD_DStream, decltype(zstd.free)> stream(zstd.create(), zstd.free);
  if (!stream)
    throw std::bad_alloc();
  Bytes out(std::min(most, size * 4 + 1024));
  ZSTD_inBuffer in{data, size, 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  size_t left = 1;
  while (in.pos < in.size || (left != 0 && to.pos == to.size)) {
    if (!grow(out, to.pos, most))
      damaged(path, "Zstandard");
    to.dst = out.data();
    to.size = out.size();
    size_t before = in.pos + to.pos;
    left = zstd.decompress(stream.get(), &to, &in);
    if (zstd.is_error(left) || (left != 0 && in.pos + to.pos == before))
      damaged(path, "Zstandard");
  }
  if (left != 0)
    damaged(path, "Zstandard");
  out.resize(to.pos);
  return out;
}

} // namespace rvb::runtime
