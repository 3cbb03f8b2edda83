#include "base/dynamic_library.h"

#include "base/failure.h"

#include <dlfcn.h>

namespace rvb::runtime {

const std::vector<Library>& libraries() {
  static const std::vector<Library> rows = {
#define RVB_LIBRARY(identifier, package, purpose, ...) {#identifier, package, purpose, {__VA_ARGS__}},
#include "base/libraries.def"
#undef RVB_LIBRARY
  };
  return rows;
}

void* load_library(const Library& library, std::string& name, std::string& reason) {
  for (const char* const* each = library.names; *each != nullptr; ++each)
    if (void* handle = ::dlopen(*each, RTLD_NOW | RTLD_LOCAL); handle != nullptr) {
      name = *each;
      return handle;
    }
  const char* why = ::dlerror();
  reason = why == nullptr ? "" : why;
  return nullptr;
}

DynamicLibrary::DynamicLibrary(const Library& library, const std::string& path) {
  std::string reason;
  handle_ = load_library(library, name_, reason);
  if (handle_ == nullptr) // not installed, mostly; or there is no memory for it
    throw Failure(Exit::io, path + ": to read it needs the library " + library.names[0] + " (Debian's package " +
                                library.package + "), which cannot be loaded: " + reason);
}

void* DynamicLibrary::find(const char* name) const {
  void* symbol = ::dlsym(handle_, name);
  if (symbol == nullptr)
    throw Failure(Exit::io, "the library " + name_ + " lacks " + name);
  return symbol;
}

} // namespace rvb::runtime
