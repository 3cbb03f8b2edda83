// Libraries that few data sets need, looked up when such data is read: a compiled program does not depend on them.
#pragma once

#include <string>
#include <vector>

namespace rvb::runtime {

// A row of libraries.def.
struct Library {
  const char *identifier, *package, *purpose;
  const char* names[5]; // null after the last one
};
enum class LibraryRow {
#define RVB_LIBRARY(identifier, ...) identifier,
#include "base/libraries.def"
#undef RVB_LIBRARY
};
const std::vector<Library>& libraries();
// The handle of one of its versions, or null and the reason.
void* load_library(const Library& library, std::string& name, std::string& reason);

class DynamicLibrary {
public:
  // Failure(io) when there is none: it says that `path` needs the library and which Debian package has it.
  DynamicLibrary(const Library& library, const std::string& path);
  DynamicLibrary(LibraryRow row, const std::string& path)
      : DynamicLibrary(libraries()[static_cast<size_t>(row)], path) {}
  DynamicLibrary(const DynamicLibrary&) = delete; // never closed: libraries may have threads and handlers
  DynamicLibrary& operator=(const DynamicLibrary&) = delete;

  template <class Function> void find(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(find(name));
  }

private:
  void* find(const char* name) const;
  void* handle_ = nullptr;
  std::string name_;
};

} // namespace rvb::runtime
