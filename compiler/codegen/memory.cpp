#include "codegen/memory.h"

#include "analysis/placement.h"

namespace rvb::codegen {

void assign_offsets(Plan& plan) {
  std::vector<analysis::Interval> intervals(plan.buffers.size());
  for (size_t b = 0; b < plan.buffers.size(); ++b) {
    const Buffer& buffer = plan.buffers[b];
    if (buffer.place == Place::argument || buffer.place == Place::constant)
      continue;
    intervals[b].fixed = buffer.static_bytes;
    intervals[b].sample = buffer.sample_bytes;
    intervals[b].result = buffer.place == Place::result;
  }
  for (int c = 0; c < static_cast<int>(plan.calls.size()); ++c)
    for (const std::vector<int>* list : {&plan.calls[c].outputs, &plan.calls[c].inputs, &plan.calls[c].scratch})
      for (int buffer : *list) {
        if (intervals[buffer].first < 0)
          intervals[buffer].first = c;
        intervals[buffer].last = c;
      }
  const analysis::Block block = analysis::place(intervals);
  for (size_t b = 0; b < plan.buffers.size(); ++b) {
    Buffer& buffer = plan.buffers[b];
    buffer.offset = intervals[b].offset;
    if (intervals[b].host < 0)
      continue;
    buffer.place = Place::result;
    buffer.index = plan.buffers[intervals[b].host].index;
  }
  plan.static_bytes = block.fixed;
  plan.sample_bytes = block.sample;
}

} // namespace rvb::codegen
