// Where rvbc finds its neighbours (stdlib, runtime archives) and keeps its cache.
#pragma once

#include <string>

namespace rvb {

std::string stdlib_folder();   // share/rvb/stdlib next to the executable's bin; RVB_STDLIB overrides
std::string examples_folder(); // share/rvb/examples; RVB_EXAMPLES overrides
std::string library_folder();  // lib/rvb: the runtime's archives
std::string include_folder();  // include/rvb: rvb.h and program.h, for --emit=lib

// RVB_CACHE_DIR, $XDG_CACHE_HOME/rvb or ~/.cache/rvb; made when missing. "" with a note where it cannot be made or
// others could put something there: then nothing is kept. A folder that RVB_CACHE_DIR names has to be possible:
// Failure(io).
std::string cache_folder();

// A fresh folder under TMPDIR that nobody else may read, removed with everything in it when the object dies. What
// killed processes have left there goes, too: a folder is locked as long as its process lives.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; } // whole

private:
  std::string path_;
  int lock_ = -1;
};

} // namespace rvb
