// Libraries that few data sets need, looked up when such data is read: a compiled program does not depend on them.
#pragma once

#include <initializer_list>
#include <string>

namespace rvb::runtime {

class DynamicLibrary {
public:
  // Failure(io) when there is none of `names`: it says that `path` needs the library and which Debian package has it.
  DynamicLibrary(std::initializer_list<const char*> names, const char* package, const std::string& path);
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
