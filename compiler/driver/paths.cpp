#include "driver/paths.h"

#include "support/result.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <unistd.h>
#include <vector>

namespace rvb::driver {

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
    return value;
  for (const fs::path& candidate : candidates)
    if (fs::is_directory(prefix() / candidate))
      return (prefix() / candidate).string();
  throw Failure(Exit::io, std::string("cannot find ") + what + ": expected " + (prefix() / candidates[0]).string() +
                              " (reinstall rvbc, or set " + variable + ")");
}

} // namespace

std::string stdlib_folder() {
  return neighbour("RVB_STDLIB", {"share/rvb/stdlib"}, "the standard library");
}

std::string library_folder() {
  return neighbour("RVB_LIBRARY", {"lib/rvb", "lib/x86_64-linux-gnu/rvb", "lib64/rvb"}, "the runtime's archives");
}

std::string include_folder() {
  return neighbour("RVB_INCLUDE", {"include/rvb"}, "the runtime's headers");
}

std::string cache_folder() {
  fs::path folder = environment("RVB_CACHE_DIR");
  if (folder.empty() && !environment("XDG_CACHE_HOME").empty())
    folder = fs::path(environment("XDG_CACHE_HOME")) / "rvb";
  if (folder.empty() && !environment("HOME").empty())
    folder = fs::path(environment("HOME")) / ".cache" / "rvb";
  if (folder.empty())
    folder = fs::temp_directory_path() / ("rvb-cache-" + std::to_string(getuid()));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Failure(Exit::io, "cannot make the cache folder " + folder.string() + ": " + error.message() +
                                " (set RVB_CACHE_DIR to a folder that can be written)");
  return folder.string();
}

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  fs::path base = fs::temp_directory_path(error);
  if (error)
    throw Failure(Exit::io, "no folder for temporary files: " + error.message());
  std::string pattern = (base / "rvbc-XXXXXX").string();
  std::vector<char> name(pattern.c_str(), pattern.c_str() + pattern.size() + 1);
  if (mkdtemp(name.data()) == nullptr)
    throw Failure(Exit::io, "cannot make a temporary folder " + pattern + ": " + std::strerror(errno));
  path_ = name.data();
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

} // namespace rvb::driver
