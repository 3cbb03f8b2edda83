#include "folders.h"

#include "failure.h"
#include "files.h"
#include "messages.h"
#include "recordings.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace rvb::runtime {

const char* const class_folders_expected =
    "train/CLASS/FILE and test/CLASS/FILE (or Train, val, Test), or CLASS/FILE with --partition; files .png .jpg .jpeg "
    "(ImageNet), .bin (N-MNIST), .aedat .aedat4 (CIFAR10-DVS), .npy .npz (events or frames)";

namespace {

enum class Kind { none, picture, atis, aedat, aedat4, array };

Kind kind_of(const std::string& name) {
  size_t dot = name.rfind('.');
  if (dot == std::string::npos || name[0] == '.')
    return Kind::none;
  std::string ending = name.substr(dot + 1);
  for (char& c : ending)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (ending == "png" || ending == "jpg" || ending == "jpeg")
    return Kind::picture;
  if (ending == "bin")
    return Kind::atis;
  if (ending == "aedat")
    return Kind::aedat;
  if (ending == "aedat4")
    return Kind::aedat4;
  return ending == "npy" || ending == "npz" ? Kind::array : Kind::none;
}

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> names = files_in(folder);
  names.erase(
      std::remove_if(names.begin(), names.end(),
                     [&](const std::string& name) { return name[0] == '.' || !folder_exists(join(folder, name)); }),
      names.end());
  return names;
}

// "" when there is none.
std::string part_folder(const std::string& folder, Split split) {
  const std::vector<const char*> names = split == Split::train
                                             ? std::vector<const char*>{"train", "Train", "training"}
                                             : std::vector<const char*>{"test", "Test", "val", "validation", "testing"};
  for (const char* name : names)
    if (folder_exists(join(folder, name)))
      return join(folder, name);
  return "";
}

// One of the first folders holds a file of a known kind.
bool has_classes(const std::string& folder) {
  if (folder.empty())
    return false;
  std::vector<std::string> names = folders_in(folder);
  for (size_t i = 0; i < names.size() && i < 4; ++i)
    for (const std::string& file : files_in(join(folder, names[i])))
      if (kind_of(file) != Kind::none)
        return true;
  return false;
}

struct Found {
  std::vector<Entry> entries;
  std::vector<std::string> classes;
  Kind kind = Kind::none;
};

// `classes` gives the labels, as in torchvision's ImageFolder: the place of the name in the sorted list.
void list_files(const std::string& folder, Found& found) {
  for (const std::string& name : folders_in(folder)) {
    auto place = std::lower_bound(found.classes.begin(), found.classes.end(), name);
    if (place == found.classes.end() || *place != name)
      throw Failure(Exit::user, join(folder, name) + ": the training part has no class `" + name + "`");
    size_t before = found.entries.size();
    for (const std::string& file : files_in(join(folder, name))) {
      Kind kind = kind_of(file);
      if (kind == Kind::none)
        continue;
      if (found.kind != Kind::none && kind != found.kind)
        throw Failure(Exit::user, join(join(folder, name), file) +
                                      " is of another kind than the files before it, such as " +
                                      found.entries.front().path);
      found.kind = kind;
      Entry entry;
      entry.name = name + "/" + file;
      entry.path = join(join(folder, name), file);
      entry.label = static_cast<int32_t>(place - found.classes.begin());
      found.entries.push_back(std::move(entry));
    }
    if (found.entries.size() == before)
      throw Failure(Exit::io,
                    join(folder, name) + " holds no file that can be read; expected " + class_folders_expected);
  }
}

// The first of every class, the second of every class …: what --limit leaves has all classes.
void deal(std::vector<Entry>& entries) {
  int64_t place = 0;
  for (size_t i = 0; i < entries.size(); ++i)
    entries[i].index = place = i > 0 && entries[i].label == entries[i - 1].label ? place + 1 : 0;
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.index < b.index; });
  for (Entry& entry : entries)
    entry.index = 0;
}

bool is_cifar10_dvs(const Found& found) {
  return (found.kind == Kind::aedat || found.kind == Kind::aedat4) &&
         std::all_of(found.entries.begin(), found.entries.end(),
                     [](const Entry& e) { return e.name.find("/cifar10_") != std::string::npos; });
}

void note_missing(const Found& found) {
  for (size_t k = 0; k < found.classes.size(); ++k) {
    std::vector<bool> there(1000, false);
    for (const Entry& e : found.entries)
      if (e.label == static_cast<int32_t>(k)) {
        int64_t number = std::atoll(e.name.c_str() + e.name.rfind('_') + 1);
        if (number >= 0 && number < 1000)
          there[static_cast<size_t>(number)] = true;
      }
    auto first = std::find(there.begin(), there.end(), false);
    if (auto missing = std::count(there.begin(), there.end(), false); missing > 0)
      tell("note: CIFAR10-DVS is incomplete: {} of 1000 recordings of {} are missing, such as cifar10_{}_{}\n", missing,
           found.classes[k], found.classes[k], first - there.begin());
  }
}

} // namespace

bool class_folders_present(const std::string& folder) {
  return has_classes(part_folder(folder, Split::train)) || has_classes(part_folder(folder, Split::test)) ||
         has_classes(folder);
}

std::unique_ptr<Dataset> open_class_folders(const DataSettings& given, Split split, const Manifest& manifest) {
  DataSettings settings = given;
  Found found;
  std::string train = part_folder(settings.folder, Split::train), test = part_folder(settings.folder, Split::test);
  bool parts = !train.empty() || !test.empty(),
       official = settings.partition.empty() || settings.partition == "official";
  if (parts && train.empty()) // it says which classes there are
    throw Failure(Exit::io, settings.folder + ": the folder train (or Train) is missing beside " + test);
  if (parts && official && split == Split::test && test.empty())
    throw Failure(Exit::io, settings.folder + ": the folder test (or Test, val) is missing beside " + train +
                                "; --partition random:0.2:1 divides what is there");
  found.classes = folders_in(parts ? train : settings.folder);
  list_files(!parts ? settings.folder : official && split == Split::test ? test : train, found);
  if (static_cast<int64_t>(found.classes.size()) != manifest.classes) {
    std::string names;
    for (size_t i = 0; i < found.classes.size() && i < 12; ++i)
      names += (i == 0 ? "" : ", ") + found.classes[i];
    throw Failure(Exit::user, fmt::format("{} has {} folders of classes ({}{}), but `{}` has {} classes",
                                          parts ? train : settings.folder, found.classes.size(), names,
                                          found.classes.size() > 12 ? ", …" : "", manifest.name, manifest.classes));
  }
  bool dvs = !parts && is_cifar10_dvs(found);
  if (dvs) {
    note_missing(found);
    if (settings.partition.empty())
      settings.partition = "first-hundred";
  }
  Listing listing;
  listing.parts = parts;
  listing.class_names = found.classes;
  deal(found.entries);
  listing.entries = std::move(found.entries);
  if (found.kind == Kind::picture) {
    listing.format = "pictures by class";
    return open_pictures(std::move(listing), settings, split, manifest);
  }
  listing.format = dvs ? "CIFAR10-DVS" : found.kind == Kind::atis ? "N-MNIST" : "recordings by class";
  listing.unit_open = found.kind == Kind::array;
  listing.decode = [&manifest, unit = settings.time_unit](const Entry* entry, size_t, const Listing::Each& each) {
    each(0, read_recording(entry->path, manifest, unit));
  };
  return open_recordings(std::move(listing), settings, split, manifest);
}

} // namespace rvb::runtime
