#include "data/drawn.h"

#include "base/failure.h"
#include "base/hash.h"
#include "base/random.h"
#include "data/turn.h"

#include <charconv>

namespace rvb::runtime {

namespace {

constexpr int64_t most = 10'000'000;

// Numbers are keyed by what they are for: this stands where training has its epoch.
enum Purpose : uint32_t { noise_of_input, patterns, noise_of_training, noise_of_test };

class DrawnDataset : public Dataset {
public:
  DrawnDataset(const Manifest& manifest, uint64_t seed, Purpose noise, int64_t count, const std::string& name)
      : manifest_(manifest), seed_(seed), noise_(noise) {
    count_ = count;
    provenance_.format = "drawn";
    provenance_.partition = "none";
    provenance_.count = count;
    provenance_.hash = provenance_.split_hash =
        hash_text(hash_bytes(name, hash_bytes(manifest.input.data(), manifest.input.size() * sizeof(int64_t))));
  }

  // Sample i is of class i modulo their number.
  void add_labels(Split split) {
    provenance_.part = split_name(split);
    for (int64_t i = 0; i < count_; ++i)
      labels_.push_back(static_cast<int32_t>(i % manifest_.classes));
  }

  void read(int64_t index, const Variation* variation, float* to, int64_t frame_stride) const override {
    const Manifest& m = manifest_;
    const int64_t frames = m.sequence ? m.steps : 1;
    const std::vector<float> sample = values(index, frames * m.pixels());
    const View view = view_of(variation, index, m.height, m.width);
    for (int64_t t = 0; t < frames; ++t)
      turn_frame(
          m, view, to + t * frame_stride,
          [&](int64_t, int64_t at) { return sample[static_cast<size_t>(t * m.pixels() + at)]; },
          [](int64_t) { return 0.0f; });
  }

private:
  // In the order of files: [frames, C, H, W].
  std::vector<float> values(int64_t index, int64_t count) const {
    std::vector<float> sample(static_cast<size_t>(count));
    fill_normal({seed_, noise_, static_cast<uint32_t>(index), Draw::input}, sample.data(), count);
    if (labels_.empty())
      return sample;
    std::vector<float> pattern(sample.size());
    fill_normal({seed_, patterns, static_cast<uint32_t>(label(index)), Draw::input}, pattern.data(), count);
    for (size_t i = 0; i < sample.size(); ++i)
      sample[i] += pattern[i];
    return sample;
  }

  const Manifest& manifest_;
  uint64_t seed_;
  Purpose noise_;
};

// The number at `at`, which moves on; false where there is none up to `largest`.
bool number(const std::string& text, size_t& at, uint64_t largest, uint64_t& value) {
  const char *begin = text.data() + at, *end = text.data() + text.size();
  const auto [after, error] = std::from_chars(begin, end, value);
  at += static_cast<size_t>(after - begin);
  return error == std::errc() && value <= largest;
}

bool begins(const std::string& text, const std::string& with) {
  return text.compare(0, with.size(), with) == 0;
}

} // namespace

bool is_random(const std::string& input) {
  return begins(input, "random:");
}

std::unique_ptr<Dataset> open_random(const std::string& input, const Manifest& manifest) {
  size_t at = 7;
  uint64_t seed = 0, count = 16;
  bool good = number(input, at, UINT64_MAX, seed);
  if (good && at < input.size())
    good = input[at] == ':' && number(input, ++at, most, count) && at == input.size() && count > 0;
  if (!good)
    throw Failure(Exit::usage,
                  "--input is `" + input + "`; expected random:SEED or random:SEED:COUNT, such as random:1");
  auto dataset = std::make_unique<DrawnDataset>(manifest, seed, noise_of_input, static_cast<int64_t>(count), input);
  return dataset;
}

bool is_synthetic(const std::string& folder) {
  return folder == "synthetic" || begins(folder, "synthetic:");
}

std::unique_ptr<Dataset> open_synthetic(const DataSettings& settings, Split split, const Manifest& manifest) {
  check_flags(settings, {}, "synthetic data");
  if (!settings.partition.empty() && settings.partition != "official")
    throw Failure(Exit::usage, "--partition belongs to data sets: synthetic data have their parts");
  uint64_t count = 1000;
  size_t at = 10;
  if (settings.folder.size() > 9 &&
      (!number(settings.folder, at, most, count) || at != settings.folder.size() || count == 0))
    throw Failure(Exit::usage, "--data is `" + settings.folder + "`; expected synthetic or synthetic:COUNT");
  const auto samples = static_cast<int64_t>(split == Split::train ? count : (count + 4) / 5);
  auto dataset = std::make_unique<DrawnDataset>(manifest, 0, split == Split::train ? noise_of_training : noise_of_test,
                                                samples, settings.folder + split_name(split));
  dataset->add_labels(split);
  return dataset;
}

} // namespace rvb::runtime
