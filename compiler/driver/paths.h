// Where rvbc finds its neighbours (stdlib, runtime archives) and keeps its cache.
#pragma once

#include <string>

namespace rvb::driver {

std::string stdlib_folder();  // share/rvb/stdlib beside the executable's bin; RVB_STDLIB overrides
std::string library_folder(); // lib/rvb: the runtime's archives
std::string include_folder(); // include/rvb: rvb.h and program.h, for --emit=lib
std::string cache_folder();   // RVB_CACHE_DIR, $XDG_CACHE_HOME/rvb or ~/.cache/rvb; made when missing

// A fresh folder under TMPDIR, removed with everything in it when the object dies.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace rvb::driver
