#include "build/object_cache.h"

#include "base/files.h"
#include "base/hash.h"
#include "base/trust.h"
#include "host/output.h"
#include "support/environment.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace rvb::build {

namespace fs = std::filesystem;

namespace {

// The cache stays below this; the objects that were not used for longest go first.
constexpr uintmax_t cache_limit = uintmax_t{1} << 30;
constexpr off_t largest_object = off_t{256} << 20;

struct Trailer {
  char mark[8];
  uint64_t bytes;
  uint64_t hash;
};

Trailer trailer_of(const std::string& symbol, std::string_view object) {
  Trailer trailer{{'R', 'V', 'B', 'O', 'B', 'J', '1', '\n'}, object.size(), 0};
  trailer.hash = runtime::hash_bytes(object.data(), object.size(), runtime::hash_bytes(symbol));
  return trailer;
}

// What a process that was killed was writing: NAME.rvb-PID.tmp, by older versions NAME.PID.tmp.o. Of processes that
// cannot be seen from here, on another machine say, it is a leftover after an hour.
bool is_leftover(const fs::path& path) {
  std::string name = path.filename().string();
  for (const char* ending : {".tmp.o", ".tmp"}) {
    const size_t length = std::strlen(ending);
    if (name.size() <= length || name.compare(name.size() - length, length, ending) != 0)
      continue;
    name.resize(name.size() - length);
    const size_t dot = name.rfind('.');
    std::string pid = dot == std::string::npos ? "" : name.substr(dot + 1);
    if (pid.rfind("rvb-", 0) == 0)
      pid.erase(0, 4);
    if (pid.empty() || pid.size() > 9 || pid.find_first_not_of("0123456789") != std::string::npos)
      return false;
    std::error_code gone;
    const auto written = fs::last_write_time(path, gone);
    return (kill(std::stoi(pid), 0) != 0 && errno == ESRCH) ||
           (!gone && fs::file_time_type::clock::now() - written > std::chrono::hours(1));
  }
  return false;
}

} // namespace

std::optional<std::string> ObjectCache::find(const std::string& symbol) const {
  if (folder_.empty())
    return std::nullopt;
  const int file = ::open(path_of(symbol).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0)
    return std::nullopt;
  std::optional<std::string> object;
  struct stat status {};
  if (fstat(file, &status) == 0 && runtime::is_own_file(status) &&
      status.st_size > static_cast<off_t>(sizeof(Trailer)) && status.st_size <= largest_object) {
    try {
      object = read_descriptor(file, path_of(symbol), static_cast<size_t>(status.st_size));
    } catch (const Failure&) { // a bad place of the disk
    }
  }
  Trailer found{};
  if (object && object->size() > sizeof found) {
    const size_t bytes = object->size() - sizeof found;
    std::memcpy(&found, object->data() + bytes, sizeof found);
    object->resize(bytes);
    const Trailer expected = trailer_of(symbol, *object);
    if (std::memcmp(&found, &expected, sizeof found) != 0)
      object.reset();
  } else {
    object.reset();
  }
  if (object)
    (void)futimens(file, nullptr); // used now: goes last
  ::close(file);
  return object;
}

std::string ObjectCache::keep(const std::string& symbol, std::string_view object) const {
  if (folder_.empty())
    return "";
  const std::string path = path_of(symbol);
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && !runtime::is_own_file(status)) // a link, say, which is not to be followed
    (void)std::remove(path.c_str());
  if (lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return path + " is no regular file and cannot be removed";
  if (access(folder_.c_str(), W_OK) != 0)
    return "the cache folder " + folder_ + " cannot be written: " + std::strerror(errno);
  const Trailer trailer = trailer_of(symbol, object);
  std::string bytes(object);
  bytes.append(reinterpret_cast<const char*>(&trailer), sizeof trailer);
  runtime::write_file(path, bytes, 0644);
  return "";
}

void ObjectCache::tidy() const {
  if (folder_.empty())
    return;
  struct Entry {
    fs::file_time_type time;
    uintmax_t size;
    fs::path path;
  };
  std::vector<Entry> entries;
  uintmax_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    // Whatever else lies in the folder, which the user may have named, is not ours.
    const std::string name = it->path().filename().string();
    if (name.rfind("rvb_", 0) != 0 || name.find(".o", 4) == std::string::npos)
      continue;
    std::error_code gone; // another rvbc may be doing the same
    if (is_leftover(it->path())) {
      fs::remove(it->path(), gone);
      continue;
    }
    Entry entry{it->last_write_time(gone), it->file_size(gone), it->path()};
    if (gone)
      continue;
    total += entry.size;
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.time < b.time; });
  for (const Entry& entry : entries) {
    if (total <= cache_limit)
      break;
    fs::remove(entry.path, error);
    total -= entry.size;
  }
}

} // namespace rvb::build
