// libhdf5, looked up when a file of its format is read or written: nothing depends on it otherwise. The library's
// functions are members under their own names, which stay the same from 1.10 to 1.14.
#pragma once

#include "base/dynamic_library.h"

#include <hdf5.h>

namespace rvb::runtime {

struct Hdf5 {
  explicit Hdf5(const std::string& path);

  DynamicLibrary library;
#define RVB_HDF5(name) decltype(::name)* name = nullptr;
#include "files/hdf5.def"
#undef RVB_HDF5
  hid_t native_double, native_int64, native_float, c_string, file_access, dataset_create; // what its macros stand for
};

// `path` is told where the library is missing.
const Hdf5& hdf5_for(const std::string& path);

// An identifier of the library with the function that gives it back.
class Hdf5Handle {
public:
  Hdf5Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Hdf5Handle() {
    if (id_ >= 0)
      close_(id_);
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  operator hid_t() const { return id_; }

private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

} // namespace rvb::runtime
