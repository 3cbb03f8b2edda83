// Frames one by one, as they come: from an NPY file or from standard input, without reading ahead.
#pragma once

#include "network/manifest.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace rvb::runtime {

// NPY arrays, one after the other (as repeated numpy.save into one file writes them). An array is one frame, [C, H, W]
// or [N, C, H, W], or a sequence of frames, [T, N, C, H, W]. N stays the same throughout.
class FrameReader {
public:
  FrameReader(const std::string& path, const Manifest& manifest); // "-": standard input
  // The next frame in memory order [N, H, W, C]; false at the end. Failure(user) when the data is broken or does not
  // fit.
  bool next(std::vector<float>& frame);
  int64_t samples() const { return samples_; } // N, after the first frame

private:
  bool open_array();
  size_t read(uint8_t* to, size_t size);
  [[noreturn]] void fail(const std::string& text) const;

  const Manifest& manifest_;
  std::string path_;
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdin)
        std::fclose(file);
    }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<float> read_frames(int64_t frames);
  std::vector<uint8_t> header_;
  std::vector<float> ahead_; // of an array in Fortran order, whose frames are not one after the other: all of it
  bool fortran_ = false;
  size_t frame_bytes_ = 0;
  int64_t samples_ = 0, left_ = 0, frames_ = 0;
};

} // namespace rvb::runtime
