#include "codegen/memory.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace rvb::codegen {

namespace {

struct Lifetime {
  int first = -1; // the call that writes it
  int last = -1;  // the last call that touches it
};

std::vector<Lifetime> lifetimes(const Plan& plan) {
  std::vector<Lifetime> result(plan.buffers.size());
  for (int c = 0; c < static_cast<int>(plan.calls.size()); ++c) {
    for (const std::vector<int>* list : {&plan.calls[c].outputs, &plan.calls[c].inputs, &plan.calls[c].scratch})
      for (int buffer : *list) {
        if (result[buffer].first < 0)
          result[buffer].first = c;
        result[buffer].last = c;
      }
  }
  return result;
}

bool overlap(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

int64_t rounded(int64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

// Largest first, each at the lowest offset that is free during its whole life. Networks are long chains of layers, for
// which this comes within a few per cent of the largest set of tensors alive together.
int64_t place_region(Plan& plan, const std::vector<Lifetime>& life, Place place, int64_t Buffer::*size) {
  std::vector<int> order;
  for (int b = 0; b < static_cast<int>(plan.buffers.size()); ++b)
    if (plan.buffers[b].place == place)
      order.push_back(b);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return plan.buffers[a].*size > plan.buffers[b].*size; });
  int64_t total = 0;
  std::vector<int> placed;
  for (int b : order) {
    std::vector<int> neighbours;
    for (int other : placed)
      if (overlap(life[b], life[other]))
        neighbours.push_back(other);
    std::sort(neighbours.begin(), neighbours.end(),
              [&](int x, int y) { return plan.buffers[x].offset < plan.buffers[y].offset; });
    int64_t offset = 0;
    for (int other : neighbours) {
      if (plan.buffers[other].offset >= offset + rounded(plan.buffers[b].*size))
        break;
      offset = std::max(offset, plan.buffers[other].offset + rounded(plan.buffers[other].*size));
    }
    plan.buffers[b].offset = offset;
    total = std::max(total, offset + rounded(plan.buffers[b].*size));
    placed.push_back(b);
  }
  for (size_t i = 0; i < placed.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const Buffer& a = plan.buffers[placed[i]];
      const Buffer& b = plan.buffers[placed[j]];
      if (overlap(life[placed[i]], life[placed[j]]) && a.offset < b.offset + b.*size && b.offset < a.offset + a.*size)
        throw std::logic_error("two live buffers overlap: " + a.value + ", " + b.value);
    }
  return total;
}

// A result's array is the caller's and unused until the result is written: until then it holds buffers that do not
// depend on the batch. In training, a layer's raw weight gradient lies where the finished one will, and the block needs
// room for one tensor of the size of the largest weights less. Largest first, each in the smallest array.
void lend_results(Plan& plan, const std::vector<Lifetime>& life) {
  std::vector<int> arrays, guests;
  for (int b = 0; b < static_cast<int>(plan.buffers.size()); ++b) {
    const Buffer& buffer = plan.buffers[b];
    if (buffer.static_bytes == 0 || buffer.sample_bytes != 0 || life[b].first < 0)
      continue;
    if (buffer.place == Place::result)
      arrays.push_back(b);
    else if (buffer.place == Place::static_block)
      guests.push_back(b);
  }
  auto by_size = [&](int a, int b) { return plan.buffers[a].static_bytes < plan.buffers[b].static_bytes; };
  std::stable_sort(arrays.begin(), arrays.end(), by_size);
  std::stable_sort(guests.begin(), guests.end(), [&](int a, int b) { return by_size(b, a); });
  std::vector<std::vector<int>> held(plan.buffers.size());
  for (int guest : guests) {
    auto array = std::find_if(arrays.begin(), arrays.end(), [&](int a) {
      return !by_size(a, guest) && life[guest].last < life[a].first &&
             std::none_of(held[a].begin(), held[a].end(), [&](int other) { return overlap(life[guest], life[other]); });
    });
    if (array == arrays.end())
      continue;
    held[*array].push_back(guest);
    plan.buffers[guest].place = Place::result;
    plan.buffers[guest].index = plan.buffers[*array].index;
  }
}

} // namespace

void assign_offsets(Plan& plan) {
  std::vector<Lifetime> life = lifetimes(plan);
  lend_results(plan, life);
  plan.static_bytes = place_region(plan, life, Place::static_block, &Buffer::static_bytes);
  plan.sample_bytes = place_region(plan, life, Place::sample_block, &Buffer::sample_bytes);
}

} // namespace rvb::codegen
