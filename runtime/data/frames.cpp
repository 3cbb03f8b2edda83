#include "data/frames.h"

#include "base/failure.h"
#include "base/files.h"
#include "files/npy.h"
#include "files/recognise.h"
#include "files/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace rvb::runtime {

FrameReader::FrameReader(const std::string& path, const Manifest& manifest)
    : manifest_(manifest), path_(path == "-" ? "standard input" : path) {
  if (path == "-") {
    file_.reset(stdin);
    return;
  }
  file_.reset(::fdopen(open_input_file(path, "frames in NPY format; - is standard input"), "rb"));
  if (file_ == nullptr)
    throw Failure(Exit::io, "cannot open " + path + ": " + std::strerror(errno));
}

void FrameReader::fail(const std::string& text) const {
  throw Failure(Exit::user, path_ + (frames_ == 0 ? "" : ", after frame " + std::to_string(frames_)) + ": " + text);
}

size_t FrameReader::read(uint8_t* to, size_t size) {
  size_t got = 0;
  for (;;) {
    got += std::fread(to + got, 1, size - got, file_.get());
    if (got == size || std::ferror(file_.get()) == 0)
      return got;
    if (errno != EINTR)
      throw Failure(Exit::io, path_ + ": " + std::strerror(errno));
    std::clearerr(file_.get());
  }
}

bool FrameReader::open_array() {
  header_.resize(300);
  size_t got = read(header_.data(), 10);
  if (got == 0)
    return false;
  if (std::memcmp(header_.data(), "\x93NUMPY", std::min<size_t>(got, 6)) != 0) {
    if (frames_ > 0)
      fail("what follows is not an array in NPY format");
    if (file_.get() != stdin) // which may have no more for now
      got += read(header_.data() + got, header_.size() - got);
    throw unlike(path_, header_.data(), got, "frames in NPY format (numpy.save)");
  }
  if (got < 10)
    fail("the data is truncated inside an NPY header");
  header_.resize(12);
  size_t begin = header_[6] == 1 ? 10 : 12;
  if (read(header_.data() + 10, begin - 10) < begin - 10)
    fail("the data is truncated inside an NPY header");
  size_t length = header_[8] | static_cast<size_t>(header_[9]) << 8;
  if (begin == 12)
    length |= static_cast<size_t>(header_[10]) << 16 | static_cast<size_t>(header_[11]) << 24;
  if (length > (size_t{1} << 20))
    fail("this is no NPY header");
  header_.resize(begin + length);
  if (read(header_.data() + begin, length) < length)
    fail("the data is truncated inside an NPY header");
  NpyLayout layout = parse_npy_layout(header_.data(), header_.size(), path_);
  const Shape &shape = layout.shape, &one = manifest_.input;
  size_t lead = shape.size() - std::min(shape.size(), one.size());
  bool fits = shape.size() >= one.size() && lead <= 2 &&
              std::equal(one.begin(), one.end(), shape.begin() + static_cast<std::ptrdiff_t>(lead));
  int64_t samples = !fits || lead == 0 ? 1 : shape[lead - 1];
  if (!fits || samples < 1)
    fail("an array has shape " + shape_text(shape) + ", but a frame of `" + manifest_.name + "` is " + shape_text(one) +
         ", [N, ...] or [T, N, ...]");
  if (samples_ != 0 && samples != samples_)
    fail("an array has " + std::to_string(samples) + " streams, those before it " + std::to_string(samples_));
  if (layout.integers)
    fail("an array holds integers; expected floating point, normalised");
  if (samples > (int64_t{1} << 32) / manifest_.pixels())
    fail("a frame of shape " + shape_text(shape) + " is too large");
  samples_ = samples;
  left_ = lead == 2 ? shape[0] : 1;
  frame_bytes_ = static_cast<size_t>(samples_ * manifest_.pixels()) * static_cast<size_t>(layout.width);
  fortran_ = layout.fortran;
  if (fortran_ && left_ > 0) {
    if (left_ > (int64_t{1} << 32) / (samples_ * manifest_.pixels()))
      fail("an array of shape " + shape_text(shape) + " in Fortran order is too large");
    ahead_ = read_frames(left_);
  }
  return true;
}

// The next frames of the array as [frames, N, C, H, W].
std::vector<float> FrameReader::read_frames(int64_t frames) {
  const size_t wanted = static_cast<size_t>(frames) * frame_bytes_;
  std::vector<uint8_t> bytes(header_);
  for (size_t got = 0; got < wanted;) { // a header may promise more than follows: memory for what was read
    size_t block = std::min(wanted - got, std::max(got, size_t{1} << 20));
    bytes.resize(header_.size() + got + block);
    if (read(bytes.data() + header_.size() + got, block) < block)
      fail("the data is truncated inside a frame");
    got += block;
  }
  Shape shape{frames, samples_};
  shape.insert(shape.end(), manifest_.input.begin(), manifest_.input.end());
  return parse_npy_part(bytes.data(), bytes.size(), shape, path_).values;
}

bool FrameReader::next(std::vector<float>& frame) {
  while (left_ == 0)
    if (!open_array())
      return false;
  const Manifest& m = manifest_;
  const int64_t size = samples_ * m.pixels();
  std::vector<float> one;
  if (!fortran_)
    one = read_frames(1);
  const float* values = fortran_ ? ahead_.data() + static_cast<int64_t>(ahead_.size()) - left_ * size : one.data();
  frame.resize(static_cast<size_t>(size));
  int64_t area = m.height * m.width;
  for (int64_t i = 0; i < samples_; ++i)
    for (int64_t c = 0; c < m.channels; ++c)
      for (int64_t at = 0; at < area; ++at) {
        float value = values[(i * m.channels + c) * area + at];
        if (!std::isfinite(value))
          fail("a number of the next frame is not finite");
        frame[static_cast<size_t>((i * area + at) * m.channels + c)] = value;
      }
  --left_;
  ++frames_;
  return true;
}

} // namespace rvb::runtime
