#include "analysis/placement.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace rvb::analysis {

namespace {

bool overlap(const Interval& a, const Interval& b) {
  return a.first <= b.last && b.first <= a.last;
}

int64_t rounded(int64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

// Largest first, each at the lowest offset that is free during its whole life. Networks are long chains of layers, for
// which this comes within a few per cent of the largest set of tensors alive together.
int64_t place_region(std::vector<Interval>& all, int64_t Interval::*size) {
  std::vector<Interval*> order;
  for (Interval& each : all)
    if (!each.result && each.host < 0 && each.*size != 0)
      order.push_back(&each);
  std::stable_sort(order.begin(), order.end(),
                   [&](const Interval* a, const Interval* b) { return a->*size > b->*size; });
  int64_t total = 0;
  std::vector<const Interval*> placed;
  for (Interval* each : order) {
    std::vector<const Interval*> neighbours;
    for (const Interval* other : placed)
      if (overlap(*each, *other))
        neighbours.push_back(other);
    std::sort(neighbours.begin(), neighbours.end(),
              [](const Interval* a, const Interval* b) { return a->offset < b->offset; });
    int64_t offset = 0;
    for (const Interval* other : neighbours) {
      if (other->offset >= offset + rounded(each->*size))
        break;
      offset = std::max(offset, other->offset + rounded(other->*size));
    }
    each->offset = offset;
    for (const Interval* other : neighbours)
      if (offset < other->offset + other->*size && other->offset < offset + each->*size)
        throw std::logic_error("two live buffers overlap");
    total = std::max(total, offset + rounded(each->*size));
    placed.push_back(each);
  }
  return total;
}

// A result's array is the caller's and unused until the result is written: until then it holds buffers that do not
// depend on the batch. In training, a layer's raw weight gradient lies where the finished one will, and the block needs
// room for one tensor of the size of the largest weights less. Largest first, each in the smallest array.
void lend_results(std::vector<Interval>& all) {
  std::vector<int> arrays, guests;
  for (int i = 0; i < static_cast<int>(all.size()); ++i)
    if (all[i].fixed != 0 && all[i].sample == 0 && all[i].first >= 0)
      (all[i].result ? arrays : guests).push_back(i);
  auto by_size = [&](int a, int b) { return all[a].fixed < all[b].fixed; };
  std::stable_sort(arrays.begin(), arrays.end(), by_size);
  std::stable_sort(guests.begin(), guests.end(), [&](int a, int b) { return by_size(b, a); });
  std::vector<std::vector<int>> held(all.size());
  for (int guest : guests) {
    auto array = std::find_if(arrays.begin(), arrays.end(), [&](int a) {
      return !by_size(a, guest) && all[guest].last < all[a].first &&
             std::none_of(held[a].begin(), held[a].end(), [&](int other) { return overlap(all[guest], all[other]); });
    });
    if (array == arrays.end())
      continue;
    held[*array].push_back(guest);
    all[guest].host = *array;
  }
}

} // namespace

Block place(std::vector<Interval>& intervals) {
  lend_results(intervals);
  const int64_t fixed = place_region(intervals, &Interval::fixed);
  return {fixed, place_region(intervals, &Interval::sample)};
}

} // namespace rvb::analysis
