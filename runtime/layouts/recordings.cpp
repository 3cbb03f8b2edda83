#include "layouts/recordings.h"

#include "base/failure.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "core/core.h"
#include "data/cache.h"
#include "data/inspection.h"
#include "data/partition.h"
#include "files/safetensors.h"

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <exception>
#include <mutex>
#include <sys/stat.h>

namespace rvb::runtime {

namespace {

Framing framing_of(const Manifest& m, const DataSettings& settings) {
  Framing framing;
  framing.frames = m.sequence ? m.steps : 1;
  if (m.sequence) { // a still image counts all events
    std::optional<FrameRule> rule = parse_frame_rule(settings.frames);
    if (!rule)
      throw Failure(Exit::usage, "frames are `" + settings.frames + "`; expected " + frame_rules);
    framing.rule = *rule;
  }
  framing.channels = m.channels;
  framing.height = m.height;
  framing.width = m.width;
  framing.vector = m.input.size() == 1;
  return framing;
}

// Frames as a file has them. False: a value needs wider elements.
template <class Value>
bool copy_frames(const Recording& recording, const Framing& framing, Value* to, const Manifest& m,
                 const std::string& path) {
  std::vector<int64_t> wanted{framing.frames};
  wanted.insert(wanted.end(), m.input.begin(), m.input.end());
  std::vector<int64_t> shape = recording.frame_shape;
  if (shape != wanted && !(framing.frames == 1 && shape == m.input))
    throw Failure(Exit::user, path + " has frames of shape " + shape_text(shape) + ", but `" + m.name + "` takes " +
                                  shape_text(wanted));
  for (size_t i = 0; i < recording.frames.size(); ++i) {
    float value = recording.frames[i];
    if (!std::isfinite(value))
      throw Failure(Exit::user, path + ": element " + std::to_string(i) + " is not finite");
    if constexpr (sizeof(Value) < 4)
      if (value < 0 || value > static_cast<float>(std::numeric_limits<Value>::max()) || value != std::floor(value))
        return false;
    to[i] = static_cast<Value>(value);
  }
  return true;
}

template <class Value>
bool decode_to(const Recording& recording, const Framing& framing, std::vector<uint8_t>& to, const Manifest& m,
               const std::string& path, int64_t* left_out) {
  if (recording.frame_shape.empty() && !framing.vector && !m.takes_images())
    throw Failure(Exit::user, path + " has events, which lie on an image or a line, but `" + m.name + "` takes " +
                                  shape_text(m.input));
  auto* values = reinterpret_cast<Value*>(to.data());
  return recording.frame_shape.empty() ? frame_events(recording, framing, values, path, left_out)
                                       : copy_frames(recording, framing, values, m, path);
}

// What users should know about how recordings were read, one note for each kind of remark, whichever thread reads what.
class Remarks {
public:
  void add(size_t sample, const Recording& recording, int64_t left_out, const std::string& path) {
    std::lock_guard<std::mutex> lock(mutex_);
    note(reordered_, recording.reordered, sample, path);
    note(wrapped_, recording.wrapped, sample, path);
    note(cut_, left_out > 0, sample, path);
    events_left_out_ += left_out;
    if (!recording.unit_assumed || recording.events.size() < 2)
      return;
    auto count = static_cast<int64_t>(recording.events.size());
    int64_t span = recording.events.back().time - recording.events.front().time;
    note(dense_, count > span, sample, path);
    note(sparse_, span > 10'000'000 && count < span / 10'000, sample, path);
  }

  // Lines without "note: ".
  std::vector<std::string> lines(const Framing& framing) const {
    std::vector<std::string> lines;
    if (reordered_.count > 0)
      lines.push_back(reordered_.text() + " not ordered by time: events were sorted");
    if (wrapped_.count > 0)
      lines.push_back(wrapped_.text() + " of a clock that overflowed: its times were continued");
    if (cut_.count > 0)
      lines.push_back(cut_.text() + " longer than " + std::to_string(framing.frames) + " frames of " +
                      std::to_string(framing.rule.microseconds) + " us: " + std::to_string(events_left_out_) +
                      " events after the last frame are left out");
    if (dense_.count > 0)
      lines.push_back(dense_.text() + " taken to be in microseconds, and has more events than microseconds: if the "
                                      "unit is another one, name it with --time-unit s or ms");
    if (sparse_.count > 0)
      lines.push_back(sparse_.text() + " taken to be in microseconds, and has fewer than 100 events a second: if the "
                                       "unit is another one, name it with --time-unit ns");
    return lines;
  }

private:
  struct Kind {
    int64_t count = 0;
    size_t first = 0; // the first sample and its file
    std::string path;
    std::string text() const {
      return count == 1 ? path + " is" : std::to_string(count) + " samples, such as one of " + path + ", are";
    }
  };
  static void note(Kind& kind, bool holds, size_t sample, const std::string& path) {
    if (!holds)
      return;
    if (kind.count++ == 0 || sample < kind.first) {
      kind.first = sample;
      kind.path = path;
    }
  }

  std::mutex mutex_;
  Kind reordered_, wrapped_, cut_, dense_, sparse_;
  int64_t events_left_out_ = 0;
};

void check_unit(const DataSettings& settings, bool microseconds, const std::string& what) {
  if (microseconds && !settings.time_unit.empty() && settings.time_unit != "us")
    throw Failure(Exit::usage, what + " holds times in microseconds, but they are said to be in `" +
                                   settings.time_unit + "` (--time-unit, or time_unit in the recipe)");
}

void print_notes(const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    tell("note: {}\n", line);
}

// Every recording, decoded and cut; a file that cannot be read is as many damaged samples as it should hold.
std::unique_ptr<Dataset> inspect(Listing listing, const Framing& framing, Inspection& inspection,
                                 const Provenance& provenance, const Manifest& m) {
  for_each_file(listing.entries, [&](size_t first, size_t last) {
    const std::string& path = listing.entries[first].path;
    size_t seen = 0;
    const auto look = [&](size_t i, const Recording& recording) {
      seen = i + 1;
      inspection.look(first + i, path, [&] {
        std::vector<uint8_t> values(static_cast<size_t>(framing.elements()) * sizeof(float));
        int64_t left_out = 0;
        decode_to<float>(recording, framing, values, m, path, &left_out);
        if (recording.frame_shape.empty())
          inspection.add_recording(
              static_cast<int64_t>(recording.events.size()),
              recording.events.empty() ? 0 : recording.events.back().time - recording.events.front().time);
      });
    };
    const auto decode = [&] { listing.decode(&listing.entries[first], last - first, look); };
    std::string why;
    try {
      decode();
      return;
    } catch (const Failure& failure) {
      why = failure.what();
    }
    for (size_t i = first + seen; i < last; ++i)
      inspection.look(i, path, [&] { throw Failure(Exit::user, why); });
  });
  std::vector<int32_t> labels;
  for (const Entry& entry : listing.entries)
    labels.push_back(entry.label);
  return listed(std::move(labels), listing.class_names, provenance);
}

} // namespace

uint64_t hash_sources(const std::vector<Entry>& entries) {
  uint64_t hash = 0;
  const std::string* last = nullptr;
  for (const Entry& entry : entries) {
    if (last != nullptr && *last == entry.path)
      continue;
    last = &entry.path;
    struct stat s;
    if (::stat(entry.path.c_str(), &s) != 0)
      throw Failure(Exit::io, "cannot open " + entry.path + ": " + std::strerror(errno));
    // The time of the last change of the inode cannot be set back: a file that was replaced is seen.
    int64_t numbers[] = {s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec, s.st_ctim.tv_sec, s.st_ctim.tv_nsec};
    hash = hash_bytes(numbers, sizeof numbers, hash);
  }
  return hash;
}

std::string cache_key(const Listing& listing, const DataSettings& settings, Split split,
                      const nlohmann::ordered_json& preparation) {
  uint64_t entries = 0;
  for (const Entry& e : listing.entries) {
    int64_t numbers[] = {e.label, e.index, e.begin, e.end};
    entries = hash_bytes(e.name, hash_bytes(numbers, sizeof numbers, entries));
  }
  nlohmann::ordered_json key = {{"decoder", 4}, // to be raised when a reader or the framing changes
                                {"format", listing.format},
                                {"preparation", preparation},
                                {"part", split_name(split)},
                                {"partition", settings.partition},
                                {"entries", hash_text(entries)},
                                {"sources", hash_text(hash_sources(listing.entries))}};
  return json_text(key);
}

void for_each_file(const std::vector<Entry>& entries, const std::function<void(size_t, size_t)>& work) {
  std::vector<size_t> begins;
  for (size_t i = 0; i < entries.size(); ++i)
    if (i == 0 || entries[i].path != entries[i - 1].path)
      begins.push_back(i);
  begins.push_back(entries.size());
  auto files = static_cast<int64_t>(begins.size()) - 1;
  std::atomic<int64_t> failed{files};
  std::exception_ptr failure;
  std::mutex mutex;
#pragma omp parallel for schedule(dynamic, 1) num_threads(rvb_team())
  for (int64_t file = 0; file < files; ++file) {
    if (file > failed) // what comes before the failure may fail too, and is then told instead
      continue;
    try {
      work(begins[static_cast<size_t>(file)], begins[static_cast<size_t>(file) + 1]);
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (file < failed) {
        failed = file;
        failure = std::current_exception();
      }
    }
  }
  if (failure)
    std::rethrow_exception(failure);
}

Provenance divide(Listing& listing, const DataSettings& settings, Split split) {
  Partition partition = parse_partition(settings.partition);
  Provenance provenance;
  provenance.format = listing.format;
  provenance.part = split_name(split);
  if (partition.official() && !listing.parts)
    throw Failure(Exit::usage, settings.folder + " (" + listing.format +
                                   ") has no parts for training and testing: name them with --partition random:0.2:1, "
                                   "first-hundred or file:PATH, or make folders train and test");
  if (!partition.official()) {
    provenance.partition = settings.partition;
    std::vector<std::string> names;
    std::vector<int32_t> labels;
    for (const Entry& entry : listing.entries) {
      names.push_back(entry.name);
      labels.push_back(entry.label);
    }
    std::vector<Entry> chosen;
    for (int64_t index : choose(partition, split, names, labels))
      chosen.push_back(std::move(listing.entries[static_cast<size_t>(index)]));
    listing.entries = std::move(chosen);
  }
  uint64_t hash = 0;
  for (const Entry& entry : listing.entries)
    hash = hash_bytes(entry.name, hash_bytes(&entry.label, sizeof entry.label, hash));
  provenance.split_hash = hash_text(hash);
  return provenance;
}

std::unique_ptr<Dataset> open_recordings(Listing listing, const DataSettings& settings, Split split,
                                         const Manifest& manifest) {
  Samples samples;
  check_flags(settings, {"--frames", "--time-unit"}, "what " + settings.folder + " holds");
  samples.provenance = divide(listing, settings, split);
  check_unit(settings, !listing.unit_open, settings.folder + " (" + listing.format + ")");
  if (listing.entries.empty())
    throw Failure(Exit::user, settings.folder + " (" + listing.format + ") holds no samples for " + split_name(split));
  Framing framing = framing_of(manifest, settings);
  if (settings.inspection != nullptr)
    return inspect(std::move(listing), framing, *settings.inspection, samples.provenance, manifest);
  std::string key = cache_key(listing, settings, split,
                              {{"frames", framing.rule.text()},
                               {"time_unit", settings.time_unit},
                               {"steps", framing.frames},
                               {"shape", manifest.input}});
  uint64_t before = hash_sources(listing.entries);
  auto fill = [&](SampleSink& sink) {
    Remarks remarks;
    for_each_file(listing.entries, [&](size_t first, size_t last) {
      std::vector<uint8_t> values(static_cast<size_t>(framing.elements() * sink.element_bytes));
      listing.decode(&listing.entries[first], last - first, [&](size_t i, const Recording& recording) {
        std::fill(values.begin(), values.end(), 0);
        const std::string& path = listing.entries[first].path;
        int64_t cut = 0;
        bool fits = sink.element_bytes == 1   ? decode_to<uint8_t>(recording, framing, values, manifest, path, &cut)
                    : sink.element_bytes == 2 ? decode_to<uint16_t>(recording, framing, values, manifest, path, &cut)
                                              : decode_to<float>(recording, framing, values, manifest, path, &cut);
        if (!fits)
          throw WiderElements();
        remarks.add(first + i, recording, cut, path);
        sink.put(static_cast<int64_t>(first + i), values.data());
      });
    });
    if (hash_sources(listing.entries) != before)
      throw Failure(Exit::io, settings.folder + ": a file changed while it was read");
    sink.remarks = remarks.lines(framing);
  };
  auto count = static_cast<int64_t>(listing.entries.size());
  CachedSamples cached =
      cached_samples(key, std::to_string(count) + " samples of " + settings.folder, count, framing.elements(), fill);
  print_notes(cached.remarks);
  samples.frames = framing.frames;
  samples.channels = manifest.channels;
  samples.height = manifest.height;
  samples.width = manifest.width;
  samples.bytes = cached.element_bytes;
  samples.events = true;
  samples.data = cached.data;
  samples.owner = cached.owner;
  samples.check = cached.check;
  for (const Entry& entry : listing.entries)
    samples.labels.push_back(entry.label);
  samples.class_names = listing.class_names;
  samples.provenance.hash =
      hash_text(hash_bytes(samples.labels.data(), samples.labels.size() * sizeof(int32_t), hash_bytes(cached.hash)));
  return make_dataset(std::move(samples), manifest, settings.folder);
}

std::unique_ptr<Dataset> open_recording(const std::string& path, const DataSettings& settings,
                                        const Manifest& manifest) {
  check_unit(settings, names_unit(path), path);
  Framing framing = framing_of(manifest, settings);
  Recording recording = read_recording(path, manifest, settings.time_unit);
  Samples samples;
  samples.frames = framing.frames;
  samples.channels = manifest.channels;
  samples.height = manifest.height;
  samples.width = manifest.width;
  samples.bytes = sizeof(float);
  samples.events = true;
  std::vector<uint8_t> values(static_cast<size_t>(samples.sample_bytes()));
  int64_t left_out = 0;
  decode_to<float>(recording, framing, values, manifest, path, &left_out);
  Remarks remarks;
  remarks.add(0, recording, left_out, path);
  print_notes(remarks.lines(framing));
  samples.own(std::move(values));
  samples.labels = {0};
  samples.provenance.format = "recording";
  return make_dataset(std::move(samples), manifest, path);
}

} // namespace rvb::runtime
