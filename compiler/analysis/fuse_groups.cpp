#include "analysis/fuse_groups.h"

#include "analysis/definitions.h"

#include <algorithm>
#include <queue>
#include <set>

namespace rvb::analysis {

using namespace ir;

namespace {

// A number, or one number a channel, that a scan spreads over its slices: read inside one body it would have another
// shape than the sequence it stands for.
bool emits_broadcast(const Function& function, const Op& scan) {
  const std::vector<int64_t> slice = without_axis0(function.type(scan.operands[0].value)).dims;
  const std::vector<Operand>& yields = scan.body[0].yields;
  return std::any_of(yields.begin(), yields.begin() + parts(scan).emits, [&](const Operand& yield) {
    return yield.is_literal() || function.type(yield.value).dims != slice;
  });
}

// One mask a channel: an invariant is a number.
bool reads_narrow_mask(const Function& function, const Op& op) {
  return std::any_of(op.operands.begin(), op.operands.end(), [&](const Operand& operand) {
    return !operand.is_literal() && function.type(operand.value).element == Element::boolean &&
           function.type(operand.value).dims != function.type(op.results[0]).dims;
  });
}

} // namespace

Groups::Groups(const Function& function) : function_(function) {
  const int count = static_cast<int>(function.ops.size());
  const std::vector<int> defs = definitions(function, function.ops);
  fusible_.assign(count, false);
  dims_.resize(count);
  alone_.assign(count, false);
  direction_.assign(count, -1);
  readers_.resize(count);
  members_.resize(count);
  parent_.resize(count);
  position_.resize(count);
  at_.resize(count);
  seen_.assign(count, 0);
  uses_.assign(function.values.size(), 0);
  for (const Operand& result : function.results)
    if (!result.is_literal())
      ++uses_[result.value];
  for (int i = 0; i < count; ++i) {
    const Op& op = function.ops[i];
    parent_[i] = position_[i] = at_[i] = i;
    members_[i] = {i};
    for (const Operand& operand : op.operands) {
      if (operand.is_literal())
        continue;
      ++uses_[operand.value];
      if (defs[operand.value] >= 0)
        readers_[defs[operand.value]].push_back(i);
    }
    if (op.opcode == Opcode::scan) {
      fusible_[i] = true;
      dims_[i] = function.type(op.operands[0].value).dims;
      alone_[i] = emits_broadcast(function, op);
      if (parts(op).states > 0)
        direction_[i] = static_cast<int>(op.integer("reverse"));
    } else if (is_elementwise(op)) {
      dims_[i] = function.type(op.results[0]).dims;
      fusible_[i] = !dims_[i].empty() && !reads_narrow_mask(function, op);
    }
  }
  // Nearest producer first: chains join before branches.
  for (int i = 0; i < count; ++i) {
    if (!fusible_[i])
      continue;
    std::set<int, std::greater<int>> producers;
    for (const Operand& operand : function.ops[i].operands)
      if (!operand.is_literal() && function.type(operand.value).dims == dims_[i] && defs[operand.value] >= 0)
        producers.insert(defs[operand.value]);
    for (int producer : producers)
      if (fusible_[producer])
        try_join(producer, i);
  }
}

int Groups::find(int op) const {
  while (parent_[op] != op)
    op = parent_[op];
  return op;
}

int Groups::of(int op) const {
  return find(op);
}

void Groups::try_join(int producer, int consumer) {
  const int a = find(producer), b = find(consumer);
  if (a == b || dims_[a] != dims_[b] || alone_[a] || alone_[b])
    return;
  if (direction_[a] >= 0 && direction_[b] >= 0 && direction_[a] != direction_[b])
    return;
  if (!path_through_others(a, b)) // none leads back: `b` reads `a`, and groups make no circle
    join(a, b);
}

// Whether something outside both groups reads `from` and is read, in the end, by `to`. A value that `to` reads from
// `from` as a whole (a final state as an invariant, say) counts too: it is complete only after the last step.
bool Groups::path_through_others(int from, int to) {
  for (int member : members_[from])
    for (int reader : readers_[member])
      if (find(reader) == to)
        for (const Operand& operand : function_.ops[reader].operands) {
          const std::vector<Value>& made = function_.ops[member].results;
          if (!operand.is_literal() && std::find(made.begin(), made.end(), operand.value) != made.end() &&
              function_.type(operand.value).dims != dims_[to])
            return true;
        }
  // Groups have an order in which each comes after what it reads, so only those between the two can be on a path.
  ++search_;
  between_.clear();
  auto visit_readers = [&](int group) {
    for (int member : members_[group])
      for (int reader : readers_[member]) {
        const int next = find(reader);
        if (next == from || seen_[next] == search_ || position_[next] > position_[to])
          continue;
        ++visits_;
        if (next == to) {
          if (group != from)
            return true;
          continue;
        }
        seen_[next] = search_;
        between_.push_back(next);
      }
    return false;
  };
  if (visit_readers(from))
    return true;
  for (size_t i = 0; i < between_.size(); ++i)
    if (visit_readers(between_[i]))
      return true;
  return false;
}

// After path_through_others(a, b) found none: what stands between the two and comes after `a` moves behind the group
// that they become; the rest stays in front of it.
void Groups::join(int a, int b) {
  const int begin = position_[a], end = position_[b];
  std::vector<int> before, after;
  for (int p = begin; p <= end; ++p)
    if (const int group = at_[p]; group >= 0 && group != a && group != b)
      (seen_[group] == search_ ? after : before).push_back(group);
  std::fill(at_.begin() + begin, at_.begin() + end + 1, -1);
  int next = begin;
  auto place = [&](int group) {
    position_[group] = next;
    at_[next++] = group;
  };
  std::for_each(before.begin(), before.end(), place);
  place(a);
  std::for_each(after.begin(), after.end(), place);
  parent_[b] = a;
  direction_[a] = std::max(direction_[a], direction_[b]);
  std::vector<int> all;
  std::merge(members_[a].begin(), members_[a].end(), members_[b].begin(), members_[b].end(), std::back_inserter(all));
  members_[a] = std::move(all);
  members_[b].clear();
}

std::vector<std::vector<int>> Groups::in_order() const {
  const int count = static_cast<int>(members_.size());
  // Waits for the number of distinct groups it reads; of those that are ready, the one whose last operation came first.
  std::vector<std::set<int>> reads(count);
  std::vector<std::vector<int>> readers(count);
  for (int i = 0; i < count; ++i)
    for (int reader : readers_[i]) {
      const int from = find(i), to = find(reader);
      if (from != to && reads[to].insert(from).second)
        readers[from].push_back(to);
    }
  using Ready = std::pair<int, int>; // last operation, group
  std::priority_queue<Ready, std::vector<Ready>, std::greater<Ready>> ready;
  std::vector<size_t> waits(count);
  for (int g = 0; g < count; ++g) {
    waits[g] = reads[g].size();
    if (!members_[g].empty() && waits[g] == 0)
      ready.emplace(members_[g].back(), g);
  }
  std::vector<std::vector<int>> order;
  while (!ready.empty()) {
    const int group = ready.top().second;
    ready.pop();
    order.push_back(members_[group]);
    for (int reader : readers[group])
      if (--waits[reader] == 0)
        ready.emplace(members_[reader].back(), reader);
  }
  return order;
}

} // namespace rvb::analysis
