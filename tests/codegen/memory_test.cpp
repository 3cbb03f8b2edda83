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

// About one in `n`.
std::vector<int> some_of(const std::vector<int>& buffers, unsigned n, std::mt19937& random) {
  std::vector<int> some;
  for (int buffer : buffers)
    if (random() % n == 0)
      some.push_back(buffer);
  return some;
}

// The first and the last call that each buffer enters or leaves.
struct Lifetimes {
  std::vector<int> first, last;

  explicit Lifetimes(const Plan& plan) : first(plan.buffers.size(), -1), last(plan.buffers.size(), -1) {
    for (int c = 0; c < static_cast<int>(plan.calls.size()); ++c)
      for (const auto* list : {&plan.calls[c].inputs, &plan.calls[c].outputs})
        for (int b : *list) {
          first[b] = first[b] < 0 ? c : first[b];
          last[b] = c;
        }
  }
  bool apart(size_t a, size_t b) const { return first[a] > last[b] || first[b] > last[a]; }
};

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
      const std::vector<int> inputs = some_of(alive, 3, random);
      Place place = random() % 2 ? Place::sample_block : Place::static_block;
      int made = add_buffer(plan, place, 1 + random() % 5000);
      alive.push_back(made);
      add_call(plan, inputs, {made});
    }
    assign_offsets(plan);
    const Lifetimes life(plan);
    for (size_t a = 0; a < plan.buffers.size(); ++a) {
      const Buffer& x = plan.buffers[a];
      EXPECT_EQ(x.offset % 64, 0);
      int64_t end = x.place == Place::static_block ? plan.static_bytes : plan.sample_bytes;
      EXPECT_LE(x.offset + x.static_bytes + x.sample_bytes, end);
      for (size_t b = 0; b < a; ++b) {
        const Buffer& y = plan.buffers[b];
        if (x.place != y.place || life.apart(a, b))
          continue;
        EXPECT_TRUE(x.offset + x.static_bytes + x.sample_bytes <= y.offset ||
                    y.offset + y.static_bytes + y.sample_bytes <= x.offset)
            << x.value << " and " << y.value;
      }
    }
  }
}

// Results (arrays of the caller) hold what does not depend on the batch until they are written, and nothing larger,
// nothing later, no two things at once.
TEST(Memory, ResultsHoldBuffersUntilTheyAreWritten) {
  std::mt19937 random(11);
  int lent = 0;
  for (int round = 0; round < 200; ++round) {
    Plan plan;
    std::vector<int64_t> sizes; // of the results
    std::vector<int> alive;
    for (int c = 0; c < 30; ++c) {
      const std::vector<int> inputs = some_of(alive, 4, random);
      const int kind = static_cast<int>(random() % 4);
      const int made = add_buffer(plan, kind == 0 ? Place::sample_block : Place::static_block, 1 + random() % 5000);
      if (kind == 1) {
        plan.buffers[made].place = Place::result;
        plan.buffers[made].index = static_cast<int64_t>(sizes.size());
        sizes.push_back(plan.buffers[made].static_bytes);
      }
      alive.push_back(made);
      add_call(plan, inputs, {made});
    }
    const Plan before = plan;
    assign_offsets(plan);
    const Lifetimes life(plan);
    for (size_t a = 0; a < plan.buffers.size(); ++a) {
      const Buffer& x = plan.buffers[a];
      if (before.buffers[a].place == Place::result) {
        EXPECT_EQ(x.place, Place::result);
        EXPECT_EQ(x.index, before.buffers[a].index);
      }
      if (x.place != Place::result)
        continue;
      EXPECT_EQ(x.sample_bytes, 0);
      EXPECT_LE(x.static_bytes, sizes[static_cast<size_t>(x.index)]);
      lent += before.buffers[a].place != Place::result;
      for (size_t b = 0; b < a; ++b) {
        const Buffer& y = plan.buffers[b];
        if (y.place == Place::result && y.index == x.index) {
          EXPECT_TRUE(life.apart(a, b)) << x.value << " and " << y.value;
        }
      }
      for (size_t b = 0; b < plan.buffers.size(); ++b)
        if (before.buffers[b].place == Place::result && before.buffers[b].index == x.index && b != a) {
          EXPECT_LT(life.last[a], life.first[b]) << x.value << " in the place of " << plan.buffers[b].value;
        }
    }
  }
  EXPECT_GT(lent, 100);
}

} // namespace
