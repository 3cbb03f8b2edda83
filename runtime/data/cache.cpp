#include "data/cache.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "base/trust.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

namespace rvb::runtime {

namespace {

// The file: a page with the mark and four numbers (where the trailer begins, its bytes, the bytes of the file, the
// trailer's hash), the samples, a hash of 8 bytes for each, the trailer: JSON with the key, the width of elements and
// the hash of the hashes. So nothing is used that has changed on the disk; samples are checked one by one as they are
// used, for a cache of many gigabytes is not read to its end only to begin.
constexpr char mark[] = "RVBDATA2";
constexpr int64_t page = 4096;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class File {
public:
  explicit File(int file) : file_(file) {}
  ~File() {
    if (file_ >= 0)
      ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  operator int() const { return file_; }

private:
  int file_;
};

uint64_t combined(const std::vector<uint64_t>& hashes) {
  return hash_bytes(hashes.data(), hashes.size() * sizeof(uint64_t));
}

// Null when the file is not there, is not whole, or has another key.
std::unique_ptr<CachedSamples> open_cache(const std::string& path, const std::string& key, int64_t count,
                                          int64_t elements) {
  struct stat status;
  File file(open_regular(path, status));
  if (file < 0 || !is_own(status) || status.st_size < page)
    return nullptr;
  auto size = static_cast<size_t>(status.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  std::shared_ptr<const void> owner(memory, [size](const void* m) { ::munmap(const_cast<void*>(m), size); });
  const auto* bytes = static_cast<const uint8_t*>(memory);
  uint64_t numbers[4];
  std::memcpy(numbers, bytes + 8, sizeof numbers);
  if (std::memcmp(bytes, mark, 8) != 0 || numbers[2] != size || numbers[0] > size || numbers[1] != size - numbers[0] ||
      hash_bytes(bytes + numbers[0], numbers[1]) != numbers[3])
    return nullptr;
  auto trailer = parse_json(bytes + numbers[0], numbers[1]);
  if (!trailer.is_object() || trailer.value("key", "") != key)
    return nullptr;
  auto result = std::make_unique<CachedSamples>();
  result->element_bytes = trailer.value("element_bytes", int64_t{0});
  result->hash = trailer.value("hash", "");
  result->remarks = trailer.value("remarks", std::vector<std::string>{});
  const int64_t sample = elements * result->element_bytes, end = page + count * sample;
  if (static_cast<uint64_t>(end) + static_cast<uint64_t>(count) * sizeof(uint64_t) != numbers[0])
    return nullptr;
  auto hashes = std::make_shared<std::vector<uint64_t>>(static_cast<size_t>(count));
  std::memcpy(hashes->data(), bytes + end, hashes->size() * sizeof(uint64_t));
  if (hash_text(combined(*hashes)) != result->hash)
    return nullptr;
  result->check = [hashes, path, sample, data = bytes + page](int64_t n) {
    if (hash_bytes(data + n * sample, static_cast<size_t>(sample)) == (*hashes)[static_cast<size_t>(n)])
      return;
    remove_file(path);
    throw Failure(Exit::io, fmt::format("{}: sample {} has changed on the disk since it was written: the file was "
                                        "removed; the next run decodes the samples again",
                                        path, n));
  };
  result->data = bytes + page;
  result->owner = owner;
  const timespec used[] = {{0, UTIME_NOW}, {0, UTIME_OMIT}}; // trimmed last; another user's file keeps its time
  (void)!::futimens(file, used);
  return result;
}

// Decoding that takes long says how far it is, every five seconds.
class Progress {
public:
  Progress(const std::string& what, int64_t count) : what_(what), count_(count), begin_(Clock::now()), said_(begin_) {}
  void begin() { done_ = 0; }
  void one_more() {
    ++done_;
    std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (!lock || Clock::now() - said_ < std::chrono::seconds(5))
      return;
    said_ = Clock::now();
    tell("decoding {}: {} of {}\n", what_, done_.load(), count_);
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

private:
  using Clock = std::chrono::steady_clock;
  const std::string& what_;
  int64_t count_;
  Clock::time_point begin_, said_;
  std::atomic<int64_t> done_{0};
  std::mutex mutex_;
};

class FileSink : public SampleSink {
public:
  FileSink(Progress& progress, NewFile& file, int64_t count, int64_t elements, int64_t width)
      : progress_(progress), file_(file), hashes_(static_cast<size_t>(count)), sample_(elements * width) {
    element_bytes = width;
  }
  void put(int64_t sample, const void* data) override {
    hashes_[static_cast<size_t>(sample)] = hash_bytes(data, static_cast<size_t>(sample_));
    written([&] { file_.put(data, static_cast<size_t>(sample_), page + sample * sample_); });
    progress_.one_more();
  }
  void finish(const std::string& key) {
    nlohmann::ordered_json trailer = {
        {"key", key}, {"element_bytes", element_bytes}, {"hash", hash_text(combined(hashes_))}, {"remarks", remarks}};
    std::string text = json_text(trailer);
    auto at = page + static_cast<int64_t>(hashes_.size()) * sample_;
    const size_t hash_size = hashes_.size() * sizeof(uint64_t);
    const int64_t samples_end = at;
    at += static_cast<int64_t>(hash_size);
    uint64_t numbers[4] = {static_cast<uint64_t>(at), text.size(), static_cast<uint64_t>(at) + text.size(),
                           hash_bytes(text)};
    written([&] {
      file_.cut(samples_end);
      file_.put(hashes_.data(), hash_size, samples_end);
      file_.put(text.data(), text.size(), at);
      file_.put(numbers, sizeof numbers, 8);
      file_.put(mark, 8, 0);
      file_.finish();
    });
  }

private:
  template <class Write> static void written(Write&& write) {
    try {
      write();
    } catch (const Failure& failure) {
      throw Failure(failure.exit,
                    std::string(failure.what()) + " (RVB_CACHE_DIR names another folder for decoded data)");
    }
  }
  Progress& progress_;
  NewFile& file_;
  std::vector<uint64_t> hashes_;
  int64_t sample_;
};

class MemorySink : public SampleSink {
public:
  MemorySink(int64_t count, int64_t elements, int64_t width)
      : bytes(static_cast<size_t>(count * elements * width)), hashes_(static_cast<size_t>(count)),
        sample_(static_cast<size_t>(elements * width)) {
    element_bytes = width;
  }
  void put(int64_t sample, const void* data) override {
    hashes_[static_cast<size_t>(sample)] = hash_bytes(data, sample_);
    std::memcpy(bytes.data() + static_cast<size_t>(sample) * sample_, data, sample_);
  }
  std::string hash() const { return hash_text(combined(hashes_)); }
  Bytes bytes;

private:
  std::vector<uint64_t> hashes_;
  size_t sample_;
};

bool ends(const std::string& name, const std::string& ending) {
  return name.size() > ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

// Removes samples that were not used for longest until the rest fits. `path`, which is used now, stays. Programs that
// still read what is removed keep it to their end.
void trim(const std::string& folder, const std::string& path) {
  struct Kept {
    timespec used;
    int64_t size;
    std::string path;
  };
  std::vector<Kept> all;
  int64_t total = 0;
  for (const std::string& name : files_in(folder)) {
    struct stat status;
    Kept each{{}, 0, join(folder, name)};
    if (!ends(name, ".rvbd") || ::lstat(each.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      continue;
    each.used = status.st_atim;
    total += each.size = status.st_size;
    if (each.path != path)
      all.push_back(std::move(each));
  }
  std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) {
    return std::tie(a.used.tv_sec, a.used.tv_nsec) < std::tie(b.used.tv_sec, b.used.tv_nsec);
  });
  for (const Kept& each : all) {
    if (total <= data_cache_limit())
      return;
    ::unlink(each.path.c_str());
    total -= each.size;
  }
}

template <class Make> auto fill_widening(const std::function<void(SampleSink&)>& fill, Make&& make) {
  for (int64_t width : {1, 2}) {
    auto sink = make(width);
    try {
      fill(*sink);
      return sink;
    } catch (const WiderElements&) {
    }
  }
  auto sink = make(4);
  fill(*sink);
  return sink;
}

// Null when the folder cannot be written.
std::unique_ptr<CachedSamples> make_cache(const std::string& folder, const std::string& path, const std::string& key,
                                          int64_t count, int64_t elements, Progress& progress,
                                          const std::function<void(SampleSink&)>& fill) {
  std::unique_ptr<NewFile> file;
  try {
    make_folder(folder);
    remove_leftovers(folder);
    file = std::make_unique<NewFile>(path);
  } catch (const Failure&) {
    return nullptr;
  }
  fill_widening(fill, [&](int64_t width) {
    progress.begin();
    return std::make_unique<FileSink>(progress, *file, count, elements, width);
  })->finish(key);
  try {
    trim(folder, path);
  } catch (const Failure&) { // a folder that may be written but not listed
  }
  return open_cache(path, key, count, elements);
}

} // namespace

int64_t data_cache_limit() {
  const std::string text = environment("RVB_DATA_CACHE_SIZE");
  if (text.empty())
    return int64_t{16} << 30;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::pair<const char*, double> units[] = {{"", 1},         {"KB", 1e3},     {"MB", 1e6},
                                                  {"GB", 1e9},     {"TB", 1e12},    {"KiB", 0x1p10},
                                                  {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  for (auto [name, size] : units)
    if (end != text.c_str() && std::string(end) == name && number >= 0 && number * size < 0x1p62)
      return static_cast<int64_t>(number * size);
  throw Failure(Exit::usage, "RVB_DATA_CACHE_SIZE is `" + text + "`; expected a size such as 8GiB or 500MB");
}

std::string cache_folder() {
  std::string folder = environment("RVB_CACHE_DIR");
  if (folder.empty() && !environment("XDG_CACHE_HOME").empty())
    folder = join(environment("XDG_CACHE_HOME"), "rvb");
  if (folder.empty() && !environment("HOME").empty())
    folder = join(environment("HOME"), ".cache/rvb");
  return folder;
}

CachedSamples cached_samples(const std::string& key, const std::string& what, int64_t count, int64_t sample_elements,
                             const std::function<void(SampleSink&)>& fill) {
  std::string root = cache_folder(), folder = join(root, "data");
  std::string path = join(folder, hash_text(hash_bytes(key)) + ".rvbd");
  if (!root.empty())
    if (auto found = open_cache(path, key, count, sample_elements))
      return *found;
  Progress progress(what, count);
  if (!root.empty())
    if (auto made = make_cache(folder, path, key, count, sample_elements, progress, fill)) {
      if (progress.seconds() > 2)
        tell("decoded {} in {:.0f} s, kept in {}\n", what, progress.seconds(), path);
      return *made;
    }
  tell("note: {}: what is decoded is not kept (RVB_CACHE_DIR names a folder for it)\n",
       root.empty() ? "there is no cache folder" : folder + " cannot be written");
  auto sink =
      fill_widening(fill, [&](int64_t width) { return std::make_unique<MemorySink>(count, sample_elements, width); });
  CachedSamples result;
  result.element_bytes = sink->element_bytes;
  result.hash = sink->hash();
  result.remarks = sink->remarks;
  auto bytes = std::make_shared<const Bytes>(std::move(sink->bytes));
  result.data = bytes->data();
  result.owner = bytes;
  return result;
}

} // namespace rvb::runtime
