// NPY arrays with one sample after the other, already normalised: --input and --labels.
#include "data/dataset.h"

#include "base/failure.h"
#include "base/hash.h"
#include "data/turn.h"
#include "files/npy.h"
#include "files/safetensors.h"
#include "images/image.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rvb::runtime {

namespace {

class ArrayDataset : public Dataset {
public:
  ArrayDataset(const std::string& input, const std::string& labels, const Manifest& manifest) : manifest_(manifest) {
    read_input(input);
    if (!labels.empty() && manifest_.regression) {
      targets_ = read_targets(labels, count_, manifest_);
      numbers_ = manifest_.classes;
    } else if (!labels.empty()) {
      labels_ = read_labels(labels, count_, manifest_);
    }
    const uint64_t names = manifest_.regression ? hash_bytes(targets_.data(), targets_.size() * sizeof(float))
                                                : hash_bytes(labels_.data(), labels_.size() * sizeof(int32_t));
    provenance_.format = "NPY";
    provenance_.part = "all";
    provenance_.partition = "none";
    provenance_.split_hash = hash_text(names);
    provenance_.hash = hash_text(hash_bytes(values_.data(), values_.size() * sizeof(float), names));
    provenance_.count = count_;
  }

  void read(int64_t index, const Variation* variation, float* to, int64_t frame_stride) const override {
    int64_t frames = manifest_.sequence ? manifest_.steps : 1;
    View view = view_of(variation, index, manifest_.height, manifest_.width);
    for (int64_t t = 0; t < frames; ++t) {
      const float* frame = values_.data() + (t * stored_ + index) * manifest_.pixels();
      turn_frame(
          manifest_, view, to + t * frame_stride, [&](int64_t, int64_t at) { return frame[at]; },
          [](int64_t) { return 0.0f; });
    }
  }

private:
  void read_input(const std::string& path) {
    const Manifest& m = manifest_;
    Shape expected = m.input;
    size_t lead = m.sequence ? 2 : 1;
    auto fits = [&](const Shape& shape) {
      return shape.size() == expected.size() + lead &&
             std::equal(expected.begin(), expected.end(), shape.begin() + static_cast<std::ptrdiff_t>(lead)) &&
             (!m.sequence || shape[0] == m.steps);
    };
    auto look = [&](const NpyLayout& array) {
      if (fits(array.shape)) {
        if (array.integers)
          throw Failure(Exit::user, path + " holds integers; expected floating point, already normalised");
        return;
      }
      std::string inner = shape_text(expected).substr(1);
      std::string wanted = (m.sequence ? "[" + std::to_string(m.steps) + ", N, " : "[N, ") + inner;
      Shape swapped = array.shape;
      if (swapped.size() > 1)
        std::swap(swapped[0], swapped[1]);
      const bool samples_first = m.sequence && fits(swapped);
      throw Failure(Exit::user, path + " has shape " + shape_text(array.shape) + ", but `" + m.name + "` takes " +
                                    wanted + (samples_first ? "; swap the first two axes: time goes first" : ""));
    };
    NpyArray array = read_npy(
        path, look, std::string("an array in NPY format (numpy.save), or a picture (") + picture_endings + ")");
    for (size_t i = 0; i < array.values.size(); ++i)
      if (!std::isfinite(array.values[i]))
        throw Failure(Exit::user, path + ": element " + std::to_string(i) + " is not finite (" +
                                      (std::isnan(array.values[i]) ? "nan" : "inf") + ")");
    count_ = stored_ = array.shape[lead - 1];
    if (count_ == 0)
      throw Failure(Exit::user, path + " holds no samples");
    values_ = std::move(array.values);
  }

  const Manifest& manifest_;
  int64_t stored_ = 0;
  std::vector<float> values_;
};

} // namespace

std::vector<int32_t> read_labels(const std::string& path, int64_t count, const Manifest& manifest) {
  NpyArray array = read_npy(path, [&](const NpyLayout& layout) {
    if (layout.shape.size() != 1 || layout.shape[0] != count)
      throw Failure(Exit::user, path + " has shape " + shape_text(layout.shape) + "; expected one label a sample, [" +
                                    std::to_string(count) + "]");
    if (!layout.integers)
      throw Failure(Exit::user, path + " holds floating point numbers; expected labels as integers");
  });
  for (size_t i = 0; i < array.whole.size(); ++i)
    check_label(array.whole[i], static_cast<int64_t>(i), manifest, path);
  return {array.whole.begin(), array.whole.end()};
}

std::vector<float> read_targets(const std::string& path, int64_t count, const Manifest& manifest) {
  const int64_t numbers = manifest.classes;
  const Shape wanted = {count, numbers};
  NpyArray array = read_npy(path, [&](const NpyLayout& layout) {
    if (layout.shape != wanted && (numbers > 1 || layout.shape != Shape{count}))
      throw Failure(Exit::user, path + " has shape " + shape_text(layout.shape) + "; `" + manifest.name +
                                    "` learns numbers, " + shape_text(wanted) +
                                    (numbers > 1 ? "" : " or [" + std::to_string(count) + "]"));
    if (layout.integers)
      throw Failure(Exit::user, path + " holds integers; `" + manifest.name + "` learns floating point numbers");
  });
  for (size_t i = 0; i < array.values.size(); ++i)
    if (!std::isfinite(array.values[i]))
      throw Failure(Exit::user, path + ": number " + std::to_string(i % static_cast<size_t>(numbers)) + " of sample " +
                                    std::to_string(i / static_cast<size_t>(numbers)) + " is not finite");
  return std::move(array.values);
}

std::unique_ptr<Dataset> open_arrays(const std::string& input, const std::string& labels, const Manifest& manifest) {
  return std::make_unique<ArrayDataset>(input, labels, manifest);
}

} // namespace rvb::runtime
