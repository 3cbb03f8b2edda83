// Data sets of many small files, or of many samples in one: what is there (a listing), and its way through the cache
// into a Dataset. A format makes the listing and says how a file is decoded.
#pragma once

#include "data/dataset.h"
#include "events/events.h"

#include <functional>

namespace rvb::runtime {

struct Entry {
  std::string name; // for partitions and messages: "airplane/cifar10_airplane_17.aedat"
  std::string path; // entries of one file follow each other
  int32_t label = 0;
  int64_t index = 0;           // in its file
  int64_t begin = 0, end = -1; // microseconds; a negative end: all of the file
};

struct Listing {
  std::string format;
  std::vector<Entry> entries; // of the part that was asked for; of everything when the data has no parts
  bool parts = false;         // the data set itself divides training and test
  std::vector<std::string> class_names;
  bool unit_open = false; // the format leaves the unit of times open, so settings may name it

  // Decodes `count` entries, which are those of one file; each(i, …) for i from 0 to count - 1.
  using Each = std::function<void(size_t i, const Recording& recording)>;
  std::function<void(const Entry* entries, size_t count, const Each& each)> decode;
};

// Frames of the part, by way of the cache. `entries` are those of `split` when the partition is official, else the pool
// that is divided.
std::unique_ptr<Dataset> open_recordings(Listing listing, const DataSettings& settings, Split split,
                                         const Manifest& manifest);

// Files with one recording (recording_file.cpp).
bool is_recording(const std::string& path); // not: plain arrays, which may hold anything
bool names_unit(const std::string& path);   // its format has microseconds
Recording read_recording(const std::string& path, const Manifest& manifest, const std::string& time_unit);

// One recording, cut into frames as those of a folder are.
std::unique_ptr<Dataset> open_recording(const std::string& path, const DataSettings& settings,
                                        const Manifest& manifest);

// Pictures of the part: from the cache when each is always cut out alike and all of them have room there, else decoded
// whenever they are read.
std::unique_ptr<Dataset> open_pictures(Listing listing, const DataSettings& settings, Split split,
                                       const Manifest& manifest);

// Names everything that decoded samples depend on; `preparation` says what is done to them.
std::string cache_key(const Listing& listing, const DataSettings& settings, Split split,
                      const nlohmann::ordered_json& preparation);

// Leaves the part's entries in the listing, and says which they are. Failure(usage) for a data set that has no parts
// when the partition is "official".
Provenance divide(Listing& listing, const DataSettings& settings, Split split);

// Which files the entries come from, with sizes and times: a part of the cache's key. Failure(io).
uint64_t hash_sources(const std::vector<Entry>& entries);

// Calls work(first, last) for each file's entries, files in parallel. The failure of the first file is thrown.
void for_each_file(const std::vector<Entry>& entries, const std::function<void(size_t first, size_t last)>& work);

} // namespace rvb::runtime
