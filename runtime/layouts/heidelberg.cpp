#include "layouts/heidelberg.h"

#include "base/failure.h"
#include "base/files.h"
#include "events/spikes_hdf5.h"
#include "layouts/recordings.h"

namespace rvb::runtime {

const char* const heidelberg_expected = "shd_train.h5 and shd_test.h5, or ssc_train.h5 and ssc_test.h5 (unpacked)";

namespace {

// "shd" or "ssc"; "" when neither is there.
std::string name_in(const std::string& folder) {
  for (const char* name : {"shd", "ssc"})
    for (const char* part : {"_train.h5", "_test.h5"})
      if (file_exists(join(folder, std::string(name) + part)))
        return name;
  return "";
}

} // namespace

bool heidelberg_present(const std::string& folder) {
  return !name_in(folder).empty();
}

std::unique_ptr<Dataset> open_heidelberg(const DataSettings& settings, Split split, const Manifest& manifest) {
  std::string name = name_in(settings.folder);
  bool official = settings.partition.empty() || settings.partition == "official";
  std::string file = name + (official && split == Split::test ? "_test.h5" : "_train.h5");
  std::string path = join(settings.folder, file);
  if (!file_exists(path))
    throw Failure(Exit::io,
                  settings.folder + ": " + (name == "shd" ? "SHD" : "SSC") + " is incomplete: missing " + file);
  require_regular(path, "an HDF5 file");
  Listing listing;
  listing.format = name == "shd" ? "SHD" : "SSC";
  listing.parts = true;
  std::vector<int64_t> labels = read_hdf5_labels(path);
  for (size_t i = 0; i < labels.size(); ++i) {
    check_label(labels[i], static_cast<int64_t>(i), manifest, path);
    Entry entry;
    entry.path = path;
    entry.name = std::to_string(i);
    entry.index = static_cast<int64_t>(i);
    entry.label = static_cast<int32_t>(labels[i]);
    listing.entries.push_back(std::move(entry));
  }
  listing.unit_open = true;
  listing.decode = [unit = settings.time_unit](const Entry* entries, size_t count, const Listing::Each& each) {
    std::vector<int64_t> indices;
    for (size_t i = 0; i < count; ++i)
      indices.push_back(entries[i].index);
    read_hdf5_spikes(entries->path, indices, unit, each);
  };
  return open_recordings(std::move(listing), settings, split, manifest);
}

} // namespace rvb::runtime
