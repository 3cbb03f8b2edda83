// Pictures, in folders of classes (ImageNet) or alone: prepared alike (image.h); in training, parts at random.
#include "base/failure.h"
#include "base/files.h"
#include "base/hash.h"
#include "data/cache.h"
#include "data/inspection.h"
#include "data/turn.h"
#include "files/safetensors.h"
#include "images/image.h"
#include "layouts/formats.h"
#include "layouts/recordings.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace rvb::runtime {

namespace {

Image read_picture(const Entry& entry, const Manifest& m) {
  return read_image(read_file(entry.path, "a picture"), m.channels, entry.path);
}

class PictureDataset : public Dataset {
public:
  // Without labels, what the pictures show is not known.
  PictureDataset(Listing listing, const DataSettings& settings, const Manifest& manifest, const Provenance& provenance,
                 std::vector<int32_t> labels)
      : manifest_(manifest), entries_(std::move(listing.entries)), resize_(settings.resize),
        table_(pixel_table(manifest)) {
    labels_ = std::move(labels);
    class_names_ = listing.class_names;
    provenance_ = provenance;
    provenance_.count = count_ = static_cast<int64_t>(entries_.size());
  }

  void read(int64_t index, const Variation* variation, float* to, int64_t) const override {
    const Manifest& m = manifest_;
    Image image = read_picture(entries_[static_cast<size_t>(index)], m);
    if (const std::optional<Window> w = window_of(variation, index, image.height, image.width)) {
      image = resample(image, w->top, w->left, w->height, w->width, m.height, m.width);
    } else {
      image = prepare(image, resize_, m.height, m.width);
    }
    if (varies_values(variation, false)) {
      Values values{image.pixels.data(), nullptr, 1, m.channels, m.height, m.width};
      vary_values(*variation, index, false, values);
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

void check_network(const DataSettings& settings, const Manifest& m, const std::string& what) {
  if (m.sequence || m.input.size() != 3 || (m.channels != 1 && m.channels != 3))
    throw Failure(Exit::user,
                  what + ", but `" + m.name + "` takes " + (m.sequence ? "sequences of " : "") + shape_text(m.input));
  if (settings.resize > 0 && settings.resize < std::max(m.height, m.width))
    throw Failure(Exit::user, "pictures are resized to " + std::to_string(settings.resize) + " pixels, but `" + m.name +
                                  "` takes " + shape_text(m.input) + ": resize must not be smaller");
}

std::vector<int32_t> labels_of(const Listing& listing) {
  std::vector<int32_t> labels;
  for (const Entry& entry : listing.entries)
    labels.push_back(entry.label);
  return labels;
}

// By names and sizes: pictures that are decoded whenever they are read are not read to be named.
std::string identity(const std::vector<Entry>& entries) {
  uint64_t hash = 0;
  for (const Entry& entry : entries) {
    struct stat s;
    if (::stat(entry.path.c_str(), &s) != 0)
      throw Failure(Exit::io, "cannot open " + entry.path + ": " + std::strerror(errno));
    int64_t numbers[] = {entry.label, s.st_size};
    hash = hash_bytes(entry.name, hash_bytes(numbers, sizeof numbers, hash));
  }
  return hash_text(hash);
}

} // namespace

std::unique_ptr<Dataset> open_picture(const std::string& path, const std::string& labels, const DataSettings& settings,
                                      const Manifest& manifest, bool& resized) {
  check_network(settings, manifest, path + " is a picture");
  Entry entry;
  entry.name = entry.path = path;
  const Image image = read_picture(entry, manifest);
  resized = image.height != manifest.height || image.width != manifest.width ||
            (settings.resize > 0 && settings.resize != std::min(image.height, image.width));
  Listing listing;
  listing.entries = {entry};
  Provenance provenance;
  provenance.format = "picture";
  provenance.part = "all";
  provenance.partition = "none";
  std::vector<int32_t> given;
  if (!labels.empty() && manifest.regression)
    throw Failure(Exit::usage, "--labels: pictures that numbers are learned of are given as arrays, --input x.npy");
  if (!labels.empty())
    listing.entries[0].label = (given = read_labels(labels, 1, manifest))[0];
  provenance.split_hash = hash_text(hash_bytes(given.data(), given.size() * sizeof(int32_t)));
  provenance.hash = identity(listing.entries);
  return std::make_unique<PictureDataset>(std::move(listing), settings, manifest, provenance, given);
}

std::unique_ptr<Dataset> open_pictures(Listing listing, const DataSettings& settings, Split split,
                                       const Manifest& manifest) {
  const Manifest& m = manifest;
  check_flags(settings, {"--resize"}, "what " + settings.folder + " holds");
  check_network(settings, m, settings.folder + " has pictures");
  Provenance provenance = divide(listing, settings, split);
  if (listing.entries.empty())
    throw Failure(Exit::user, settings.folder + " (" + listing.format + ") holds no samples for " + split_name(split));
  provenance.hash = identity(listing.entries);
  if (settings.inspection != nullptr) {
    for_each_file(listing.entries, [&](size_t first, size_t) {
      settings.inspection->look(first, listing.entries[first].path, [&] {
        const Image image = read_picture(listing.entries[first], m);
        settings.inspection->add_picture(image.height, image.width);
      });
    });
    return listed(labels_of(listing), listing.class_names, provenance);
  }
  auto count = static_cast<int64_t>(listing.entries.size());
  if (settings.windows || count > data_cache_limit() / m.pixels()) {
    std::vector<int32_t> labels = labels_of(listing);
    return std::make_unique<PictureDataset>(std::move(listing), settings, manifest, provenance, std::move(labels));
  }

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
  samples.check = cached.check;
  samples.labels = labels_of(listing);
  samples.class_names = listing.class_names;
  samples.provenance = provenance;
  return make_dataset(std::move(samples), manifest, settings.folder);
}

} // namespace rvb::runtime
