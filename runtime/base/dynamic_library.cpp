#include "base/dynamic_library.h"

#include "base/failure.h"

#include <dlfcn.h>

namespace rvb::runtime {

DynamicLibrary::DynamicLibrary(std::initializer_list<const char*> names, const char* package, const std::string& path) {
  for (const char* name : names)
    if (handle_ == nullptr && (handle_ = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) != nullptr)
      name_ = name;
  if (handle_ == nullptr) { // not installed, mostly; or there is no memory for it
    const char* reason = ::dlerror();
    throw Failure(Exit::io, path + ": to read it needs the library " + *names.begin() + " (Debian's package " +
                                package + "), which cannot be loaded: " + (reason == nullptr ? "" : reason));
  }
}

void* DynamicLibrary::find(const char* name) const {
  void* symbol = ::dlsym(handle_, name);
  if (symbol == nullptr)
    throw Failure(Exit::io, "the library " + name_ + " lacks " + name);
  return symbol;
}

} // namespace rvb::runtime
