// NumPy's structured arrays in .npy files: `'descr': [('x', '<i2'), ('', '|V2'), ('t', '>i8')]`, shape (N,).
#pragma once

#include "base/files.h"

#include <optional>

namespace rvb::runtime {

struct NpyField {
  std::string name, type; // '' is padding
  size_t offset = 0, width = 0;
  bool number = false; // one integer, truth value or floating-point number an element
};

struct NpyStructure {
  std::vector<NpyField> fields;
  size_t row = 0, count = 0; // bytes of an element, elements
  const uint8_t* data = nullptr;

  long double value(const NpyField& field, size_t index) const; // of a `number`
};

// Nothing: it is no structured array (and perhaps no NPY file). Failure(user): a damaged one, or not of one axis.
std::optional<NpyStructure> parse_npy_structure(const Bytes& bytes, const std::string& path);

} // namespace rvb::runtime
