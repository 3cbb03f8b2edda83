#include "files.h"

#include "failure.h"

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

void write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      fail("cannot write " + path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
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
    if (!part.empty() && ::mkdir(part.c_str(), 0777) != 0 && !(errno == EEXIST && folder_exists(part)) &&
        !folder_exists(part))
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
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
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
    ssize_t count = ::read(file, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR)
      continue;
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
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t filled =
      file >= 0 && ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) ? ::read(file, bytes.data(), count) : 0;
  if (file >= 0)
    ::close(file);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(0, filled)));
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) {
  if (path == "-") {
    print(bytes);
    flush_output();
    return;
  }
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    // A device or a pipe is written where it stands: renaming over /dev/stdout would replace the device.
    int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0)
      fail("cannot write " + path);
    try {
      write_all(file, bytes, path);
    } catch (...) {
      ::close(file);
      throw;
    }
    if (::close(file) != 0)
      fail("cannot write " + path);
    return;
  }
  std::string temporary = path + "." + std::to_string(::getpid()) + ".tmp";
  int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    fail("cannot write " + path);
  try {
    write_all(file, bytes, path);
    if (::fsync(file) != 0)
      fail("cannot write " + path);
  } catch (...) {
    ::close(file);
    ::unlink(temporary.c_str());
    throw;
  }
  if (::close(file) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    int error = errno;
    ::unlink(temporary.c_str());
    errno = error;
    fail("cannot write " + path);
  }
  // The new name must survive a power cut too; a file system that cannot do this still has the right contents.
  int folder = ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    (void)!::fsync(folder);
    ::close(folder);
  }
}

LineFile::~LineFile() {
  if (file_ >= 0)
    ::close(file_);
}

void LineFile::open(const std::string& path) {
  path_ = path;
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0)
    fail("cannot write " + path);
}

void LineFile::add(const std::string& line) {
  write_all(file_, line + "\n", path_);
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    fail("cannot write to standard output");
}

void flush_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    fail("cannot write to standard output");
}

} // namespace rvb::runtime
