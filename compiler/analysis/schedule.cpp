#include "analysis/schedule.h"

#include "analysis/definitions.h"
#include "analysis/joins.h"
#include "ops/ops.h"

#include <algorithm>

namespace rvb::analysis {

using namespace ir;

namespace {

int64_t bytes_at_1(const Type& type) {
  return type.elements_per_sample() * bytes_of(type.element);
}

double moved(const Type& type, int64_t batch) {
  return static_cast<double>(bytes_at_1(type)) * (type.has_batch() ? static_cast<double>(batch) : 1.0);
}

int64_t rounded(int64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

} // namespace

double work(const Function& function, const Op& op, int64_t batch) {
  if (op.opcode == Opcode::constant || op.opcode == Opcode::count)
    return 0;
  double total = 0;
  if (op.opcode == Opcode::loop)
    for (const Op& inner : op.body[0].ops)
      total += static_cast<double>(function.type(op.operands[0].value).dims[0]) * work(function, inner, batch);
  if (const ops::CountRule count = ops::meaning(op.opcode).count) {
    const ops::Count of_one = count(function, op);
    total += static_cast<double>(batch) *
             (2 * static_cast<double>(of_one.multiply_adds) + static_cast<double>(of_one.additions));
  }
  for (const Operand& operand : op.operands)
    if (!operand.is_literal())
      total += 4 * moved(function.type(operand.value), batch);
  for (Value result : op.results)
    total += 4 * moved(function.type(result), batch);
  return total;
}

double work(const Function& function, int64_t batch) {
  double total = 0;
  for (const Op& op : function.ops)
    total += work(function, op, batch);
  return total;
}

Schedule::Schedule(const Function& function, int64_t batch) : function_(&function) {
  const size_t count = function.values.size();
  maker_ = definitions(function, function.ops);
  fixed_.assign(count, 0);
  sample_.assign(count, 0);
  returned_.assign(count, false);
  for (Value v = 0; v < static_cast<Value>(count); ++v)
    origin_.push_back(v);
  scratch_.resize(function.ops.size());
  for (const Operand& result : function.results)
    if (!result.is_literal())
      returned_[result.value] = true; // written straight into the caller's array
  for (int i = 0; i < static_cast<int>(function.ops.size()); ++i) {
    const Op& op = function.ops[i];
    Step step{i, {}, op.results};
    for (const Operand& operand : op.operands)
      if (!operand.is_literal())
        step.reads.push_back(operand.value);
    order_.push_back(add(std::move(step)));
    work_.push_back(work(function, op, batch));
    if (op.opcode == Opcode::loop)
      add_scratch(op, batch);
    if (op.opcode == Opcode::constant)
      continue; // the program's own data
    for (Value result : op.results)
      if (!returned_[result]) {
        const Type& type = function.type(result);
        (type.has_batch() ? sample_ : fixed_)[result] = bytes_at_1(type);
      }
  }
}

Value Schedule::repeat_value(Value value) {
  origin_.push_back(origin_[value]);
  return static_cast<Value>(origin_.size()) - 1;
}

int Schedule::add(Step step) {
  pool_.push_back(std::move(step));
  return static_cast<int>(pool_.size()) - 1;
}

void Schedule::insert(int position, const std::vector<int>& handles) {
  order_.insert(order_.begin() + position, handles.begin(), handles.end());
}

void Schedule::restore(Mark mark) {
  order_ = std::move(mark.order);
  pool_.resize(mark.pool);
  origin_.resize(mark.values);
}

void Schedule::sink() {
  std::vector<int> first(values(), size());
  std::vector<std::vector<int>> before(order_.size() + 1);
  std::vector<int> kept;
  for (int i = size() - 1; i >= 0; --i)
    for (Value v : step(i).reads)
      first[v] = i;
  for (int i = 0; i < size(); ++i) {
    const Step& s = step(i);
    const bool parameters = std::all_of(s.reads.begin(), s.reads.end(), [&](Value v) { return maker(v) < 0; });
    const bool fixed = std::all_of(s.makes.begin(), s.makes.end(), [&](Value v) { return fixed_[v] > 0; });
    int reader = size();
    for (Value v : s.makes)
      reader = std::min(reader, first[v]);
    if (!parameters || !fixed || s.reads.empty() || reader == size()) {
      before[i].push_back(order_[i]);
      continue;
    }
    before[reader].push_back(order_[i]); // in front of the reader, which comes later
  }
  for (const std::vector<int>& list : before)
    kept.insert(kept.end(), list.begin(), list.end());
  order_ = std::move(kept);
}

std::vector<bool> Schedule::live() const {
  std::vector<bool> needed(origin_.size(), false), result(order_.size(), false);
  for (size_t v = 0; v < returned_.size(); ++v)
    needed[v] = returned_[v];
  for (int i = size() - 1; i >= 0; --i) {
    const Step& s = step(i);
    result[i] = std::any_of(s.makes.begin(), s.makes.end(), [&](Value v) { return needed[v]; });
    if (result[i])
      for (Value v : s.reads)
        needed[v] = true;
  }
  return result;
}

// A loop's own buffers, and the block that its body works in.
void Schedule::add_scratch(const Op& op, int64_t batch) {
  std::vector<LoopBuffer>& scratch = scratch_[work_.size() - 1];
  const LoopMemory memory = loop_memory(*function_, op);
  for (const std::vector<LoopBuffer>* list : {&memory.slices, &memory.others})
    for (const LoopBuffer& buffer : *list)
      if (buffer.needed())
        scratch.push_back(buffer);
  const Function body = body_function(*function_, op, function_->name);
  const Block block = Schedule(body, batch).block();
  for (const LoopBuffer& region : {LoopBuffer{block.fixed, 0}, LoopBuffer{0, block.sample}})
    if (region.needed())
      scratch.push_back(region);
}

bool Schedule::can_join(int synapse, int scan) const {
  const auto [found, fresh] = can_join_.emplace(std::make_pair(synapse, scan), false);
  if (fresh)
    found->second = analysis::can_join(*function_, function_->ops[synapse], function_->ops[scan]);
  return found->second;
}

std::vector<int> Schedule::joined() const {
  const int count = size();
  const std::vector<bool> needed = live();
  std::vector<int> last(origin_.size(), -1), readers(origin_.size(), 0);
  for (size_t v = 0; v < returned_.size(); ++v)
    readers[v] = returned_[v] ? 1 : 0;
  for (int i = 0; i < count; ++i)
    for (Value v : step(i).reads) {
      readers[v] += needed[i];
      last[v] = needed[i] ? i : last[v];
    }
  std::vector<int> result(count, -1), chosen(count, -1); // chosen: by the neuron's position
  for (int i = 0; i < count; ++i) {
    const Step& s = step(i);
    const Value sums = s.makes[0];
    if (!needed[i] || (info(function_->ops[s.op].opcode).traits & addition_only) == 0 || readers[sums] != 1 ||
        last[sums] <= i || !can_join(s.op, step(last[sums]).op))
      continue;
    int& most = chosen[last[sums]];
    if (most < 0 || synapses(*function_, function_->ops[s.op]) > synapses(*function_, function_->ops[step(most).op])) {
      if (most >= 0)
        result[most] = -1;
      most = i;
      result[i] = last[sums];
    }
  }
  return result;
}

Profile Schedule::profile() const {
  const int count = size();
  std::vector<int> last(origin_.size(), -1);
  std::vector<int64_t> fixed(count + 1, 0), sample(count + 1, 0);
  for (size_t v = 0; v < returned_.size(); ++v)
    if (returned_[v])
      last[v] = count;
  const std::vector<int> joined_at = joined();
  Profile profile;
  for (int i = count - 1; i >= 0; --i) {
    const Step& s = step(i);
    if (std::none_of(s.makes.begin(), s.makes.end(), [&](Value v) { return last[v] >= 0; }))
      continue;
    profile.work += work_[s.op];
    for (Value v : s.reads)
      last[v] = std::max(last[v], std::max(joined_at[i], i));
    if (joined_at[i] >= 0)
      continue;
    // What a scan emits for nobody is pruned; its final states stay.
    const Op& op = function_->ops[s.op];
    const int emits = op.body.empty() ? 0 : parts(op).emits;
    for (const LoopBuffer& buffer : scratch_[s.op]) {
      fixed[i] += rounded(buffer.fixed);
      fixed[i + 1] -= rounded(buffer.fixed);
      sample[i] += rounded(buffer.sample);
      sample[i + 1] -= rounded(buffer.sample);
    }
    for (int r = 0; r < static_cast<int>(s.makes.size()); ++r) {
      const Value v = s.makes[r];
      if (last[v] < 0 && r < emits)
        continue;
      const int end = std::min(std::max(last[v], i), count - 1);
      fixed[i] += rounded(fixed_[origin_[v]]);
      fixed[end + 1] -= rounded(fixed_[origin_[v]]);
      sample[i] += rounded(sample_[origin_[v]]);
      sample[end + 1] -= rounded(sample_[origin_[v]]);
    }
  }
  for (int i = 0; i < count; ++i) {
    if (i > 0) {
      fixed[i] += fixed[i - 1];
      sample[i] += sample[i - 1];
    }
    profile.fixed_peak = std::max(profile.fixed_peak, fixed[i]);
    profile.sample_peak = std::max(profile.sample_peak, sample[i]);
  }
  fixed.pop_back();
  sample.pop_back();
  profile.fixed = std::move(fixed);
  profile.sample = std::move(sample);
  return profile;
}

void Schedule::append_buffers(int position, const std::vector<int>& last, std::vector<Interval>& buffers) const {
  const Step& s = step(position);
  const Op& op = function_->ops[s.op];
  if (op.opcode == Opcode::constant)
    return;
  const int emits = op.body.empty() ? 0 : parts(op).emits;
  for (int r = 0; r < static_cast<int>(s.makes.size()); ++r) {
    const Value v = s.makes[r];
    if (last[v] < 0 && r < emits)
      continue;
    Interval interval;
    interval.first = position;
    interval.last = std::max(last[v], position);
    const Type& type = function_->type(origin_[v]);
    (type.has_batch() ? interval.sample : interval.fixed) = bytes_at_1(type);
    interval.result = v < static_cast<Value>(returned_.size()) && returned_[v];
    buffers.push_back(interval);
  }
  for (const LoopBuffer& scratch : scratch_[s.op]) {
    Interval interval;
    interval.first = interval.last = position;
    interval.fixed = scratch.fixed;
    interval.sample = scratch.sample;
    buffers.push_back(interval);
  }
}

Block Schedule::block() const {
  const int count = size();
  const std::vector<int> joined_at = joined();
  const std::vector<bool> needed = live();
  std::vector<int> last(origin_.size(), -1);
  for (int i = 0; i < count; ++i)
    if (needed[i])
      for (Value v : step(i).reads)
        last[v] = std::max(last[v], std::max(joined_at[i], i));
  for (size_t v = 0; v < returned_.size(); ++v)
    if (returned_[v])
      last[v] = count;
  // What is returned twice, or is no operation's, is copied at the end.
  std::vector<Interval> copies;
  std::vector<bool> written(returned_.size(), false);
  int at = count;
  for (const Operand& result : function_->results) {
    if (result.is_literal())
      continue;
    const int made_by = maker(result.value);
    const bool own = made_by >= 0 && function_->ops[made_by].opcode != Opcode::constant;
    if (own && !written[result.value]) {
      written[result.value] = true;
      continue;
    }
    last[result.value] = at;
    Interval copy;
    copy.first = copy.last = at++;
    const Type& type = function_->type(result.value);
    (type.has_batch() ? copy.sample : copy.fixed) = bytes_at_1(type);
    copy.result = true;
    copies.push_back(copy);
  }
  std::vector<Interval> buffers;
  for (int i = 0; i < count; ++i)
    if (needed[i] && joined_at[i] < 0)
      append_buffers(i, last, buffers);
  buffers.insert(buffers.end(), copies.begin(), copies.end());
  return place(buffers);
}

} // namespace rvb::analysis
