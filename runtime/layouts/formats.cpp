// The table of dataset formats. A new one is a function that opens a split, and a row. Here are those whose files hold
// decoded images; folders.cpp has those with one recording or picture a file.
#include "layouts/formats.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/hash.h"
#include "data/drawn.h"
#include "data/partition.h"
#include "files/idx.h"
#include "files/recognise.h"
#include "layouts/folders.h"
#include "layouts/gesture.h"
#include "layouts/heidelberg.h"

namespace rvb::runtime {

namespace {

// The files of `names` that are missing in `place`, all at once.
void require_files(const std::string& place, const std::vector<std::string>& names, const std::string& format) {
  std::string missing;
  for (const std::string& name : names)
    if (!file_exists(join(place, name)))
      missing += (missing.empty() ? "" : ", ") + name;
  if (!missing.empty())
    throw Failure(Exit::io, place + ": " + format + " is incomplete: missing " + missing);
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::string word;
  if (!file_exists(path))
    return lines;
  for (uint8_t byte : read_file(path, "class names"))
    if (byte == '\n') {
      if (!word.empty())
        lines.push_back(word);
      word.clear();
    } else if (byte >= ' ') {
      word += static_cast<char>(byte);
    }
  return lines;
}

// `load` reads an official part; a partition divides that for training.
std::unique_ptr<Dataset> open_images(Samples (*load)(const std::string&, Split, const Manifest&),
                                     const DataSettings& settings, Split split, const Manifest& manifest) {
  check_flags(settings, {}, "what " + settings.folder + " holds");
  Partition partition = parse_partition(settings.partition);
  Samples samples = load(settings.folder, partition.official() ? split : Split::train, manifest);
  auto size = static_cast<size_t>(samples.sample_bytes());
  uint64_t names = 0;
  if (!partition.official()) {
    std::vector<int64_t> chosen = choose(partition, split, {}, samples.labels);
    std::vector<uint8_t> data;
    data.reserve(chosen.size() * size);
    std::vector<int32_t> labels;
    for (int64_t index : chosen) {
      const uint8_t* from = samples.data + static_cast<size_t>(index) * size;
      data.insert(data.end(), from, from + size);
      labels.push_back(samples.labels[static_cast<size_t>(index)]);
    }
    names = hash_bytes(chosen.data(), chosen.size() * sizeof(int64_t));
    samples.own(std::move(data));
    samples.labels = std::move(labels);
    samples.provenance.partition = settings.partition;
  }
  samples.provenance.part = split_name(split);
  samples.provenance.split_hash =
      hash_text(hash_bytes(samples.labels.data(), samples.labels.size() * sizeof(int32_t), names));
  samples.provenance.hash = hash_text(hash_bytes(samples.labels.data(), samples.labels.size() * sizeof(int32_t),
                                                 hash_bytes(samples.data, samples.labels.size() * size)));
  return make_dataset(std::move(samples), manifest, settings.folder);
}

// MNIST, Fashion-MNIST and their kin: four IDX files, gzipped or not, also where torchvision puts them, and under the
// names that some unpackers give them (train-images.idx3-ubyte).
std::string find_idx(const std::string& folder, std::string name) {
  std::string dotted = name;
  dotted.replace(dotted.rfind("-idx"), 1, ".");
  for (const char* inner : {"", "raw", "MNIST/raw", "FashionMNIST/raw"})
    for (const std::string& each : {name, name + ".gz", dotted, dotted + ".gz"}) {
      std::string path = join(*inner == 0 ? folder : join(folder, inner), each);
      if (file_exists(path))
        return path;
    }
  return "";
}

const char* const idx_names[2][2] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                                     {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};

bool idx_present(const std::string& folder) {
  for (const auto& pair : idx_names)
    for (const char* name : pair)
      if (!find_idx(folder, name).empty())
        return true;
  return false;
}

Samples load_idx(const std::string& folder, Split split, const Manifest& manifest) {
  std::unique_ptr<IdxFile> files[2];
  std::string paths[2];
  for (int i = 0; i < 2; ++i) {
    const char* name = idx_names[split == Split::train ? 0 : 1][i];
    paths[i] = find_idx(folder, name);
    if (paths[i].empty())
      throw Failure(Exit::io, folder + ": " + name + "[.gz] is missing");
    files[i] = std::make_unique<IdxFile>(paths[i], i == 0 ? 3 : 1);
  }
  const std::vector<int64_t>&images = files[0]->shape(), &labels = files[1]->shape();
  if (images[0] != labels[0])
    throw Failure(Exit::user, paths[0] + " has " + std::to_string(images[0]) + " images, " + paths[1] + " has " +
                                  std::to_string(labels[0]) + " labels");
  Samples samples;
  samples.channels = 1;
  samples.height = images[1];
  samples.width = images[2];
  check_shape(samples, manifest, folder); // before they are unpacked
  Bytes classes = files[1]->values();
  samples.labels.assign(classes.begin(), classes.end());
  samples.own(files[0]->values());
  samples.provenance.format = "IDX";
  return samples;
}

std::unique_ptr<Dataset> open_idx(const DataSettings& settings, Split split, const Manifest& manifest) {
  return open_images(load_idx, settings, split, manifest);
}

// CIFAR binary: records of label bytes and 3 x 32 x 32 bytes. Of `labels` bytes the one at `place` is meant.
Samples read_cifar(const std::string& folder, const std::vector<std::string>& names, const std::string& format,
                   size_t label_bytes, size_t label_at, int classes) {
  constexpr size_t picture = 3 * 32 * 32;
  size_t record = picture + label_bytes;
  require_files(folder, names, format);
  Samples samples;
  std::vector<uint8_t> pixels;
  for (const std::string& name : names) {
    std::string path = join(folder, name);
    Bytes bytes = read_file(path, format + " in binary form");
    if (bytes.empty() || bytes.size() % record != 0)
      throw Failure(Exit::user, path + ": " + std::to_string(bytes.size()) + " bytes are no multiple of " +
                                    std::to_string(record) + " (the bytes of a " + format + " record)");
    for (size_t at = 0; at < bytes.size(); at += record) {
      int label = bytes[at + label_at];
      if (label >= classes)
        throw Failure(Exit::user, path + ": record " + std::to_string(at / record) + " has label " +
                                      std::to_string(label) + ", " + format + " has 0 to " +
                                      std::to_string(classes - 1) + ": the file is damaged or no " + format);
      samples.labels.push_back(label);
      auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at + label_bytes);
      pixels.insert(pixels.end(), begin, begin + picture);
    }
  }
  samples.channels = 3;
  samples.height = samples.width = 32;
  samples.own(std::move(pixels));
  samples.provenance.format = format;
  return samples;
}

// The folder itself or `inner`, whichever has one of the files; "" for neither.
std::string find_place(const std::string& folder, const char* inner, const std::vector<std::string>& names) {
  for (const std::string& place : {folder, join(folder, inner)})
    for (const std::string& name : names)
      if (file_exists(join(place, name)))
        return place;
  return "";
}

std::string cifar10_folder(const std::string& folder) {
  return find_place(folder, "cifar-10-batches-bin",
                    {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
                     "test_batch.bin"});
}

bool cifar10_present(const std::string& folder) {
  return !cifar10_folder(folder).empty();
}

Samples load_cifar10(const std::string& folder, Split split, const Manifest&) {
  std::string place = cifar10_folder(folder);
  std::vector<std::string> names{"test_batch.bin"};
  if (split == Split::train)
    names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  Samples samples = read_cifar(place, names, "CIFAR-10", 1, 0, 10);
  samples.class_names = lines_of(join(place, "batches.meta.txt"));
  return samples;
}

std::unique_ptr<Dataset> open_cifar10(const DataSettings& settings, Split split, const Manifest& manifest) {
  return open_images(load_cifar10, settings, split, manifest);
}

std::string cifar100_folder(const std::string& folder) {
  return find_place(folder, "cifar-100-binary", {"train.bin", "test.bin"});
}

bool cifar100_present(const std::string& folder) {
  return !cifar100_folder(folder).empty();
}

// A network of 20 classes learns the coarse labels.
Samples load_cifar100(const std::string& folder, Split split, const Manifest& manifest) {
  std::string place = cifar100_folder(folder);
  bool coarse = manifest.classes == 20;
  Samples samples = read_cifar(place, {split == Split::train ? "train.bin" : "test.bin"}, "CIFAR-100", 2,
                               coarse ? 0 : 1, coarse ? 20 : 100);
  samples.class_names = lines_of(join(place, coarse ? "coarse_label_names.txt" : "fine_label_names.txt"));
  return samples;
}

std::unique_ptr<Dataset> open_cifar100(const DataSettings& settings, Split split, const Manifest& manifest) {
  return open_images(load_cifar100, settings, split, manifest);
}

} // namespace

std::string elsewhere(const std::string& folder) {
  const struct {
    const char *name, *file, *other;
  } rows[] = {{"CIFAR-10", "data_batch_1", "cifar-10-binary.tar.gz (data_batch_1.bin …)"},
              {"CIFAR-10", "data_batch_1.mat", "cifar-10-binary.tar.gz (data_batch_1.bin …)"},
              {"CIFAR-10", "test_batch", "cifar-10-binary.tar.gz (data_batch_1.bin …)"},
              {"CIFAR-100", "train", "cifar-100-binary.tar.gz (train.bin, test.bin)"},
              {"CIFAR-100", "train.mat", "cifar-100-binary.tar.gz (train.bin, test.bin)"}};
  for (const auto& row : rows)
    for (const char* inner :
         {"", "cifar-10-batches-py", "cifar-10-batches-mat", "cifar-100-python", "cifar-100-matlab"}) {
      std::string path = join(*inner == 0 ? folder : join(folder, inner), row.file);
      Bytes start = file_exists(path) ? read_start(path, 16) : Bytes();
      std::string kind = what_is(start.data(), start.size());
      if (kind.find("pickle") != std::string::npos || kind.find("MATLAB") != std::string::npos)
        return path + " is of " + row.name + "'s " + (kind.find("MATLAB") == std::string::npos ? "Python" : "MATLAB") +
               " version; the binary version is read: unpack " + row.other;
    }
  return "";
}

const Format formats[] = {
    {"MNIST or Fashion-MNIST",
     "train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], t10k-images-idx3-ubyte[.gz], "
     "t10k-labels-idx1-ubyte[.gz] (also as train-images.idx3-ubyte)",
     idx_present, open_idx},
    {"CIFAR-10 binary",
     "data_batch_1.bin … data_batch_5.bin, test_batch.bin (or a folder cifar-10-batches-bin of them)", cifar10_present,
     open_cifar10},
    {"CIFAR-100 binary", "train.bin, test.bin (or a folder cifar-100-binary of them)", cifar100_present, open_cifar100},
    {"DVS128-Gesture", gesture_expected, gesture_present, open_gesture},
    {"Spiking Heidelberg Digits or Speech Commands", heidelberg_expected, heidelberg_present, open_heidelberg},
    {"Pictures or recordings by class", class_folders_expected, class_folders_present, open_class_folders},
};
const int format_count = sizeof formats / sizeof *formats;

std::unique_ptr<Dataset> open_folder(const DataSettings& settings, Split split, const Manifest& manifest) {
  const std::string& folder = settings.folder;
  if (manifest.regression && settings.inspection == nullptr)
    throw Failure(Exit::usage, "--data " + folder + ": the samples of data sets belong to classes, and `" +
                                   manifest.name +
                                   "` learns numbers: give both as arrays, --input x.npy --labels y.npy");
  if (is_synthetic(folder))
    return open_synthetic(settings, split, manifest);
  if (file_exists(folder))
    throw Failure(Exit::io, "--data " + folder +
                                " is a file: the folder of a data set is meant; --input takes arrays "
                                "and pictures");
  if (!folder_exists(folder))
    throw Failure(Exit::io, "--data " + folder + ": there is no such folder");
  for (int i = 0; i < format_count; ++i)
    if (formats[i].present(folder)) {
      std::unique_ptr<Dataset> dataset = formats[i].open(settings, split, manifest);
      if (dataset->count() == 0)
        throw Failure(Exit::user, folder + " holds no samples for " + split_name(split));
      return dataset;
    }
  if (std::string other = elsewhere(folder); !other.empty())
    throw Failure(Exit::user, other);
  std::string text = "--data " + folder + ": no known data set is in this folder. Expected one of:";
  for (int i = 0; i < format_count; ++i)
    text += std::string("\n  ") + formats[i].name + ": " + formats[i].expected;
  std::vector<std::string> names = files_in(folder);
  text += "\nThe folder holds ";
  for (size_t i = 0; i < names.size() && i < 5; ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  text += names.empty() ? "nothing" : names.size() > 5 ? ", …" : "";
  throw Failure(Exit::io, text);
}

} // namespace rvb::runtime
