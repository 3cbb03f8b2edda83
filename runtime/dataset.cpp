#include "dataset.h"

#include "core.h"
#include "failure.h"
#include "files.h"
#include "image.h"
#include "npy.h"
#include "safetensors.h"

#include <algorithm>
#include <cmath>

namespace rvb::runtime {

namespace {

void check_label(int64_t label, int64_t index, const Manifest& manifest, const std::string& path) {
  if (label < 0 || label >= manifest.classes)
    throw Failure(Exit::user, path + ": label " + std::to_string(label) + " of sample " + std::to_string(index) +
                                  "; `" + manifest.name + "` has classes 0 to " + std::to_string(manifest.classes - 1));
}

// One frame [C, H, W] to [H, W, C].
template <class Value> void turn_frame(const Manifest& m, bool flip, float* to, Value&& value) {
  for (int64_t y = 0; y < m.height; ++y)
    for (int64_t x = 0; x < m.width; ++x) {
      int64_t column = flip ? m.width - 1 - x : x;
      for (int64_t channel = 0; channel < m.channels; ++channel)
        *to++ = value(channel, (channel * m.height + y) * m.width + column);
    }
}

class PixelDataset : public Dataset {
public:
  PixelDataset(Images images, const Manifest& manifest, const std::string& path)
      : manifest_(manifest), pixels_(std::move(images.pixels)) {
    const Manifest& m = manifest;
    if (m.sequence)
      throw Failure(Exit::user, path + " has still images, but `" + m.name + "` takes sequences of " +
                                    std::to_string(m.steps) + " frames");
    bool same = images.channels == m.channels && images.height == m.height && images.width == m.width;
    bool vector = m.input.size() == 1 && images.channels * images.height * images.width == m.channels;
    if (!same && !vector)
      throw Failure(Exit::user, path + " has images of shape " +
                                    shape_text({images.channels, images.height, images.width}) + ", but `" + m.name +
                                    "` takes " + shape_text(m.input));
    for (size_t i = 0; i < images.labels.size(); ++i)
      check_label(images.labels[i], static_cast<int64_t>(i), m, path);
    count_ = static_cast<int64_t>(pixels_.size()) / m.pixels();
    labels_.assign(images.labels.begin(), images.labels.end());
    class_names_ = std::move(images.class_names);
    // The same roundings as torchvision's ToTensor and Normalize, once for every value of a byte.
    table_.resize(static_cast<size_t>(m.channels) * 256);
    for (int64_t channel = 0; channel < m.channels; ++channel)
      for (int value = 0; value < 256; ++value) {
        size_t c = static_cast<size_t>(channel);
        float x = static_cast<float>(value) / 255.0f;
        if (!m.recipe.mean.empty())
          x -= m.recipe.mean[c];
        if (!m.recipe.deviation.empty())
          x /= m.recipe.deviation[c];
        table_[c * 256 + static_cast<size_t>(value)] = x;
      }
  }

  void read(int64_t index, bool flip, float* to, int64_t) const override {
    const uint8_t* picture = pixels_.data() + index * manifest_.pixels();
    turn_frame(manifest_, flip, to,
               [&](int64_t channel, int64_t at) { return table_[static_cast<size_t>(channel * 256 + picture[at])]; });
  }

private:
  const Manifest& manifest_;
  std::vector<uint8_t> pixels_;
  std::vector<float> table_;
};

class ArrayDataset : public Dataset {
public:
  ArrayDataset(const std::string& input, const std::string& labels, const Manifest& manifest) : manifest_(manifest) {
    read_input(input);
    if (!labels.empty())
      read_labels(labels);
  }

  void read(int64_t index, bool flip, float* to, int64_t frame_stride) const override {
    int64_t frames = manifest_.sequence ? manifest_.steps : 1;
    for (int64_t t = 0; t < frames; ++t) {
      const float* frame = values_.data() + (t * stored_ + index) * manifest_.pixels();
      turn_frame(manifest_, flip, to + t * frame_stride, [&](int64_t, int64_t at) { return frame[at]; });
    }
  }

private:
  void read_input(const std::string& path) {
    NpyArray array = read_npy(path);
    const Manifest& m = manifest_;
    Shape expected = m.input;
    size_t lead = m.sequence ? 2 : 1;
    bool fits = array.shape.size() == expected.size() + lead &&
                std::equal(expected.begin(), expected.end(), array.shape.begin() + static_cast<std::ptrdiff_t>(lead)) &&
                (!m.sequence || array.shape[0] == m.steps);
    if (!fits) {
      std::string inner = shape_text(expected).substr(1);
      std::string wanted = (m.sequence ? "[" + std::to_string(m.steps) + ", N, " : "[N, ") + inner;
      throw Failure(Exit::user,
                    path + " has shape " + shape_text(array.shape) + ", but `" + m.name + "` takes " + wanted);
    }
    if (array.integers)
      throw Failure(Exit::user, path + " holds whole numbers; expected floating point, already normalised");
    for (size_t i = 0; i < array.values.size(); ++i)
      if (!std::isfinite(array.values[i]))
        throw Failure(Exit::user, path + ": element " + std::to_string(i) + " is not finite (" +
                                      (std::isnan(array.values[i]) ? "nan" : "inf") + ")");
    count_ = stored_ = array.shape[lead - 1];
    if (count_ == 0)
      throw Failure(Exit::user, path + " holds no samples");
    values_ = std::move(array.values);
  }

  void read_labels(const std::string& path) {
    NpyArray array = read_npy(path);
    if (array.shape.size() != 1 || array.shape[0] != count_)
      throw Failure(Exit::user, path + " has shape " + shape_text(array.shape) + "; expected one label a sample, [" +
                                    std::to_string(count_) + "]");
    if (!array.integers)
      throw Failure(Exit::user, path + " holds floating point numbers; expected labels as whole numbers");
    for (size_t i = 0; i < array.whole.size(); ++i)
      check_label(array.whole[i], static_cast<int64_t>(i), manifest_, path);
    labels_.assign(array.whole.begin(), array.whole.end());
  }

  const Manifest& manifest_;
  int64_t stored_ = 0;
  std::vector<float> values_;
};

} // namespace

void Dataset::limit(int64_t count) {
  if (count > 0)
    count_ = std::min(count_, count);
}

std::unique_ptr<Dataset> open_folder(const std::string& folder, Split split, const Manifest& manifest) {
  if (!folder_exists(folder))
    throw Failure(Exit::io, "--data " + folder + ": there is no such folder");
  for (int i = 0; i < format_count; ++i)
    if (formats[i].present(folder)) {
      Images images = formats[i].load(folder, split);
      if (images.labels.empty())
        throw Failure(Exit::user, folder + " holds no samples");
      return std::make_unique<PixelDataset>(std::move(images), manifest, folder);
    }
  std::string text = "--data " + folder + ": no known data set is in this folder. Expected one of:";
  for (int i = 0; i < format_count; ++i)
    text += std::string("\n  ") + formats[i].name + ": " + formats[i].expected;
  std::vector<std::string> names = files_in(folder);
  text += "\nThe folder holds ";
  for (size_t i = 0; i < names.size() && i < 5; ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  text += names.empty() ? "nothing" : names.size() > 5 ? ", …" : "";
  throw Failure(Exit::io, text);
}

std::unique_ptr<Dataset> open_arrays(const std::string& input, const std::string& labels, const Manifest& manifest) {
  return std::make_unique<ArrayDataset>(input, labels, manifest);
}

std::unique_ptr<Dataset> open_image(const std::string& path, const Manifest& manifest, bool& resized) {
  const Manifest& m = manifest;
  if (m.input.size() != 3)
    throw Failure(Exit::user,
                  path + " is an image, but `" + m.name + "` takes vectors of " + std::to_string(m.channels));
  Image image = read_image(read_file(path, "a PNG or JPEG image"), m.channels, path);
  resized = image.height != m.height || image.width != m.width;
  if (resized)
    image = resize(image, m.height, m.width);
  Images images{image.channels, image.height, image.width, std::move(image.pixels), {}, {}};
  return std::make_unique<PixelDataset>(std::move(images), manifest, path);
}

void load_batch(const Dataset& dataset, const int64_t* samples, const uint8_t* flip, int64_t count,
                const Manifest& manifest, float* image, int32_t* labels) {
  int64_t pixels = manifest.pixels();
#pragma omp parallel for schedule(static) num_threads(rvb_threads())
  for (int64_t i = 0; i < count; ++i) {
    dataset.read(samples[i], flip != nullptr && flip[i] != 0, image + i * pixels, count * pixels);
    if (labels != nullptr)
      labels[i] = dataset.label(samples[i]);
  }
}

} // namespace rvb::runtime
