// Pictures that are not packed: BMP, and PPM and PGM in their binary forms.
#include "images/image_kinds.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace rvb::runtime {

namespace {

class Bmp {
public:
  Bmp(const Bytes& bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  Pixels read() {
    const int64_t header = number(14, 4);
    const bool core = header == 12; // OS/2's
    int64_t width = core ? number(18, 2) : static_cast<int32_t>(number(18, 4)),
            height = core ? number(20, 2) : static_cast<int32_t>(number(22, 4));
    bits_ = number(core ? 24 : 28, 2);
    const int64_t packing = core ? 0 : number(30, 4);
    const bool masks = packing == 3 || packing == 6;
    if (packing != 0 && !masks)
      fail("it is packed (method " + std::to_string(packing) + "), which is not read");
    const bool palette = bits_ == 1 || bits_ == 4 || bits_ == 8;
    if ((!palette && bits_ != 16 && bits_ != 24 && bits_ != 32) || (masks && bits_ != 16 && bits_ != 32))
      fail(std::to_string(bits_) + " bits a pixel");
    if (palette)
      read_palette(14 + header, core);
    for (int64_t i = 0; i < 3; ++i)
      masks_[i] = masks         ? static_cast<uint32_t>(number(54 + 4 * i, 4))
                  : bits_ == 16 ? 31u << (10 - 5 * i)
                                : 255u << (16 - 8 * i);
    const bool from_top = height < 0;
    height = std::abs(height);
    const int64_t data = number(10, 4), stride = (width * bits_ + 31) / 32 * 4;
    Pixels pixels = make_pixels(width, height, bytes_, path_);
    if (data + stride * height > static_cast<int64_t>(bytes_.size()))
      fail("it is truncated");
    uint8_t* to = pixels.rgb.data();
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x, to += 3)
        colour(data + stride * (from_top ? y : height - 1 - y), x, to);
    return pixels;
  }

private:
  [[noreturn]] void fail(const std::string& text) const { fail_picture(path_, "BMP", text); }

  int64_t number(int64_t at, int width) const {
    if (at + width > static_cast<int64_t>(bytes_.size()))
      fail("it is truncated");
    int64_t value = 0;
    for (int i = 0; i < width; ++i)
      value |= int64_t{bytes_[static_cast<size_t>(at + i)]} << (8 * i);
    return value;
  }

  void read_palette(int64_t at, bool core) {
    int64_t used = core ? 0 : number(46, 4), most = int64_t{1} << bits_, count = used == 0 ? most : used;
    if (count > most)
      fail("its palette is too large");
    palette_.resize(static_cast<size_t>(most * 3)); // what is not there is black
    for (int64_t i = 0; i < count; ++i)
      for (int64_t c = 0; c < 3; ++c)
        palette_[static_cast<size_t>(3 * i + c)] = static_cast<uint8_t>(number(at + i * (core ? 3 : 4) + 2 - c, 1));
  }

  void colour(int64_t row, int64_t x, uint8_t* to) const {
    const uint8_t* from = bytes_.data() + row + x * bits_ / 8;
    if (bits_ <= 8) {
      auto index = static_cast<size_t>(*from >> (8 - bits_ - x * bits_ % 8) & ((1 << bits_) - 1));
      std::copy_n(&palette_[3 * index], 3, to);
      return;
    }
    uint32_t value = 0;
    for (int64_t i = 0; i < bits_ / 8; ++i)
      value |= uint32_t{from[i]} << (8 * i);
    for (int c = 0; c < 3; ++c) {
      const uint32_t mask = masks_[c], low = mask & (~mask + 1), most = mask == 0 ? 1 : mask / low;
      to[c] = static_cast<uint8_t>(mask == 0 ? 0 : uint64_t{(value & mask) / low} * 255 / most);
    }
  }

  const Bytes& bytes_;
  const std::string& path_;
  int64_t bits_ = 0;
  uint32_t masks_[3] = {};
  Bytes palette_;
};

// The next number of a PNM header; # begins a comment.
int64_t header_number(const Bytes& bytes, size_t& at, const std::string& path) {
  while (at < bytes.size() && (bytes[at] == '#' || std::isspace(bytes[at]) != 0))
    if (bytes[at++] == '#')
      while (at < bytes.size() && bytes[at] != '\n')
        ++at;
  int64_t value = 0;
  const size_t begin = at;
  for (; at < bytes.size() && std::isdigit(bytes[at]) != 0 && at - begin < 9; ++at)
    value = value * 10 + bytes[at] - '0';
  if (begin == at)
    fail_picture(path, "PNM", "a number is missing in its header");
  return value;
}

} // namespace

Pixels read_bmp(const Bytes& bytes, const std::string& path) {
  return Bmp(bytes, path).read();
}

Pixels read_pnm(const Bytes& bytes, const std::string& path) {
  size_t at = 2;
  const int64_t width = header_number(bytes, at, path), height = header_number(bytes, at, path),
                most = header_number(bytes, at, path);
  if (most < 1 || most > 65535)
    fail_picture(path, "PNM", "its largest value is " + std::to_string(most));
  ++at; // one white space
  Pixels pixels = make_pixels(width, height, bytes, path);
  const size_t wide = most > 255 ? 2 : 1, channels = bytes[1] == '6' ? 3 : 1;
  const auto count = static_cast<size_t>(width * height);
  if (at > bytes.size() || bytes.size() - at < count * channels * wide)
    fail_picture(path, "PNM", "it is truncated");
  for (size_t i = 0; i < 3 * count; ++i) {
    const uint8_t* from = &bytes[at + (channels == 3 ? i : i / 3) * wide];
    int64_t value = wide == 2 ? from[0] << 8 | from[1] : from[0];
    value = std::min(value, most);
    pixels.rgb[i] = static_cast<uint8_t>(most == 65535 ? value >> 8 : (value * 255 + most / 2) / most);
  }
  return pixels;
}

} // namespace rvb::runtime
