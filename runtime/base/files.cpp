#include "base/files.h"

#include "base/failure.h"
#include "base/retry.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace rvb::runtime {

namespace {

[[noreturn]] void fail(const std::string& text) {
  throw Failure(Exit::io, text + ": " + std::strerror(errno));
}

// 0 when there is nothing of this name.
mode_t mode_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0)
    return status.st_mode;
  if (errno != ENOENT && errno != ENOTDIR)
    fail("cannot open " + path);
  return 0;
}

const char* kind_text(mode_t mode) {
  return S_ISDIR(mode)    ? "a folder"
         : S_ISFIFO(mode) ? "a named pipe"
         : S_ISSOCK(mode) ? "a socket"
         : S_ISCHR(mode)  ? "a character device"
         : S_ISBLK(mode)  ? "a block device"
                          : "no regular file";
}

// The number of a descriptor that the program was started with, by whose name it is to be read: what a shell connects,
// as `<(command)` and /dev/stdin. -1: another file.
int inherited(const std::string& path) {
  if (path == "/dev/stdin")
    return 0;
  for (const std::string folder : {"/dev/fd/", "/proc/self/fd/"})
    if (path.rfind(folder, 0) == 0 && path.size() > folder.size() && path.size() < folder.size() + 8 &&
        path.find_first_not_of("0123456789", folder.size()) == std::string::npos)
      return std::atoi(path.c_str() + folder.size());
  return -1;
}

} // namespace

bool file_exists(const std::string& path) {
  mode_t mode = mode_of(path);
  return mode != 0 && !S_ISDIR(mode);
}

bool folder_exists(const std::string& path) {
  return S_ISDIR(mode_of(path));
}

void make_folder(const std::string& path) {
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    std::string part = path.substr(0, end);
    if (part.empty() || ::mkdir(part.c_str(), 0777) == 0)
      continue;
    int error = errno;
    struct stat status;
    if (::stat(part.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      continue;
    errno = error;
    fail("cannot make the folder " + part);
  }
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.back() == '/' ? folder + name : folder + "/" + name;
}

void remove_file(const std::string& path) {
  ::unlink(path.c_str());
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), ::closedir);
  if (stream == nullptr)
    fail("cannot list the folder " + folder);
  for (;;) {
    errno = 0; // the end of the folder is no error
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0)
      fail("cannot list the folder " + folder);
    if (entry == nullptr)
      break;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.push_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

int open_regular(const std::string& path, struct stat& status) {
  status = {};
  // Looked at before it is opened: opening alone does something to some devices.
  if (::stat(path.c_str(), &status) != 0)
    return -1;
  int file = -1;
  if (S_ISREG(status.st_mode)) // not to wait when it was replaced by a pipe just now
    file = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
  else
    errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
  if (file >= 0 && ::fstat(file, &status) == 0 && S_ISREG(status.st_mode))
    return file;
  int error = errno;
  if (file >= 0)
    ::close(file);
  errno = error;
  return -1;
}

int open_input_file(const std::string& path, const std::string& what) {
  struct stat status;
  int file = open_regular(path, status);
  if (file < 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) && inherited(path) >= 0)
    file = ::dup(inherited(path));
  else if (file < 0 && status.st_mode != 0 && !S_ISREG(status.st_mode))
    throw Failure(Exit::io, path + " is " + kind_text(status.st_mode) + " (expected " + what + ")" +
                                (S_ISDIR(status.st_mode) ? "" : ": only regular files are read"));
  if (file < 0)
    fail("cannot open " + path + " (expected " + what + ")");
  return file;
}

InputFile::InputFile(const std::string& path, const std::string& what)
    : path_(path), file_(open_input_file(path, what)) {
  struct stat status;
  if (::fstat(file_, &status) != 0)
    fail("cannot open " + path);
  size_ = static_cast<uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode))
    read_pipe();
}

// All of it: how long it is shows at its end.
void InputFile::read_pipe() {
  constexpr size_t most = size_t{1} << 30;
  Bytes bytes(65536);
  size_t filled = 0;
  while ((filled += read(bytes.data() + filled, bytes.size() - filled)) == bytes.size()) {
    if (filled >= most)
      throw Failure(Exit::io, path_ + " is a pipe that gives more than 1 GiB: save what it gives to a file first");
    bytes.resize(bytes.size() * 2);
  }
  bytes.resize(filled);
  size_ = filled;
  piped_ = std::move(bytes);
}

InputFile::~InputFile() {
  ::close(file_);
}

size_t InputFile::read(uint8_t* to, size_t size) {
  size_t filled = std::min(size, piped_.size() - taken_);
  std::copy_n(piped_.data() + taken_, filled, to);
  taken_ += filled;
  while (filled < size) {
    ssize_t count = retry([&] { return ::read(file_, to + filled, size - filled); });
    if (count < 0)
      fail("cannot read " + path_);
    if (count == 0)
      break;
    filled += static_cast<size_t>(count);
  }
  return filled;
}

void require_regular(const std::string& path, const std::string& what) {
  InputFile file(path, what);
}

Bytes read_file(const std::string& path, const std::string& what) {
  InputFile file(path, what);
  // A file may be longer than its disk, with holes in it.
  uint64_t memory = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  if (file.size() >= memory)
    throw Failure(Exit::io, path + " has " + std::to_string(file.size()) +
                                " bytes, more than the memory of this machine (expected " + what + ")");
  // Files of the kernel say that they are empty; they and those that grow meanwhile must end somewhere.
  const uint64_t most = std::max(file.size(), uint64_t{1} << 26);
  Bytes bytes(static_cast<size_t>(file.size()) + 1);
  size_t filled = 0;
  while ((filled += file.read(bytes.data() + filled, bytes.size() - filled)) == bytes.size()) {
    if (filled > most)
      throw Failure(Exit::io, path + " does not end (expected " + what + ")");
    bytes.resize(bytes.size() * 2);
  }
  bytes.resize(filled);
  return bytes;
}

Bytes read_start(const std::string& path, size_t count) {
  Bytes bytes(count);
  struct stat status;
  int file = open_regular(path, status);
  // What is not there, or no regular file, is for whoever opens it in earnest to refuse.
  if (file < 0 && S_ISREG(status.st_mode))
    fail("cannot open " + path);
  ssize_t filled = file >= 0 ? retry([&] { return ::read(file, bytes.data(), count); }) : 0;
  const int error = errno;
  if (file >= 0)
    ::close(file);
  errno = error;
  if (filled < 0)
    fail("cannot read " + path);
  bytes.resize(static_cast<size_t>(filled));
  return bytes;
}

} // namespace rvb::runtime
