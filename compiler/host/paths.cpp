#include "host/paths.h"

#include "base/trust.h"
#include "host/output.h"
#include "support/environment.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace rvb {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path prefix() {
  std::error_code error;
  fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (error)
    throw Failure(Exit::io, "cannot find where rvbc itself lies: " + error.message());
  return executable.parent_path().parent_path();
}

std::string neighbour(const char* variable, std::vector<fs::path> candidates, const char* what) {
  if (std::string value = environment(variable); !value.empty())
    return fs::absolute(value).string(); // tools may run in another folder
  for (const fs::path& candidate : candidates)
    if (fs::is_directory(prefix() / candidate))
      return (prefix() / candidate).string();
  throw Failure(Exit::io, std::string("cannot find ") + what + ": expected " + (prefix() / candidates[0]).string() +
                              " (reinstall rvbc, or set " + variable + ")");
}

void keep_nothing(const fs::path& folder, const std::string& why) {
  note_once("kernels are not kept in the cache folder " + folder.string() + ": " + why +
            " (RVB_CACHE_DIR names another folder)");
}

void make_private(const fs::path& folder, std::error_code& error) {
  const mode_t before = umask(077);
  fs::create_directories(folder, error);
  umask(before);
}

// Objects of other users would become part of programs.
std::string trusted(const fs::path& folder) {
  const std::string why = runtime::distrusted(folder.string());
  if (why.empty())
    return fs::absolute(folder).string();
  keep_nothing(folder, why);
  return "";
}

fs::path temporary_base() {
  std::error_code error;
  fs::path base = fs::temp_directory_path(error);
  if (!error)
    base = fs::absolute(base, error); // tools may run in another folder
  if (error)
    throw Failure(Exit::io, "no folder for temporary files: " + error.message() + " (TMPDIR names it)");
  return base;
}

constexpr const char* temporary_name = "rvbc-tmp-"; // and six characters

// The lock ends with the process and its children. -1: somebody else has it, or the folder is gone or not ours.
int lock_folder(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat open_one {
  }, named{};
  if (file >= 0 && fstat(file, &open_one) == 0 && open_one.st_uid == geteuid() && flock(file, LOCK_EX | LOCK_NB) == 0 &&
      stat(path.c_str(), &named) == 0 && named.st_ino == open_one.st_ino)
    return file;
  const int error = errno;
  if (file >= 0)
    close(file);
  errno = error;
  return -1;
}

void remove_leftovers(const fs::path& base) {
  std::error_code error;
  for (fs::directory_iterator it(base, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.rfind(temporary_name, 0) != 0 || name.size() != std::strlen(temporary_name) + 6)
      continue;
    const int lock = lock_folder(it->path().string());
    if (lock < 0)
      continue;
    std::error_code ignored;
    fs::remove_all(it->path(), ignored);
    close(lock);
  }
}

} // namespace

std::string stdlib_folder() {
  return neighbour("RVB_STDLIB", {"share/rvb/stdlib"}, "the standard library");
}

std::string examples_folder() {
  return neighbour("RVB_EXAMPLES", {"share/rvb/examples"}, "the examples");
}

std::string library_folder() {
  return neighbour("RVB_LIBRARY", {"lib/rvb", "lib/x86_64-linux-gnu/rvb", "lib/aarch64-linux-gnu/rvb", "lib64/rvb"},
                   "the runtime's archives");
}

std::string include_folder() {
  return neighbour("RVB_INCLUDE", {"include/rvb"}, "the runtime's headers");
}

std::string cache_folder() {
  if (const std::string named = environment("RVB_CACHE_DIR"); !named.empty()) {
    std::error_code error;
    make_private(named, error);
    if (error)
      throw Failure(Exit::io, "cannot make the cache folder " + named + ": " + error.message() +
                                  " (set RVB_CACHE_DIR to a folder that can be written)");
    return trusted(named);
  }
  fs::path folder;
  if (!environment("XDG_CACHE_HOME").empty())
    folder = fs::path(environment("XDG_CACHE_HOME")) / "rvb";
  else if (!environment("HOME").empty())
    folder = fs::path(environment("HOME")) / ".cache" / "rvb";
  else
    folder = temporary_base() / ("rvb-cache-" + std::to_string(geteuid()));
  std::error_code error;
  make_private(folder, error);
  if (error) {
    keep_nothing(folder, error.message());
    return "";
  }
  struct stat status {};
  if (lstat(folder.c_str(), &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != geteuid()) {
    keep_nothing(folder, "it is another user's link");
    return "";
  }
  if (lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
      (status.st_mode & 022) != 0) // made under a generous umask; what others put there is seen by its owner
    (void)chmod(folder.c_str(), status.st_mode & 07755);
  return trusted(folder);
}

TemporaryFolder::TemporaryFolder() {
  const fs::path base = temporary_base();
  static const bool tidied = (remove_leftovers(base), true);
  (void)tidied;
  for (;;) {
    path_ = (base / (std::string(temporary_name) + "XXXXXX")).string();
    if (mkdtemp(path_.data()) == nullptr)
      environment_failed("cannot make a temporary folder " + path_, errno);
    lock_ = lock_folder(path_);
    if (lock_ >= 0 || (errno != EWOULDBLOCK && errno != ENOENT)) // a file system without locks
      return;
    // Another rvbc took the fresh folder for a leftover.
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0)
    close(lock_);
}

} // namespace rvb
