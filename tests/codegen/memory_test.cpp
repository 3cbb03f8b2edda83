// The memory planner against its contract: buffers alive together never overlap, chains of layers share memory.
#include "codegen/memory.h"

#include <gtest/gtest.h>

#include <random>

using namespace rvb::codegen;

namespace {

int add_buffer(Plan& plan, Place place, int64_t bytes) {
  Buffer buffer;
  buffer.place = place;
  (place == Place::static_block ? buffer.static_bytes : buffer.sample_bytes) = bytes;
  buffer.value = "b" + std::to_string(plan.buffers.size());
  plan.buffers.push_back(buffer);
  return static_cast<int>(plan.buffers.size()) - 1;
}

void add_call(Plan& plan, std::vector<int> inputs, std::vector<int> outputs) {
  Call call;
  call.symbol = "k";
  call.inputs = std::move(inputs);
  call.outputs = std::move(outputs);
  plan.calls.push_back(call);
}

TEST(Memory, ChainNeedsTwoBuffers) {
  Plan plan;
  int last = add_buffer(plan, Place::sample_block, 1024);
  add_call(plan, {}, {last});
  for (int i = 0; i < 10; ++i) {
    int next = add_buffer(plan, Place::sample_block, 1024);
    add_call(plan, {last}, {next});
    last = next;
  }
  assign_offsets(plan);
  EXPECT_EQ(plan.sample_bytes, 2048);
  EXPECT_EQ(plan.static_bytes, 0);
}

TEST(Memory, OffsetsAreAlignedAndDisjointWhileAlive) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Plan plan;
    std::vector<int> alive;
    for (int c = 0; c < 30; ++c) {
      std::vector<int> inputs;
      for (int buffer : alive)
        if (random() % 3 == 0)
          inputs.push_back(buffer);
      Place place = random() % 2 ? Place::sample_block : Place::static_block;
      int made = add_buffer(plan, place, 1 + random() % 5000);
      alive.push_back(made);
      add_call(plan, inputs, {made});
    }
    assign_offsets(plan);
    std::vector<int> first(plan.buffers.size(), -1), last(plan.buffers.size(), -1);
    for (int c = 0; c < static_cast<int>(plan.calls.size()); ++c)
      for (const auto* list : {&plan.calls[c].inputs, &plan.calls[c].outputs})
        for (int b : *list) {
          first[b] = first[b] < 0 ? c : first[b];
          last[b] = c;
        }
    for (size_t a = 0; a < plan.buffers.size(); ++a) {
      const Buffer& x = plan.buffers[a];
      EXPECT_EQ(x.offset % 64, 0);
      int64_t end = x.place == Place::static_block ? plan.static_bytes : plan.sample_bytes;
      EXPECT_LE(x.offset + x.static_bytes + x.sample_bytes, end);
      for (size_t b = 0; b < a; ++b) {
        const Buffer& y = plan.buffers[b];
        if (x.place != y.place || first[a] > last[b] || first[b] > last[a])
          continue;
        EXPECT_TRUE(x.offset + x.static_bytes + x.sample_bytes <= y.offset ||
                    y.offset + y.static_bytes + y.sample_bytes <= x.offset)
            << x.value << " and " << y.value;
      }
    }
  }
}

} // namespace
