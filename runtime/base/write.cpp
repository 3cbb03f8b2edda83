// Files, standard output and messages as they are written.
#include "base/files.h"

#include "base/failure.h"
#include "base/messages.h"
#include "base/retry.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <poll.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rvb::runtime {

namespace {

[[noreturn]] void fail_to_write(const std::string& path) {
  throw Failure(Exit::io, "cannot write " + path + ": " + std::strerror(errno));
}

// A failed close tells of data that did not reach the disk; interrupted, it has closed nevertheless.
bool close_file(int file) {
  return ::close(file) == 0 || errno == EINTR;
}

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string real_path(const std::string& path) {
  char* found = ::realpath(path.c_str(), nullptr);
  std::string text = found == nullptr ? "" : found;
  std::free(found);
  return text;
}

std::optional<std::string> link_target(const std::string& path) {
  char target[PATH_MAX];
  ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  if (length <= 0 || length == static_cast<ssize_t>(sizeof target))
    return std::nullopt;
  std::string text(target, static_cast<size_t>(length));
  return text[0] == '/' ? text : join(folder_of(path), text);
}

// Where a path leads in the end: to one of this process's descriptors (/dev/stdout, /dev/fd/3), or to a file.
struct Target {
  int descriptor = -1;
  std::string path;
};

Target follow(std::string path) {
  const std::string own = real_path("/proc/self/fd");
  for (int links = 0; links < 40; ++links) {
    const std::string name = name_of(path);
    bool number = !name.empty() && name.size() < 9 && name.find_first_not_of("0123456789") == std::string::npos;
    if (number && !own.empty() && real_path(folder_of(path)) == own)
      return {std::atoi(name.c_str()), path};
    std::optional<std::string> next = link_target(path);
    if (!next)
      break;
    path = *next;
  }
  return {-1, path};
}

bool ends_with_number(const std::string& text, size_t begin) {
  return begin < text.size() && text.find_first_not_of("0123456789", begin) == std::string::npos;
}

// NAME.rvb-PID.tmp; where `older`, also NAME.PID.tmp.
bool is_leftover(const std::string& name, bool older) {
  if (name.size() < 5 || name.compare(name.size() - 4, 4, ".tmp") != 0)
    return false;
  const std::string rest = name.substr(0, name.size() - 4);
  const size_t dot = rest.rfind('.');
  if (dot == std::string::npos)
    return false;
  return rest.compare(dot, 5, ".rvb-") == 0 ? ends_with_number(rest, dot + 5)
                                            : older && ends_with_number(rest, dot + 1);
}

void remove_leftovers(const std::string& folder, bool older) {
  for (const std::string& name : files_in(folder)) {
    if (!is_leftover(name, older))
      continue;
    const std::string path = join(folder, name);
    const int file = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); });
    if (file < 0)
      continue;
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) // a living process holds a lock on what it writes
      ::unlink(path.c_str());
    ::close(file);
  }
}

// Once a process and folder: listing it costs more than writing a small file.
void clean_once(const std::string& folder) {
  static std::mutex mutex;
  static std::set<std::string> cleaned;
  std::lock_guard<std::mutex> lock(mutex);
  if (!cleaned.insert(folder).second)
    return;
  try {
    remove_leftovers(folder, false);
  } catch (const Failure&) {
    // a folder that cannot be listed can be written all the same
  }
}

// The new name must survive a power cut too. A file system that does not know this, or a folder that may be written but
// not read, still has the right contents.
bool sync_folder(const std::string& path) {
  const int folder = retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (folder < 0)
    return errno == EACCES || errno == EPERM;
  const bool synced = retry([&] { return ::fsync(folder); }) == 0;
  const int reason = errno;
  ::close(folder);
  errno = reason;
  return synced || (reason != EIO && reason != ENOSPC && reason != EDQUOT);
}

void write_through(int file, const std::string& path, std::string_view bytes) {
  const bool written = write_all(file, bytes);
  const int reason = errno;
  const bool closed = close_file(file);
  if (!written)
    errno = reason;
  if (!written || !closed)
    fail_to_write(path);
}

std::string output_buffer;
constexpr size_t most_buffered = 1 << 16;

} // namespace

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = retry([&] { return ::write(file, bytes.data(), bytes.size()); });
    if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) { // whoever shares the descriptor wants it so
      pollfd ready{file, POLLOUT, 0};
      if (retry([&] { return ::poll(&ready, 1, -1); }) < 0)
        return false;
      continue;
    }
    if (written == 0)
      errno = EIO;
    if (written <= 0)
      return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void remove_leftovers(const std::string& folder) {
  remove_leftovers(folder, true);
}

int descriptor_named(const std::string& path) {
  return follow(path).descriptor;
}

void write_file(const std::string& path, std::string_view bytes, unsigned mode) {
  if (path == "-") {
    print(bytes);
    flush_output();
    return;
  }
  const Target target = follow(path);
  if (target.descriptor >= 0) {
    flush_output(); // what was printed before comes before
    const int file = ::fcntl(target.descriptor, F_DUPFD_CLOEXEC, 0);
    if (file < 0)
      fail_to_write(path);
    write_through(file, path, bytes);
    return;
  }
  struct stat status;
  if (::stat(target.path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    const int file = retry([&] { return ::open(target.path.c_str(), O_WRONLY | O_CLOEXEC); });
    if (file < 0)
      fail_to_write(path);
    write_through(file, path, bytes);
    return;
  }
  NewFile file(target.path, mode);
  file.add(bytes);
  file.finish();
}

NewFile::NewFile(const std::string& path, unsigned mode) : path_(path) {
  const std::string folder = folder_of(path), name = name_of(path);
  clean_once(folder);
  // A name may be long; what is added to it must still fit.
  temporary_ = join(folder, name.substr(0, 200) + ".rvb-" + std::to_string(::getpid()) + ".tmp");
  struct stat status;
  for (;;) {
    file_ = retry([&] { return ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, mode); });
    if (file_ < 0)
      fail();
    // Another process that cleans up may have taken the file in the moment before it was locked. File systems without
    // locks have no one who cleans up.
    if (retry([&] { return ::flock(file_, LOCK_EX); }) != 0 || ::fstat(file_, &status) != 0 || status.st_nlink > 0)
      break;
    ::close(file_);
  }
  struct stat made;
  if (::stat(path.c_str(), &status) == 0 && ::fstat(file_, &made) == 0) // who may read the old one may read the new one
    (void)!::fchmod(file_, (status.st_mode & 0777) | (made.st_mode & mode & 0111));
}

NewFile::~NewFile() {
  if (file_ < 0)
    return;
  ::unlink(temporary_.c_str());
  ::close(file_);
}

void NewFile::fail() const {
  fail_to_write(path_);
}

void NewFile::add(std::string_view bytes) {
  if (!write_all(file_, bytes))
    fail();
}

void NewFile::put(const void* data, size_t size, int64_t at) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = retry([&] { return ::pwrite(file_, from, size, at); });
    if (written == 0)
      errno = EIO;
    if (written <= 0)
      fail();
    from += written;
    at += written;
    size -= static_cast<size_t>(written);
  }
}

void NewFile::cut(int64_t size) {
  if (retry([&] { return ::ftruncate(file_, size); }) != 0)
    fail();
}

void NewFile::finish() {
  if (retry([&] { return ::fsync(file_); }) != 0 && errno != EINVAL)
    fail();
  if (retry([&] { return ::rename(temporary_.c_str(), path_.c_str()); }) != 0)
    fail();
  const int file = file_;
  file_ = -1;
  if (!close_file(file) || !sync_folder(folder_of(path_)))
    fail();
}

GrowingFile::~GrowingFile() {
  if (file_ >= 0)
    ::close(file_);
}

void GrowingFile::open(const std::string& path) {
  path_ = path;
  file_ = retry([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666); });
  if (file_ < 0)
    fail_to_write(path);
}

void GrowingFile::add(std::string_view bytes) {
  if (!write_all(file_, bytes))
    fail_to_write(path_);
}

void print(std::string_view text) {
  output_buffer += text;
  if (output_buffer.size() > most_buffered)
    flush_output();
}

void tell_text(std::string_view text) {
  (void)write_all(2, text);
}

void flush_output() {
  const std::string text = std::move(output_buffer);
  output_buffer.clear();
  if (!write_all(1, text))
    fail_to_write("to standard output");
}

} // namespace rvb::runtime
