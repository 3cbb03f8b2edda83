// Compiled kernels kept between runs: one file a kernel, named by its symbol.
//
// A file is the object with a trailer after it, which ELF's readers do not see: the mark "RVBOBJ1\n", the object's
// bytes, and a hash over the symbol and the object. So nothing but what was stored under this name comes back: what is
// damaged, cut off, renamed, not a regular file or another user's counts as missing, and is replaced.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rvb::build {

class ObjectCache {
public:
  // "": none, nothing is found and nothing kept.
  explicit ObjectCache(const std::string& folder) : folder_(folder) {}

  std::optional<std::string> find(const std::string& symbol) const; // the object
  // Returns why the object cannot be kept, "" when it is. Failure(io) when the disk is full.
  std::string keep(const std::string& symbol, std::string_view object) const;
  // Removes what killed processes left, and what was not used for longest where there is more than 1 GiB.
  void tidy() const;

private:
  std::string path_of(const std::string& symbol) const { return folder_ + "/" + symbol + ".o"; }
  std::string folder_;
};

} // namespace rvb::build
