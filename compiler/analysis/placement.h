// Where buffers lie that are alive at different times: what codegen's plan does, and what `recompute` asks how many
// bytes a plan will have.
#pragma once

#include <cstdint>
#include <vector>

namespace rvb::analysis {

constexpr int64_t alignment = 64; // of buffers: a cache line, and the widest vector

// One buffer. It is alive from the call `first` to the call `last`; -1: never. A block has two regions, whose sizes are
// fixed and proportional to the batch.
struct Interval {
  int first = -1, last = -1;
  int64_t fixed = 0, sample = 0; // bytes; one of them, or neither for what lies outside of the block
  bool result = false;           // an array of the caller's
  // Found by place():
  int host = -1;      // it lies in this result's array
  int64_t offset = 0; // else in its region
};

struct Block {
  int64_t fixed = 0, sample = 0;
  int64_t bytes(int64_t batch) const { return fixed + batch * sample; }
};

// Buffers alive together never overlap: verified before returning.
Block place(std::vector<Interval>& intervals);

} // namespace rvb::analysis
