// Labelled samples, read one by one in memory order. formats.cpp lists the folder layouts that are known.
#pragma once

#include "manifest.h"

#include <memory>
#include <string>
#include <vector>

namespace rvb::runtime {

enum class Split { train, test };

class Dataset {
public:
  virtual ~Dataset() = default;
  int64_t count() const { return count_; }
  void limit(int64_t count); // to the first samples; 0 or less: all
  bool labelled() const { return !labels_.empty(); }
  int32_t label(int64_t index) const { return labels_[static_cast<size_t>(index)]; }
  const std::vector<std::string>& class_names() const { return class_names_; } // may be empty

  // Sample `index`, normalised: frame t as [H, W, C] at to + t * frame_stride, its columns reversed when `flip`.
  virtual void read(int64_t index, bool flip, float* to, int64_t frame_stride) const = 0;

protected:
  int64_t count_ = 0;
  std::vector<int32_t> labels_;
  std::vector<std::string> class_names_;
};

// Images of bytes as the files have them: what a row of the table of formats returns.
struct Images {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels; // [N, channels, height, width]
  std::vector<uint8_t> labels;
  std::vector<std::string> class_names;
};

struct Format {
  const char* name;
  const char* expected;                       // its files, for messages
  bool (*present)(const std::string& folder); // one of them is there
  Images (*load)(const std::string& folder, Split split);
};
extern const Format formats[];
extern const int format_count;

// A folder in one of the formats; pixels become (x / 255 - mean) / deviation by the recipe. Failure(io) lists what was
// expected when the folder holds no known data; Failure(user) when the data does not fit the network.
std::unique_ptr<Dataset> open_folder(const std::string& folder, Split split, const Manifest& manifest);

// NPY arrays, already normalised: [N, C, H, W] or [T, N, C, H, W]; labels [N], none when the path is empty.
std::unique_ptr<Dataset> open_arrays(const std::string& input, const std::string& labels, const Manifest& manifest);

// One PNG or JPEG, resized when its size is not the network's. `resized` says so.
std::unique_ptr<Dataset> open_image(const std::string& path, const Manifest& manifest, bool& resized);

// Gathers samples into one batch: image [T, count, H, W, C], labels [count] (skipped when null). `flip` may be null.
void load_batch(const Dataset& dataset, const int64_t* samples, const uint8_t* flip, int64_t count,
                const Manifest& manifest, float* image, int32_t* labels);

} // namespace rvb::runtime
