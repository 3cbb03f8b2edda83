// One kernel by itself: compiled for this CPU, linked to a shared object and called as a compiled program calls it.
#pragma once

#include "cases.h"

#include <HalideRuntime.h>

#include <vector>

class Compiled {
public:
  explicit Compiled(const Case& c);
  int call(); // 0: all is well
  int64_t bytes_read() const { return read_; }
  int64_t bytes_written() const { return written_; }

private:
  void add(const rvb::kernels::View& view, const Case& c, bool output);

  std::vector<std::vector<halide_dimension_t>> dims_;
  std::vector<halide_buffer_t> buffers_;
  void* function_ = nullptr;
  int64_t read_ = 0, written_ = 0;
};
