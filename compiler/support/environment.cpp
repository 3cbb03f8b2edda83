#include "support/environment.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace rvb {

namespace {

class Descriptor {
public:
  explicit Descriptor(int file) : file_(file) {}
  ~Descriptor() { close(file_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

private:
  int file_;
};

const char* kind(mode_t mode) {
  return S_ISDIR(mode)    ? "it is a folder"
         : S_ISFIFO(mode) ? "it is a pipe, not a regular file"
         : S_ISSOCK(mode) ? "it is a socket, not a regular file"
                          : "it is a device, not a regular file";
}

} // namespace

EnvironmentFailure::EnvironmentFailure(const std::string& what, int error)
    : Failure(Exit::io, what + ": " + std::strerror(error)), error_(error) {}

bool EnvironmentFailure::exhausted() const {
  return error_ == EMFILE || error_ == ENFILE || error_ == ENOMEM || error_ == EAGAIN;
}

bool EnvironmentFailure::absent() const {
  return error_ == ENOENT || error_ == ENOTDIR || error_ == ELOOP || error_ == ENAMETOOLONG;
}

void environment_failed(const std::string& what, int error) {
  throw EnvironmentFailure(what, error);
}

std::string read_descriptor(int file, const std::string& name, size_t most) {
  std::string text;
  std::vector<char> piece(1 << 16);
  while (text.size() <= most) {
    ssize_t got = read(file, piece.data(), piece.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      environment_failed("cannot read " + name, errno);
    if (got == 0)
      break;
    text.append(piece.data(), static_cast<size_t>(got));
  }
  text.resize(std::min(text.size(), most + 1));
  return text;
}

std::string read_regular_file(const std::string& path, size_t most) {
  // Without O_NONBLOCK, opening a pipe would wait for its other end.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0)
    environment_failed("cannot read " + path, errno);
  Descriptor owner(file);
  struct stat status {};
  if (fstat(file, &status) != 0)
    environment_failed("cannot read " + path, errno);
  if (!S_ISREG(status.st_mode))
    throw Failure(Exit::io, "cannot read " + path + ": " + kind(status.st_mode));
  return read_descriptor(file, path, most);
}

} // namespace rvb
