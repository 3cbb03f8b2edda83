// safetensors, read strictly and written so that safetensors.torch loads it: u64 length of the header, JSON header,
// little-endian row-major data without gaps. Stands alone: the compiler links it too.
#pragma once

#include "base/failure.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rvb::runtime {

struct Tensor {
  std::string name;
  std::vector<int64_t> shape;      // as on disk (PyTorch's)
  std::vector<float> values;       // row-major; F64, F16 and BF16 are converted. Empty when the type is none of these
  std::string dtype = "F32";       // as on disk; F16 and U8 are written as such, everything else as F32
  std::vector<uint8_t> bytes = {}; // of U8
};

struct Safetensors {
  std::vector<Tensor> tensors;                               // in the order of the data
  std::vector<std::pair<std::string, std::string>> metadata; // "__metadata__"
  bool unpacked = false;                                     // from packed weights (packed.h)

  const Tensor* find(std::string_view name) const;
  const std::string* find_metadata(std::string_view key) const;
};

// Failure(user) names `path` and what is wrong; Failure(io) when the file cannot be read.
Safetensors read_safetensors(const std::string& path);
// `path` only names the source in messages.
Safetensors parse_safetensors(const uint8_t* bytes, size_t size, const std::string& path);

std::string print_safetensors(const Safetensors& file);
void write_safetensors(const std::string& path, const Safetensors& file); // atomically

std::string shape_text(const std::vector<int64_t>& shape); // "[64, 32, 3, 3]"

} // namespace rvb::runtime
