// Folders of pictures (ImageNet): the shorter side to `resize`, the middle cut out; in training, parts at random.
#include "cache.h"
#include "failure.h"
#include "files.h"
#include "hash.h"
#include "image.h"
#include "recordings.h"
#include "safetensors.h"
#include "turn.h"

#include <algorithm>
#include <cmath>
#include <sys/stat.h>

namespace rvb::runtime {

namespace {

constexpr int64_t most_cached = int64_t{16} << 30; // bytes of decoded pictures

// Resize(resize), CenterCrop(height, width) of torchvision; `resize` 0: just so that the input is covered.
Image prepare(const Image& image, int64_t resize, int64_t height, int64_t width) {
  int64_t shorter = std::min(image.height, image.width);
  double scale = resize > 0 ? static_cast<double>(resize) / static_cast<double>(shorter)
                            : std::max(static_cast<double>(height) / static_cast<double>(image.height),
                                       static_cast<double>(width) / static_cast<double>(image.width));
  auto scaled = [&](int64_t side, int64_t least) {
    return std::max(least, static_cast<int64_t>(scale * static_cast<double>(side) + 1e-9));
  };
  int64_t h = scaled(image.height, height), w = scaled(image.width, width);
  int64_t top = std::lrint(static_cast<double>(h - height) / 2), left = std::lrint(static_cast<double>(w - width) / 2);
  // Of a thin picture, the whole one would be very long.
  return resample_cut(image, h, w, top, left, height, width);
}

Image read_picture(const Entry& entry, const Manifest& m) {
  return read_image(read_file(entry.path, "a PNG or JPEG image"), m.channels, entry.path);
}

class PictureDataset : public Dataset {
public:
  PictureDataset(Listing listing, const DataSettings& settings, const Manifest& manifest, const Provenance& provenance)
      : manifest_(manifest), entries_(std::move(listing.entries)), resize_(settings.resize),
        table_(pixel_table(manifest)) {
    for (const Entry& entry : entries_)
      labels_.push_back(entry.label);
    class_names_ = listing.class_names;
    provenance_ = provenance;
    provenance_.count = count_ = static_cast<int64_t>(entries_.size());
  }

  void read(int64_t index, const Variation* variation, float* to, int64_t) const override {
    const Manifest& m = manifest_;
    Image image = read_picture(entries_[static_cast<size_t>(index)], m);
    if (variation != nullptr && variation->augmentation.resized_crop > 0) {
      Window w = resized_crop(*variation, index, image.height, image.width);
      image = resample(image, w.top, w.left, w.height, w.width, m.height, m.width);
    } else {
      image = prepare(image, resize_, m.height, m.width);
    }
    turn_frame(
        m, view_of(variation, index, m.height, m.width), to,
        [&](int64_t channel, int64_t at) {
          return table_[static_cast<size_t>(channel * 256 + image.pixels[static_cast<size_t>(at)])];
        },
        [&](int64_t channel) { return table_[static_cast<size_t>(channel * 256)]; });
  }

private:
  const Manifest& manifest_;
  std::vector<Entry> entries_;
  int64_t resize_;
  std::vector<float> table_;
};

// By names and sizes: pictures that are decoded whenever they are read are not read to be named.
std::string identity(const std::vector<Entry>& entries) {
  uint64_t hash = 0;
  for (const Entry& entry : entries) {
    struct stat s {};
    ::stat(entry.path.c_str(), &s);
    int64_t numbers[] = {entry.label, s.st_size};
    hash = hash_bytes(entry.name, hash_bytes(numbers, sizeof numbers, hash));
  }
  return hash_text(hash);
}

} // namespace

std::unique_ptr<Dataset> open_pictures(Listing listing, const DataSettings& settings, Split split,
                                       const Manifest& manifest) {
  const Manifest& m = manifest;
  if (m.sequence || m.input.size() != 3 || (m.channels != 1 && m.channels != 3))
    throw Failure(Exit::user, settings.folder + " has pictures, but `" + m.name + "` takes " +
                                  (m.sequence ? "sequences of " : "") + shape_text(m.input));
  if (settings.resize > 0 && settings.resize < std::max(m.height, m.width))
    throw Failure(Exit::user, "pictures are resized to " + std::to_string(settings.resize) + " pixels, but `" + m.name +
                                  "` takes " + shape_text(m.input) + ": resize must not be smaller");
  Provenance provenance = divide(listing, settings, split);
  if (listing.entries.empty())
    throw Failure(Exit::user, settings.folder + " (" + listing.format + ") holds no samples for " + split_name(split));
  provenance.hash = identity(listing.entries);
  auto count = static_cast<int64_t>(listing.entries.size());
  if (settings.windows || count > most_cached / m.pixels())
    return std::make_unique<PictureDataset>(std::move(listing), settings, manifest, provenance);

  std::string key = cache_key(listing, settings, split, {{"resize", settings.resize}, {"shape", m.input}});
  auto fill = [&](SampleSink& sink) {
    for_each_file(listing.entries, [&](size_t first, size_t) {
      Image image = prepare(read_picture(listing.entries[first], m), settings.resize, m.height, m.width);
      sink.put(static_cast<int64_t>(first), image.pixels.data());
    });
    if (cache_key(listing, settings, split, {{"resize", settings.resize}, {"shape", m.input}}) != key)
      throw Failure(Exit::io, settings.folder + ": a file changed while it was read");
  };
  CachedSamples cached =
      cached_samples(key, std::to_string(count) + " pictures of " + settings.folder, count, m.pixels(), fill);
  Samples samples;
  samples.channels = m.channels;
  samples.height = m.height;
  samples.width = m.width;
  samples.data = cached.data;
  samples.owner = cached.owner;
  for (const Entry& entry : listing.entries)
    samples.labels.push_back(entry.label);
  samples.class_names = listing.class_names;
  samples.provenance = provenance;
  return make_dataset(std::move(samples), manifest, settings.folder);
}

} // namespace rvb::runtime
