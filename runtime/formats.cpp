// The table of dataset formats. A new one is a function that loads a split, and a row.
#include "dataset.h"

#include "failure.h"
#include "files.h"
#include "idx.h"

namespace rvb::runtime {

namespace {

// MNIST, Fashion-MNIST and their kin: four IDX files, gzipped or not, also where torchvision puts them.
std::string find_idx(const std::string& folder, const std::string& name) {
  for (const char* inner : {"", "raw", "MNIST/raw", "FashionMNIST/raw"})
    for (const char* ending : {"", ".gz"}) {
      std::string path = join(*inner == 0 ? folder : join(folder, inner), name + ending);
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

Images load_idx(const std::string& folder, Split split) {
  IdxArray arrays[2];
  std::string paths[2];
  for (int i = 0; i < 2; ++i) {
    const char* name = idx_names[split == Split::train ? 0 : 1][i];
    paths[i] = find_idx(folder, name);
    if (paths[i].empty())
      throw Failure(Exit::io, folder + ": " + name + "[.gz] is missing");
    arrays[i] = read_idx(paths[i], i == 0 ? 3 : 1);
  }
  if (arrays[0].shape[0] != arrays[1].shape[0])
    throw Failure(Exit::user, paths[0] + " has " + std::to_string(arrays[0].shape[0]) + " images, " + paths[1] +
                                  " has " + std::to_string(arrays[1].shape[0]) + " labels");
  Images images;
  images.channels = 1;
  images.height = arrays[0].shape[1];
  images.width = arrays[0].shape[2];
  images.pixels = std::move(arrays[0].values);
  images.labels = std::move(arrays[1].values);
  return images;
}

// CIFAR-10 binary: records of a label byte and 3 x 32 x 32 bytes.
std::string cifar_folder(const std::string& folder) {
  for (const std::string& place : {folder, join(folder, "cifar-10-batches-bin")})
    for (const char* name : {"data_batch_1.bin", "test_batch.bin"})
      if (file_exists(join(place, name)))
        return place;
  return "";
}

bool cifar_present(const std::string& folder) {
  return !cifar_folder(folder).empty();
}

Images load_cifar(const std::string& folder, Split split) {
  constexpr size_t picture = 3 * 32 * 32, record = picture + 1;
  std::string place = cifar_folder(folder);
  std::vector<std::string> names{"test_batch.bin"};
  if (split == Split::train)
    names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  Images images;
  images.channels = 3;
  images.height = images.width = 32;
  for (const std::string& name : names) {
    std::string path = join(place, name);
    Bytes bytes = read_file(path, "CIFAR-10 in binary form");
    if (bytes.empty() || bytes.size() % record != 0)
      throw Failure(Exit::user, path + ": " + std::to_string(bytes.size()) +
                                    " bytes are no whole number of CIFAR-10 records (" + std::to_string(record) +
                                    " bytes each)");
    for (size_t at = 0; at < bytes.size(); at += record) {
      images.labels.push_back(bytes[at]);
      auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1;
      images.pixels.insert(images.pixels.end(), begin, begin + picture);
    }
  }
  if (std::string meta = join(place, "batches.meta.txt"); file_exists(meta)) {
    std::string word;
    for (uint8_t byte : read_file(meta, "class names"))
      if (byte == '\n') {
        if (!word.empty())
          images.class_names.push_back(word);
        word.clear();
      } else if (byte >= ' ') {
        word += static_cast<char>(byte);
      }
  }
  return images;
}

} // namespace

const Format formats[] = {
    {"MNIST or Fashion-MNIST",
     "train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], t10k-images-idx3-ubyte[.gz], "
     "t10k-labels-idx1-ubyte[.gz]",
     idx_present, load_idx},
    {"CIFAR-10 binary",
     "data_batch_1.bin … data_batch_5.bin, test_batch.bin (or a folder cifar-10-batches-bin of them)", cifar_present,
     load_cifar},
};
const int format_count = sizeof formats / sizeof *formats;

} // namespace rvb::runtime
