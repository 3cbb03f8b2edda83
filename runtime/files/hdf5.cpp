#include "files/hdf5.h"

namespace rvb::runtime {

Hdf5::Hdf5(const std::string& path) : library(LibraryRow::hdf5, path) {
#define RVB_HDF5(name) library.find(name, #name);
#include "files/hdf5.def"
#undef RVB_HDF5
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); // it would print to stderr
  const auto number = [&](const char* name) {
    hid_t* variable = nullptr;
    library.find(variable, name);
    return *variable;
  };
  native_double = number("H5T_NATIVE_DOUBLE_g");
  native_int64 = number("H5T_NATIVE_INT64_g");
  native_float = number("H5T_NATIVE_FLOAT_g");
  c_string = number("H5T_C_S1_g");
  file_access = number("H5P_CLS_FILE_ACCESS_ID_g");
  dataset_create = number("H5P_CLS_DATASET_CREATE_ID_g");
}

const Hdf5& hdf5_for(const std::string& path) {
  static const Hdf5 library(path);
  return library;
}

} // namespace rvb::runtime
