#include "files.h"

#include "failure.h"
#include "retry.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rvb::runtime {

namespace {

[[noreturn]] void fail(const std::string& text) {
  throw Failure(Exit::io, text + ": " + std::strerror(errno));
}

} // namespace

bool file_exists(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

bool folder_exists(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void make_folder(const std::string& path) {
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    std::string part = path.substr(0, end);
    if (part.empty() || ::mkdir(part.c_str(), 0777) == 0)
      continue;
    const int reason = errno; // a folder on a file system that cannot be written gives EROFS, say, though it is there
    if (!folder_exists(part)) {
      errno = reason;
      fail("cannot make the folder " + part);
    }
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
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr)
    return names;
  while (const dirent* entry = ::readdir(stream))
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.push_back(entry->d_name);
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

Bytes read_file(const std::string& path, const std::string& what) {
  int file = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (file < 0)
    fail("cannot open " + path + " (expected " + what + ")");
  struct stat status;
  if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(file);
    throw Failure(Exit::io, path + " is a folder (expected " + what + ")");
  }
  Bytes bytes(S_ISREG(status.st_mode) ? static_cast<size_t>(status.st_size) + 1 : 65536);
  size_t filled = 0;
  for (;;) {
    if (filled == bytes.size())
      bytes.resize(bytes.size() * 2);
    ssize_t count = retry([&] { return ::read(file, bytes.data() + filled, bytes.size() - filled); });
    if (count < 0) {
      int error = errno;
      ::close(file);
      errno = error;
      fail("cannot read " + path);
    }
    if (count == 0)
      break;
    filled += static_cast<size_t>(count);
  }
  ::close(file);
  bytes.resize(filled);
  return bytes;
}

Bytes read_start(const std::string& path, size_t count) {
  Bytes bytes(count);
  struct stat status;
  int file = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  bool regular = file >= 0 && ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  ssize_t filled = regular ? retry([&] { return ::read(file, bytes.data(), count); }) : 0;
  if (file >= 0)
    ::close(file);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(0, filled)));
  return bytes;
}

} // namespace rvb::runtime
