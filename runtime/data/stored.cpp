// Decoded samples in memory, or in a mapped file: pixels and frames of events.
#include "data/dataset.h"

#include "base/failure.h"
#include "data/turn.h"
#include "files/safetensors.h"

#include <cstring>

namespace rvb::runtime {

namespace {

class StoredDataset : public Dataset {
public:
  StoredDataset(Samples samples, const Manifest& manifest, const std::string& path)
      : manifest_(manifest), samples_(std::move(samples)) {
    check_shape(samples_, manifest, path);
    for (size_t i = 0; i < samples_.labels.size(); ++i)
      check_label(samples_.labels[i], static_cast<int64_t>(i), manifest, path);
    count_ = samples_.count();
    labels_ = std::move(samples_.labels);
    class_names_ = std::move(samples_.class_names);
    provenance_ = samples_.provenance;
    provenance_.count = count_;
    if (samples_.bytes == 1 && !samples_.events)
      table_ = pixel_table(manifest);
  }

  void read(int64_t index, const Variation* variation, float* to, int64_t frame_stride) const override {
    const Manifest& m = manifest_;
    View view = view_of(variation, index, m.height, m.width);
    if (samples_.check)
      samples_.check(index);
    int64_t size = samples_.sample_bytes();
    const uint8_t* sample = samples_.data + index * size;
    std::vector<uint16_t> varied;
    if (samples_.bytes < 4 && varies_values(variation, samples_.events)) {
      varied.resize(static_cast<size_t>(size));
      std::memcpy(varied.data(), sample, static_cast<size_t>(size));
      Values values{nullptr, nullptr, samples_.frames, samples_.channels, samples_.height, samples_.width};
      if (samples_.bytes == 1)
        values.bytes = reinterpret_cast<uint8_t*>(varied.data());
      else
        values.words = varied.data();
      vary_values(*variation, index, samples_.events, values);
      sample = reinterpret_cast<const uint8_t*>(varied.data());
    }
    for (int64_t t = 0; t < samples_.frames; ++t, sample += size / samples_.frames, to += frame_stride)
      if (!table_.empty())
        turn_frame(
            m, view, to,
            [&](int64_t channel, int64_t at) { return table_[static_cast<size_t>(channel * 256 + sample[at])]; },
            [&](int64_t channel) { return table_[static_cast<size_t>(channel * 256)]; });
      else
        turn_frame(
            m, view, to,
            [&](int64_t channel, int64_t at) { return normalised(m, element(sample, at), channel, false); },
            [&](int64_t channel) { return normalised(m, 0, channel, false); });
  }

private:
  float element(const uint8_t* sample, int64_t at) const {
    if (samples_.bytes == 1)
      return sample[at];
    if (samples_.bytes == 2) {
      uint16_t count;
      std::memcpy(&count, sample + 2 * at, 2);
      return count;
    }
    float value;
    std::memcpy(&value, sample + 4 * at, 4);
    return value;
  }

  const Manifest& manifest_;
  Samples samples_;
  std::vector<float> table_;
};

} // namespace

void check_shape(const Samples& s, const Manifest& m, const std::string& path) {
  if (m.sequence && !s.events)
    throw Failure(Exit::user, path + " has still images, but `" + m.name + "` takes sequences of " +
                                  std::to_string(m.steps) + " frames");
  bool same = (m.takes_images() || s.events) && s.channels == m.channels && s.height == m.height && s.width == m.width;
  bool vector = m.input.size() == 1 && s.channels * s.height * s.width == m.channels;
  if ((!same && !vector) || s.frames != (m.sequence ? m.steps : 1))
    throw Failure(Exit::user, path + " has " + (s.events ? "frames" : "images") + " of shape " +
                                  shape_text({s.channels, s.height, s.width}) + ", but `" + m.name + "` takes " +
                                  shape_text(m.input));
}

float normalised(const Manifest& manifest, float x, int64_t channel, bool pixel) {
  const Recipe& recipe = manifest.recipe;
  size_t c = manifest.input.size() == 3 ? static_cast<size_t>(channel) : 0;
  if (pixel)
    x /= 255.0f;
  if (!recipe.mean.empty())
    x -= static_cast<float>(recipe.mean[c]);
  if (!recipe.deviation.empty())
    x /= static_cast<float>(recipe.deviation[c]);
  return x;
}

std::vector<float> pixel_table(const Manifest& manifest) {
  std::vector<float> table(static_cast<size_t>(manifest.channels) * 256);
  for (int64_t channel = 0; channel < manifest.channels; ++channel)
    for (int value = 0; value < 256; ++value)
      table[static_cast<size_t>(channel * 256 + value)] =
          normalised(manifest, static_cast<float>(value), channel, true);
  return table;
}

void Samples::own(std::vector<uint8_t> values) {
  auto kept = std::make_shared<const std::vector<uint8_t>>(std::move(values));
  data = kept->data();
  owner = kept;
}

std::unique_ptr<Dataset> make_dataset(Samples samples, const Manifest& manifest, const std::string& path) {
  return std::make_unique<StoredDataset>(std::move(samples), manifest, path);
}

} // namespace rvb::runtime
