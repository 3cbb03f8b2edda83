// Labelled samples, read one by one in memory order. formats.h lists the folder layouts that are known.
#pragma once

#include "augmentations/augment.h"
#include "network/manifest.h"

#include <memory>
#include <string>
#include <vector>

namespace rvb::runtime {

enum class Split { train, test };
const char* split_name(Split split);

// Where samples come from and how they are prepared: the recipe's settings under the flags.
struct DataSettings {
  std::string folder;
  std::string partition = "";         // "": the data set's own; see partition.h
  std::string frames = "equal_count"; // how recordings are cut, see parse_frame_rule
  int64_t resize = 0;
  bool windows = false;                // pictures are cut out at random: each is decoded anew
  std::string time_unit = "";          // of recordings whose format leaves it open: s, ms, us, ns; "": not known
  std::vector<std::string> flags = {}; // of these settings those that were asked for on the command line: "--resize"
  // Not null: every file is looked at, what is damaged is noted there, and the samples cannot be read (inspection.h).
  class Inspection* inspection = nullptr;
};
// Failure(usage) where a flag that was given would change nothing: `heeded` are those that do, `what` is the data.
void check_flags(const DataSettings& settings, const std::vector<std::string>& heeded, const std::string& what);

// What a result must name: which samples it is about.
struct Provenance {
  std::string format, part, partition = "official";
  std::string
      split_hash;   // 16 hex over the names and labels of the samples, in order: the same however they are prepared
  std::string hash; // 16 hex over the samples as they are prepared, and their labels
  int64_t count = 0;
};

class Dataset {
public:
  virtual ~Dataset() = default;
  int64_t count() const { return count_; }
  void limit(int64_t count); // to the first samples; 0 or less: all
  bool labelled() const { return !labels_.empty() || !targets_.empty(); }
  int32_t label(int64_t index) const { return labels_[static_cast<size_t>(index)]; }
  // What a network is to learn of the sample, as it reads it: a class, or as many numbers as it returns.
  void answer(int64_t index, int32_t* to) const;
  int64_t answer_size() const { return targets_.empty() ? 1 : numbers_; }
  const std::vector<std::string>& class_names() const { return class_names_; } // may be empty
  const Provenance& provenance() const { return provenance_; }
  nlohmann::ordered_json provenance_json() const;

  // Sample `index`, normalised: frame t as [H, W, C] at to + t * frame_stride. `variation` null: as it is. May be
  // called from several threads at once.
  virtual void read(int64_t index, const Variation* variation, float* to, int64_t frame_stride) const = 0;

protected:
  int64_t count_ = 0;
  std::vector<int32_t> labels_; // of classes
  std::vector<float> targets_;  // of regressions: numbers_ for each sample
  int64_t numbers_ = 1;
  std::vector<std::string> class_names_;
  Provenance provenance_;
};

// Decoded samples as a row of the table of formats makes them: [count, frames, channels, height, width].
struct Samples {
  int64_t frames = 1, channels = 0, height = 0, width = 0;
  int64_t bytes = 1;   // of an element: bytes, 16-bit integers, or 4: float
  bool events = false; // counts of events; else pixels from 0 to 255
  const uint8_t* data = nullptr;
  std::shared_ptr<const void> owner;  // of data
  std::function<void(int64_t)> check; // of cached samples (cache.h)
  std::vector<int32_t> labels;
  std::vector<std::string> class_names;
  Provenance provenance;

  int64_t count() const { return static_cast<int64_t>(labels.size()); }
  int64_t sample_bytes() const { return frames * channels * height * width * bytes; }
  void own(std::vector<uint8_t> values);
};
// Failure(user) when the samples' shape is not the network's. Their values are not looked at.
void check_shape(const Samples& samples, const Manifest& manifest, const std::string& path);
std::unique_ptr<Dataset> make_dataset(Samples samples, const Manifest& manifest, const std::string& path);

// NPY arrays, already normalised: [N, C, H, W] or [T, N, C, H, W]; labels [N], numbers
// [N, numbers] of a regression, none when the path is empty.
std::unique_ptr<Dataset> open_arrays(const std::string& input, const std::string& labels, const Manifest& manifest);

// Labels of --labels, for `count` samples.
std::vector<int32_t> read_labels(const std::string& path, int64_t count, const Manifest& manifest);

// Numbers of --labels for a regression, [count, numbers] or, where there is one, [count].
std::vector<float> read_targets(const std::string& path, int64_t count, const Manifest& manifest);

// Failure(user) when the network has no such class.
void check_label(int64_t label, int64_t index, const Manifest& manifest, const std::string& path);

// Gathers samples into one batch: image [T, count, H, W, C], labels [count] or [count, numbers]
// (skipped when null).
void load_batch(const Dataset& dataset, const int64_t* samples, const Variation* variation, int64_t count,
                const Manifest& manifest, float* image, int32_t* labels);

} // namespace rvb::runtime
