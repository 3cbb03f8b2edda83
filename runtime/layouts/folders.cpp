#include "layouts/folders.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/messages.h"
#include "images/image.h"
#include "layouts/recordings.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <map>

namespace rvb::runtime {

const char* const class_folders_expected = "train/CLASS/FILE and test/CLASS/FILE (or Train, val, Test), or CLASS/FILE "
                                           "with --partition; pictures .png .jpg .jpeg "
                                           ".webp .bmp .tif .tiff .ppm .pgm (ImageNet), .bin (N-MNIST), .aedat .aedat4 "
                                           "(CIFAR10-DVS), .npy .npz (events or frames)";

namespace {

enum class Kind { none, picture, atis, aedat, aedat4, array };

// Lower case, without the dot; "" for none, and for hidden files.
std::string ending_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  size_t dot = name.rfind('.');
  std::string ending = dot == std::string::npos || dot == 0 || name[0] == '.' ? "" : name.substr(dot + 1);
  for (char& c : ending)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

Kind kind_of(const std::string& path) {
  const std::string ending = ending_of(path);
  if (is_picture_name(ending))
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

// What a class holds, as torchvision's ImageFolder finds it: files in the folder and in those within it, folders in the
// order of their whole paths. visit(path below `folder`).
class Walk {
public:
  explicit Walk(const std::string& folder) : top_(folder) { collect("", 0); }
  template <class Visit> void files(Visit&& visit) const {
    for (const auto& [inner, names] : folders_)
      for (const std::string& name : names)
        visit(inner.empty() ? name : inner + "/" + name);
  }

private:
  void collect(const std::string& inner, int depth) {
    constexpr int deepest = 40; // links that lead back up go on for ever
    const std::string folder = inner.empty() ? top_ : join(top_, inner);
    if (depth > deepest)
      throw Failure(Exit::io, folder + " is nested deeper than " + std::to_string(deepest) +
                                  " folders: does a link lead back up?");
    std::vector<std::string>& names = folders_[inner];
    for (const std::string& name : files_in(folder)) {
      if (name[0] == '.')
        continue;
      if (kind_of(name) == Kind::none && folder_exists(join(folder, name)))
        collect(inner.empty() ? name : inner + "/" + name, depth + 1);
      else
        names.push_back(name);
    }
  }

  std::string top_;
  std::map<std::string, std::vector<std::string>> folders_;
};

// There is a file of a known kind. Looks into no more than `folders`: this may be anybody's home.
bool holds_known(const std::string& folder, int& folders) {
  if (--folders < 0)
    return false;
  const std::vector<std::string> names = files_in(folder);
  if (std::any_of(names.begin(), names.end(), [](const std::string& name) { return kind_of(name) != Kind::none; }))
    return true;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return folders > 0 && name[0] != '.' && folder_exists(join(folder, name)) &&
           holds_known(join(folder, name), folders);
  });
}

// One of the first folders holds a file of a known kind.
bool has_classes(const std::string& folder) {
  if (folder.empty())
    return false;
  std::vector<std::string> names = folders_in(folder);
  names.resize(std::min<size_t>(names.size(), 4));
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    int folders = 100;
    return holds_known(join(folder, name), folders);
  });
}

struct Found {
  std::vector<Entry> entries;
  std::vector<std::string> classes;
  Kind kind = Kind::none;
  std::map<std::string, int64_t> unread; // files, by their endings
};

// `classes` gives the labels, as in torchvision's ImageFolder: the place of the name in the sorted list.
void list_files(const std::string& folder, Found& found) {
  for (const std::string& name : folders_in(folder)) {
    auto place = std::lower_bound(found.classes.begin(), found.classes.end(), name);
    if (place == found.classes.end() || *place != name)
      throw Failure(Exit::user, join(folder, name) + ": the training part has no class `" + name + "`");
    size_t before = found.entries.size();
    Walk(join(folder, name)).files([&](const std::string& file) {
      Kind kind = kind_of(file);
      if (kind == Kind::none) {
        ++found.unread[ending_of(file)];
        return;
      }
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
    });
    if (found.entries.size() == before)
      throw Failure(Exit::io,
                    join(folder, name) + " holds no file that can be read; expected " + class_folders_expected);
  }
}

void note_unread(const Found& found, const std::string& folder) {
  int64_t all = 0;
  std::string list;
  for (const auto& [ending, count] : found.unread) {
    all += count;
    list +=
        fmt::format("{}{} {}", list.empty() ? "" : ", ", count, ending.empty() ? "without an ending" : "." + ending);
  }
  if (all > 0)
    tell("note: {}: {} files of kinds that are not read are left out: {}\n", folder, all, list);
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
    throw Failure(Exit::io, settings.folder + ": the folder train (or Train) is missing next to " + test);
  if (parts && official && split == Split::test && test.empty())
    throw Failure(Exit::io, settings.folder + ": the folder test (or Test, val) is missing next to " + train +
                                "; --partition random:0.2:1 divides what is there");
  found.classes = folders_in(parts ? train : settings.folder);
  const std::string& listed = !parts ? settings.folder : official && split == Split::test ? test : train;
  list_files(listed, found);
  note_unread(found, listed);
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
