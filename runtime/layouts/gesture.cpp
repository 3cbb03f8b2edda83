#include "layouts/gesture.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/messages.h"
#include "layouts/recordings.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace rvb::runtime {

const char* const gesture_expected = "trials_to_train.txt, trials_to_test.txt, and for each recording in them "
                                     "userNN_LIGHT.aedat and userNN_LIGHT_labels.csv "
                                     "(or a folder DvsGesture of them)";

namespace {

constexpr int gestures = 11;
const char* const names[gestures] = {"hand clapping",
                                     "right hand wave",
                                     "left hand wave",
                                     "right arm clockwise",
                                     "right arm counter clockwise",
                                     "left arm clockwise",
                                     "left arm counter clockwise",
                                     "arm roll",
                                     "air drums",
                                     "air guitar",
                                     "other gestures"};

std::string place_of(const std::string& folder) {
  for (const std::string& place : {folder, join(folder, "DvsGesture")})
    for (const char* list : {"trials_to_train.txt", "trials_to_test.txt"})
      if (file_exists(join(place, list)))
        return place;
  return "";
}

std::vector<std::string> lines_of(const std::string& path, const std::string& what) {
  Bytes bytes = read_file(path, what);
  std::vector<std::string> lines;
  std::string text(bytes.begin(), bytes.end());
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.pop_back();
    if (!line.empty())
      lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

// Rows `class,startTime_usec,endTime_usec` under a line of titles. A row that ends before it begins is left out, with a
// note: the original has one such.
void read_labels(const std::string& path, const std::string& recording, std::vector<Entry>& entries) {
  std::vector<std::string> lines = lines_of(path, "labels of DVS128-Gesture");
  for (size_t i = 0; i < lines.size(); ++i) {
    int64_t numbers[3];
    const char* at = lines[i].c_str();
    bool good = true;
    for (int k = 0; k < 3 && good; ++k) {
      char* end = nullptr;
      numbers[k] = std::strtoll(at, &end, 10);
      good = end != at && *end == (k < 2 ? ',' : '\0');
      at = end + 1;
    }
    if (!good && i == 0) // the titles
      continue;
    std::string place = path + ":" + std::to_string(i + 1);
    if (!good || numbers[0] < 1 || numbers[0] > gestures || numbers[1] < 0)
      throw Failure(Exit::user, place + ": expected CLASS,START,END with a class from 1 to 11, not `" +
                                    lines[i].substr(0, 80) + "`");
    if (numbers[2] <= numbers[1]) {
      tell("note: {}: the gesture ends before it begins; it is left out\n", place);
      continue;
    }
    Entry entry;
    entry.path = recording;
    entry.name = recording.substr(recording.rfind('/') + 1) + "#" + std::to_string(i);
    entry.label = static_cast<int32_t>(numbers[0] - 1);
    entry.index = static_cast<int64_t>(i);
    entry.begin = numbers[1];
    entry.end = numbers[2];
    entries.push_back(std::move(entry));
  }
}

void cut(const Entry* entries, size_t count, const Listing::Each& each) {
  const std::string& path = entries->path;
  Recording whole = parse_aedat3(read_file(path, "a recording of DVS128-Gesture (AEDAT 3.1)"), path);
  for (size_t i = 0; i < count; ++i) {
    Recording part;
    part.width = whole.width;
    part.height = whole.height;
    part.reordered = whole.reordered;
    part.wrapped = whole.wrapped;
    for (const Event& event : whole.events)
      if (event.time >= entries[i].begin && event.time < entries[i].end)
        part.events.push_back(event);
    if (part.events.empty())
      throw Failure(Exit::user, path + ": no events from " + std::to_string(entries[i].begin) + " to " +
                                    std::to_string(entries[i].end) +
                                    " microseconds, where the labels have a gesture: the file is truncated, or the "
                                    "labels are of another");
    each(i, part);
  }
}

} // namespace

bool gesture_present(const std::string& folder) {
  return !place_of(folder).empty();
}

std::unique_ptr<Dataset> open_gesture(const DataSettings& settings, Split split, const Manifest& manifest) {
  std::string place = place_of(settings.folder);
  bool official = settings.partition.empty() || settings.partition == "official";
  std::string list = official && split == Split::test ? "trials_to_test.txt" : "trials_to_train.txt";
  Listing listing;
  listing.format = "DVS128-Gesture";
  listing.parts = true;
  listing.class_names.assign(names, names + gestures);
  std::string missing;
  for (const std::string& name : lines_of(join(place, list), "the recordings of the part")) {
    std::string base = name.substr(0, name.rfind(".aedat"));
    for (const std::string& file : {name, base + "_labels.csv"})
      if (!file_exists(join(place, file)))
        missing += (missing.empty() ? "" : ", ") + file;
    if (missing.empty())
      read_labels(join(place, base + "_labels.csv"), join(place, name), listing.entries);
  }
  if (!missing.empty())
    throw Failure(Exit::io, place + ": DVS128-Gesture is incomplete: " + list + " names what is missing: " + missing);
  listing.decode = cut;
  return open_recordings(std::move(listing), settings, split, manifest);
}

} // namespace rvb::runtime
