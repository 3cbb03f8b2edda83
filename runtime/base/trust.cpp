#include "base/trust.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace rvb::runtime {

bool is_own(const struct stat& status) {
  return status.st_uid == ::geteuid() || status.st_uid == 0;
}

std::string distrusted(const std::string& folder) {
  struct stat status;
  if (::stat(folder.c_str(), &status) != 0)
    return std::strerror(errno);
  if (!S_ISDIR(status.st_mode))
    return "it is no folder";
  if (!is_own(status))
    return "it belongs to another user";
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0)
    return "other users may write there";
  return "";
}

bool is_own_file(const struct stat& status) {
  return S_ISREG(status.st_mode) && is_own(status) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

} // namespace rvb::runtime
