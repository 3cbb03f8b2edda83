// Values of @gradient that wait long for their next reader are computed again before it instead of kept, until the
// block that its plan works in fits a limit.
//
//   func @gradient(%x: f32[?,64], %w: f32[64,4]) -> ("y" = f32[?,4], "g" = f32[?,64]) {
//     %a = exp(%x) : f32[?,64]
//     %y = linear(%a, %w) : f32[?,4]
//     %d = linear_input_gradient(%y, %w) : f32[?,64]
//     %e = tanh(%d) : f32[?,64]
//     %g = mul(%e, %a) : f32[?,64]
//     ret(%y, %g)
//   }
//
// becomes, where 512 bytes a sample are the limit,
//
//     %a = exp(%x) : f32[?,64]
//     %y = linear(%a, %w) : f32[?,4]
//     %d = linear_input_gradient(%y, %w) : f32[?,64]
//     %e = tanh(%d) : f32[?,64]
//     %a.1 = exp(%x) : f32[?,64]
//     %g = mul(%e, %a.1) : f32[?,64]
//
// One step of the search looks at the operation during which most bytes are alive. Every value that is alive then and
// idle (made before, read after) can be dropped there: the operation that makes it runs once more before the next
// reader, and so do, one after another, the operations whose results it reads and that are gone by then. What is small
// (no batch: statistics, packed signs) is kept for it. Of all these, the search takes what lowers the bytes above the
// limit most for an added unit of work (schedule.h), and of those that reach the limit the cheapest. So elementwise
// operations and pools go first, and convolutions when these do not suffice: between them, what is kept is the fewest
// tensors that a stretch of the network follows from. Repetitions may be dropped again like anything else.
//
// Synapses and the neuron that codegen runs them with are repeated together: their sums are never stored.
//
// Needs: a function @gradient of kernels' operations (the end of the pipeline); others are left alone. Keeps: every
//   result bit-identical, since a repeated operation is the same kernel on the same numbers. Breaks: cse would undo it.
#include "passes/recompute.h"

#include "analysis/schedule.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

namespace rvb::passes {

using namespace ir;

namespace {

// Where the values of a schedule are made and read.
struct Places {
  std::vector<int> made, last;              // positions by value; -1: a parameter, or read by nobody
  std::vector<std::vector<Value>> versions; // by the function's value: it and its repetitions
  std::vector<bool> fused;                  // by value: sums that are never stored

  explicit Places(const Schedule& schedule)
      : made(schedule.values(), -1), last(schedule.values(), -1), versions(schedule.values()),
        fused(schedule.values(), false) {
    const std::vector<bool> live = schedule.live();
    for (int i = 0; i < schedule.size(); ++i) {
      if (!live[i])
        continue;
      for (Value v : schedule.step(i).reads)
        last[v] = i;
      for (Value v : schedule.step(i).makes) {
        made[v] = i;
        versions[schedule.origin(v)].push_back(v);
      }
    }
    const std::vector<int> joined = schedule.joined();
    for (int i = 0; i < schedule.size(); ++i)
      if (joined[i] >= 0)
        fused[schedule.step(i).makes[0]] = true;
  }
};

enum class Later { keep, take_over }; // repetitions that already stand after the new one

// Drops values at a position: what makes them runs again before their next reader.
class Drop {
public:
  Drop(const Function& function, Schedule& schedule, const Places& places, int position)
      : function_(function), schedule_(schedule), places_(places), position_(position) {}

  // Those of the operation's results that may be dropped here.
  std::vector<Value> idle(int made_at) const {
    std::vector<Value> result;
    for (Value v : schedule_.step(made_at).makes)
      if (!places_.fused[v] && places_.made[v] == made_at && made_at < position_ && places_.last[v] > position_ &&
          schedule_.sample_bytes(v) > 0 && !touches(position_, v))
        result.push_back(v);
    return result;
  }

  void run(const std::vector<Value>& values, Later later) {
    dropped_ = values;
    before_ = schedule_.size();
    for (int i = position_ + 1; i < schedule_.size() && before_ == schedule_.size(); ++i)
      if (std::any_of(values.begin(), values.end(), [&](Value v) { return touches(i, v); }))
        before_ = i;
    repeat(schedule_.maker(values[0]));
    std::map<Value, Value> instead;
    for (Value v : values)
      instead[v] = repeated_.at(schedule_.origin(v));
    if (later == Later::take_over)
      for (const auto& [origin, fresh] : repeated_)
        for (Value version : places_.versions[origin])
          if (places_.made[version] >= before_)
            instead[version] = fresh;
    for (int i = before_; i < schedule_.size(); ++i) {
      Schedule::Step step = schedule_.step(i);
      bool changed = false;
      for (Value& v : step.reads) {
        const auto found = instead.find(v);
        changed |= found != instead.end();
        v = found != instead.end() ? found->second : v;
      }
      if (changed)
        schedule_.replace(i, std::move(step));
    }
    schedule_.insert(before_, steps_);
  }

private:
  bool touches(int position, Value value) const {
    const std::vector<Value>& reads = schedule_.step(position).reads;
    return std::find(reads.begin(), reads.end(), value) != reads.end();
  }

  void repeat(int op) {
    Schedule::Step step{op, {}, {}};
    for (const Operand& operand : function_.ops[op].operands)
      if (!operand.is_literal())
        step.reads.push_back(version_of(operand.value));
    for (Value result : function_.ops[op].results) {
      step.makes.push_back(schedule_.repeat_value(result));
      repeated_[result] = step.makes.back();
    }
    steps_.push_back(schedule_.add(std::move(step)));
  }

  // Of the function's value, what is there before the reader; it is computed again when nothing is.
  Value version_of(Value value) {
    if (schedule_.maker(value) < 0)
      return value;
    const auto repeated = repeated_.find(value);
    if (repeated != repeated_.end())
      return repeated->second;
    Value there = no_value;
    for (Value version : places_.versions[value]) { // in their order
      if (places_.made[version] >= before_)
        break;
      const bool stays = places_.made[version] > position_ || places_.last[version] > position_;
      const bool small = schedule_.sample_bytes(value) == 0;
      if ((stays || small) && !places_.fused[version] &&
          std::find(dropped_.begin(), dropped_.end(), version) == dropped_.end())
        there = version;
    }
    if (there != no_value)
      return there;
    repeat(schedule_.maker(value));
    return repeated_.at(value);
  }

  const Function& function_;
  Schedule& schedule_;
  const Places& places_;
  const int position_;
  int before_ = 0; // the reader that the repetitions stand before
  std::vector<Value> dropped_;
  std::map<Value, Value> repeated_; // by the function's value
  std::vector<int> steps_;
};

constexpr size_t most_places = 32; // that one step looks at
int64_t allowed_sample(const Profile& profile, const MemoryLimit& limit) {
  return (limit.bytes - profile.fixed_peak) / limit.batch;
}
// The bytes a sample above what the limit leaves for them, summed over the steps.
int64_t excess(const Profile& profile, const MemoryLimit& limit) {
  const int64_t allowed = allowed_sample(profile, limit);
  int64_t total = 0;
  for (int64_t bytes : profile.sample)
    total += std::max(int64_t{0}, bytes - allowed);
  return total;
}

constexpr int64_t largest_batch = 1'000'000; // as in a recipe

class Search {
public:
  Search(const Function& function, int64_t batch)
      : function_(function), batch_(batch), schedule_(function, batch), lowest_(schedule_),
        lowest_block_(schedule_.block()) {
    profile_ = schedule_.profile();
    const Schedule::Mark mark = schedule_.mark();
    schedule_.sink();
    const Profile sunk = schedule_.profile();
    if (sunk.bytes(batch) <= profile_.bytes(batch))
      profile_ = sunk;
    else // an operation of several results, some of which nobody reads
      schedule_.restore(mark);
    remember();
  }

  // True when the plan will keep the limit; else no single step leads nearer to it. Steps are chosen by the bytes
  // alive, which are found faster than the places of a plan: the aim is what they are to be so that the plan, as far as
  // it is known, keeps the limit. Within an aim every step lowers the bytes above it, so that the search ends.
  bool lower(const MemoryLimit& limit) {
    bool lower = true;
    while (lower && block_.bytes(limit.batch) > limit.bytes) {
      const int64_t more = block_.bytes(limit.batch) - limit.bytes;
      const MemoryLimit aim{profile_.bytes(limit.batch) - more, limit.batch};
      while (lower && profile_.bytes(limit.batch) > aim.bytes)
        lower = step(aim);
      remember();
    }
    return block_.bytes(limit.batch) <= limit.bytes;
  }

  // Of the smallest plan that the search came by.
  int64_t bytes(int64_t batch) const { return lowest_block_.bytes(batch); }
  const Schedule& schedule() const { return lowest_; }

private:
  void remember() {
    block_ = schedule_.block();
    if (block_.bytes(batch_) >= lowest_block_.bytes(batch_))
      return;
    lowest_ = schedule_;
    lowest_block_ = block_;
  }

  struct Choice {
    std::vector<Value> values;
    Later later = Later::keep;
    bool reaches = false;
    double gain = 0; // bytes above the limit that go, for one unit of work
    double work = 0;
    bool better_than(const Choice& other) const {
      if (other.values.empty() || reaches != other.reaches)
        return other.values.empty() || reaches;
      return reaches ? work < other.work : gain > other.gain;
    }
  };

  // Where most bytes are alive; where nothing helps there, at the next highest of the places above the limit.
  bool step(const MemoryLimit& limit) {
    const int64_t allowed = allowed_sample(profile_, limit);
    std::vector<int> above;
    for (int i = 0; i < static_cast<int>(profile_.sample.size()); ++i)
      if (profile_.sample[i] > allowed)
        above.push_back(i);
    std::stable_sort(above.begin(), above.end(), [&](int a, int b) { return profile_.sample[a] > profile_.sample[b]; });
    if (above.size() > most_places)
      above.resize(most_places);
    const Places places(schedule_);
    return std::any_of(above.begin(), above.end(), [&](int position) { return step_at(position, places, limit); });
  }

  bool step_at(int position, const Places& places, const MemoryLimit& limit) {
    const Schedule::Mark mark = schedule_.mark();
    const int64_t before = excess(profile_, limit);
    Choice best;
    for (int i = 0; i < position; ++i) {
      const std::vector<Value> values = Drop(function_, schedule_, places, position).idle(i);
      if (values.empty())
        continue;
      for (Later later : {Later::keep, Later::take_over}) {
        Drop(function_, schedule_, places, position).run(values, later);
        const Profile after = schedule_.profile();
        schedule_.restore(mark);
        const int64_t freed = before - excess(after, limit);
        if (freed <= 0 || after.bytes(limit.batch) > profile_.bytes(limit.batch))
          continue;
        Choice choice{values, later, after.bytes(limit.batch) <= limit.bytes, 0, after.work - profile_.work};
        choice.gain = static_cast<double>(freed) / std::max(1.0, choice.work);
        if (choice.better_than(best))
          best = choice;
      }
    }
    if (best.values.empty())
      return false;
    Drop(function_, schedule_, places, position).run(best.values, best.later);
    profile_ = schedule_.profile();
    return true;
  }

  const Function& function_;
  int64_t batch_;
  Schedule schedule_;
  Profile profile_;
  Block block_;
  Schedule lowest_;
  Block lowest_block_;
};

// Writes the order back into the function that the schedule was made from.
void reorder(Function& function, const Schedule& schedule) {
  const std::vector<bool> needed = schedule.live();
  std::vector<Value> value(static_cast<size_t>(schedule.values()), no_value);
  const Value own = static_cast<Value>(function.values.size());
  for (Value v = 0; v < own; ++v)
    value[v] = v;
  std::vector<Op> ops;
  for (int i = 0; i < schedule.size(); ++i) {
    if (!needed[i])
      continue;
    const Schedule::Step& s = schedule.step(i);
    Op op = function.ops[s.op];
    auto fresh = [&](Value old) {
      const ValueInfo info = function.values[old];
      return function.add_value(info.type, info.name);
    };
    size_t read = 0;
    for (Operand& operand : op.operands)
      if (!operand.is_literal())
        operand = Operand(value[s.reads[read++]]);
    const bool repeated = s.makes[0] >= own;
    for (size_t r = 0; repeated && r < s.makes.size(); ++r)
      op.results[r] = value[s.makes[r]] = fresh(schedule.origin(s.makes[r]));
    std::vector<Operand> map; // what a body does not define it does not read
    for (Body& body : op.body)
      if (repeated)
        refresh_body(function, body, map);
    ops.push_back(std::move(op));
  }
  function.ops = std::move(ops);
}

// Straight to the limit; in small steps, which gets lower where the straight way ends in a dead end; as low as small
// steps lead, which is what is said to be the smallest where no way gets there.
bool limit_function(Function& function, const MemoryLimit& limit) {
  const int64_t whole = Schedule(function, limit.batch).block().bytes(limit.batch);
  if (whole <= limit.bytes)
    return false;
  const Function before = function;
  std::optional<Search> best;
  const auto keep = [&](Search&& search) {
    if (!best || search.bytes(limit.batch) < best->bytes(limit.batch))
      best.emplace(std::move(search));
    return best->bytes(limit.batch) <= limit.bytes;
  };
  const auto gradual = [&](int64_t bytes) {
    Search search(before, limit.batch);
    bool reached = true;
    while (reached && search.bytes(limit.batch) > bytes) {
      const int64_t now = search.bytes(limit.batch);
      reached = search.lower({std::max(bytes, now - now / 32 - 1), limit.batch});
    }
    return search;
  };
  Search straight(before, limit.batch);
  straight.lower(limit);
  if (!keep(std::move(straight)) && !(limit.bytes > 0 && keep(gradual(limit.bytes))))
    keep(gradual(0));
  if (best->bytes(limit.batch) >= whole)
    return false;
  reorder(function, best->schedule());
  return true;
}

} // namespace

std::optional<MemoryLimit> parse_memory_limit(const std::string& text) {
  const size_t at = text.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size() || text.size() > 30 ||
      text.find_first_not_of("0123456789@") != std::string::npos || text.find('@', at + 1) != std::string::npos)
    return std::nullopt;
  const MemoryLimit limit{std::atoll(text.c_str()), std::atoll(text.c_str() + at + 1)};
  return limit.batch > 0 && limit.batch <= largest_batch ? std::optional(limit) : std::nullopt;
}

bool recompute(Module& module, const MemoryLimit& limit) {
  bool changed = false;
  for (Function& function : module.functions)
    if (function.name == "gradient")
      changed = limit_function(function, limit);
  return changed;
}

bool recompute(Module& module) {
  return recompute(module, MemoryLimit{});
}

} // namespace rvb::passes
