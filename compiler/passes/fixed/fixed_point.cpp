// Neurons that read sums of integers compute in integers, too: from the first binary layer to the last neuron nothing
// is in floating point.
//
//   %s = binary_conv2d(%x, %bits) {…} : i32[?,8,8,2]
//   %y = scan(%s, %scale, %shift) {axis = 0, invariants = 2} do (%s.t: i32[8,8,2], %a: f32[2], %b: f32[2]) {
//     %current = dequantize(%s.t) {scale = 0.01} : f32[8,8,2]
//     %scaled = mul(%current, %a) : f32[8,8,2]
//     %u = add(%scaled, %b) : f32[8,8,2]
//     %fires = greater_equal(%u, 0.0) : bool[8,8,2]
//     %spike = select(%fires, %u, 0.0) : f32[8,8,2]
//     %q = quantize(%spike) {bits = 16, limit = 1023, scale = 250.0} : i16[8,8,2]
//     yield(%q)
//   } : i16[?,8,8,2]
//
// becomes, in units of 1 / (250 · 2^9),
//
//   %y = scan(%s, %m, %w) {axis = 0, invariants = 2} do (%s.t: i32[8,8,2], %m.t: i32[2], %w.t: i32[2]) {
//     %scaled = rescale(%s.t, %m.t) {shift = 20} : i32[8,8,2]
//     %u = add(%scaled, %w.t) : i32[8,8,2]
//     %fires = greater_equal(%u, 0.0) : bool[8,8,2]
//     %spike = select(%fires, %u, 0.0) : i32[8,8,2]
//     %r = rescale(%spike, 1.0) {shift = 9} : i32[8,8,2]
//     %q = saturate(%r) {bits = 16, limit = 1023} : i16[8,8,2]
//     yield(%q)
//   } : i16[?,8,8,2]
//
// A multiplier holds what the body multiplies by, one number a channel. Values that neurons and pools pass on to other
// neurons stay whole (i32), held to 32 times the largest spike; who else reads them gets them dequantized. What comes
// from a layer in floating point is quantized on entry, to the same bound. Membranes are whole from step to step: those
// that a function is given and gives back as well.
//
// A body with an operator that has no counterpart in integers (a division by a spike, an exponential), or whose numbers
// reach so far that 32 bits would not resolve them, stays in floating point. So do all neurons where @step hands a
// membrane to somebody else as well (one that is also emitted, or that another neuron reads).
//
// Needs: fuse_and_keep has run, constants are folded, all membranes begin at 0. Keeps: results up to rounding, finer
// than that of the spikes.
#include "passes/fixed/fixed_point.h"
#include "ops/ops.h"

#include "passes/edit.h"
#include "passes/fixed/fixed_body.h"
#include "passes/passes.h"

#include <algorithm>
#include <set>
#include <string>

namespace rvb::passes {

using namespace ir;

namespace {

bool is_synapse(const Op& op) {
  return op.opcode == Opcode::binary_conv2d || op.opcode == Opcode::binary_linear;
}

bool moves_numbers(const Op& op) {
  return op.opcode == Opcode::avgpool || op.opcode == Opcode::maxpool || op.opcode == Opcode::flatten ||
         op.opcode == Opcode::reshape;
}

int64_t area(const Op& op) {
  const std::vector<int64_t> kernel = op.integers("kernel");
  return op.opcode == Opcode::avgpool ? kernel[0] * kernel[1] : 1;
}

// A neuron, or (unless only neurons count) a spike's rounding: what is worth computing in integers by itself.
bool decides(const Op& scan, bool neuron = false) {
  const std::vector<Op>& ops = scan.body[0].ops;
  return std::any_of(ops.begin(), ops.end(), [&](const Op& op) {
    const ops::Form form = ops::meaning(op.opcode).form;
    return form == ops::Form::comparison || form == ops::Form::threshold || (form == ops::Form::quantize && !neuron);
  });
}

class Rewrite {
public:
  Rewrite(Module& module, Function& function, const Surroundings& around)
      : module_(module), function_(function), kept_(kept_membranes(function)), fixed_(function.ops.size(), false),
        around_(around) {}

  // False where whole membranes would not fit together.
  bool prepare() {
    for (const Op& op : function_.ops)
      for (const Operand& operand : op.operands)
        if (!operand.is_literal())
          around_.read.insert(operand.value);
    for (const Operand& operand : function_.results)
      if (!operand.is_literal())
        around_.read.insert(operand.value);
    learn();
    want();
    for (size_t i = 0; i < function_.ops.size(); ++i)
      if (function_.ops[i].opcode == Opcode::scan && fixed_[i] && !membranes_are_its_own(function_.ops[i]))
        return false;
    return true;
  }

  bool run() {
    if (std::find(fixed_.begin(), fixed_.end(), true) == fixed_.end())
      return false;
    for (size_t i = 0; i < function_.ops.size(); ++i)
      rewrite(i);
    for (const Operand& operand : function_.results)
      make_real(operand);
    function_.ops = std::move(result_);
    Substitution substitution;
    for (auto& [stands, contents] : around_.constants) {
      const std::string name = function_.values[static_cast<size_t>(stands)].name;
      substitution.replace(stands, add_constant(module_, function_, name, std::move(contents), ""));
    }
    substitution.apply(function_);
    return true;
  }

private:
  // Which scans can be fixed, and which real values would then be whole.
  void learn() {
    for (size_t i = 0; i < function_.ops.size(); ++i) {
      const Op& op = function_.ops[i];
      if (is_synapse(op) && function_.type(op.results[0]).element == Element::i32) {
        const auto limit = limits_.find(op.operands[0].value);
        const std::vector<int64_t> kernel = op.integers("kernel");
        const int64_t inputs = op.integers("channels")[0] / std::max<int64_t>(1, op.integer("groups"));
        const int64_t fan_in = inputs * (kernel.size() == 2 ? kernel[0] * kernel[1] : 1);
        if (limit != limits_.end())
          around_.largest_sum[op.results[0]] = static_cast<double>(fan_in) * static_cast<double>(limit->second);
      } else if (moves_numbers(op)) {
        fixed_[i] = whole_.count(op.operands[0].value) != 0;
        if (fixed_[i])
          whole_.insert(op.results[0]);
      } else if (op.opcode == Opcode::scan) {
        learn_scan(i, op);
      }
    }
  }

  void learn_scan(size_t i, const Op& scan) {
    const Body& body = scan.body[0];
    const ScanParts p = parts(scan);
    for (int y = 0; y < p.emits; ++y)
      for (const Op& inner : body.ops)
        if (inner.opcode == Opcode::quantize && Operand(inner.results[0]) == body.yields[static_cast<size_t>(y)])
          limits_[scan.results[static_cast<size_t>(y)]] = inner.integer("limit");
    const bool meets_whole =
        std::any_of(scan.operands.begin(), scan.operands.begin() + p.sequences, [&](const Operand& operand) {
          return !operand.is_literal() &&
                 (around_.largest_sum.count(operand.value) != 0 || whole_.count(operand.value) != 0);
        });
    around_.carried = carried(scan);
    if (!meets_whole || !can_be_fixed(module_, function_, scan, around_))
      return;
    fixed_[i] = true;
    for (int y = 0; y < p.emits; ++y) {
      const Value result = scan.results[static_cast<size_t>(y)];
      const bool is_carried = std::any_of(around_.carried.begin(), around_.carried.end(),
                                          [&](const Carried& carried) { return carried.yield == y; });
      if (!is_carried && function_.type(result).element == Element::f32)
        whole_.insert(result);
    }
  }

  std::vector<Carried> carried(const Op& scan) const {
    std::vector<Carried> found;
    const ScanParts p = parts(scan);
    for (const KeptMembrane& kept : kept_)
      for (int i = 0; i < p.sequences; ++i)
        for (int y = 0; y < p.emits; ++y)
          if (scan.operands[static_cast<size_t>(i)] == Operand(kept.before) &&
              scan.results[static_cast<size_t>(y)] == kept.after)
            found.push_back({i, y});
    return found;
  }

  // Every membrane that a fixed scan is given is read nowhere else and leaves it again, for the caller alone.
  bool membranes_are_its_own(const Op& scan) const {
    const std::vector<Carried> pairs = carried(scan);
    const ScanParts p = parts(scan);
    for (int i = 0; i < p.sequences; ++i) {
      const Operand& operand = scan.operands[static_cast<size_t>(i)];
      if (!is_membrane(operand))
        continue;
      const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const Carried& c) { return c.operand == i; });
      if (pair == pairs.end() || uses(operand.value) != 1 || uses(scan.results[static_cast<size_t>(pair->yield)]) != 1)
        return false;
    }
    return true;
  }

  int uses(Value value) const {
    int count = 0;
    for (const Op& op : function_.ops)
      count += static_cast<int>(std::count(op.operands.begin(), op.operands.end(), Operand(value)));
    return count + static_cast<int>(std::count(function_.results.begin(), function_.results.end(), Operand(value)));
  }

  // In @step, where time is outside.
  bool is_membrane(const Operand& operand) const {
    return !operand.is_literal() && std::any_of(kept_.begin(), kept_.end(),
                                                [&](const KeptMembrane& kept) { return kept.before == operand.value; });
  }

  // Who reads what, from the end: integers are made only for neurons.
  void want() {
    for (const Operand& operand : function_.results)
      want_real(operand);
    for (size_t i = function_.ops.size(); i-- > 0;) {
      const Op& op = function_.ops[i];
      if (moves_numbers(op) && fixed_[i]) {
        const Value from = op.operands[0].value, to = op.results[0];
        fixed_[i] = around_.whole_reader[to];
        if (fixed_[i]) {
          around_.whole_reader[from] = true;
          int64_t& pooled = around_.pooled[from];
          pooled = std::max({pooled, area(op), around_.pooled[to]});
          continue;
        }
      }
      if (op.opcode == Opcode::scan && fixed_[i])
        fixed_[i] = decides(op) || std::any_of(op.results.begin(), op.results.end(),
                                               [&](Value result) { return around_.whole_reader[result]; });
      for (const Operand& operand : op.operands)
        if (fixed_[i] && !operand.is_literal() && whole_.count(operand.value) != 0)
          around_.whole_reader[operand.value] = true;
        else
          want_real(operand);
    }
  }

  void want_real(const Operand& operand) {
    if (!operand.is_literal())
      around_.reader[operand.value] = true;
  }

  void rewrite(size_t i) {
    Op op = function_.ops[i]; // the function stays whole until all is made: constants are looked up in it
    if (op.opcode == Opcode::scan && fixed_[i]) {
      around_.carried = carried(op);
      if (std::optional<Op> whole = fixed(module_, function_, op, around_)) {
        append(std::move(*whole));
        return;
      }
    } else if (fixed_[i] && around_.whole.count(op.operands[0].value) != 0) {
      const Whole from = around_.whole.at(op.operands[0].value);
      const Value real = op.results[0];
      Type type = function_.type(real);
      type.element = Element::i32;
      op.operands[0] = from.value;
      op.results[0] = function_.add_value(type, function_.values[static_cast<size_t>(real)].name);
      around_.whole[real] = {op.results[0], from.unit, from.bound};
      append(std::move(op));
      return;
    }
    for (const Operand& operand : op.operands)
      make_real(operand);
    append(std::move(op));
  }

  void append(Op op) {
    made_.insert(op.results.begin(), op.results.end());
    result_.push_back(std::move(op));
  }

  // The real value for a reader of a value that was made in integers only.
  void make_real(const Operand& operand) {
    if (operand.is_literal() || around_.whole.count(operand.value) == 0 || made_.count(operand.value) != 0)
      return;
    const Whole& whole = around_.whole.at(operand.value);
    Op op;
    op.opcode = Opcode::dequantize;
    op.operands = {whole.value};
    op.attributes = {{"scale", static_cast<double>(static_cast<float>(whole.unit))}};
    op.results = {operand.value};
    append(std::move(op));
  }

  Module& module_;
  Function& function_;
  std::vector<KeptMembrane> kept_;
  std::vector<bool> fixed_;         // by operation: in integers
  std::set<Value> whole_;           // real values that can be had as integers
  std::map<Value, int64_t> limits_; // of whole spikes
  Surroundings around_;
  std::set<Value> made_;
  std::vector<Op> result_;
};

} // namespace

std::vector<std::string> neurons_in_floating_point(const Function& function) {
  std::vector<std::string> found;
  std::set<Value> from_sums; // real values that follow from sums of integers, through anything but synapses
  auto is_whole = [&](const Operand& operand) {
    return !operand.is_literal() && function.type(operand.value).element == Element::i32;
  };
  auto follows = [&](const Operand& operand) { return !operand.is_literal() && from_sums.count(operand.value) != 0; };
  for (const Op& op : function.ops) {
    const bool whole = std::any_of(op.operands.begin(), op.operands.end(), is_whole);
    const bool real = std::any_of(op.operands.begin(), op.operands.end(), follows);
    const bool synapse = op.opcode == Opcode::conv2d || op.opcode == Opcode::linear || is_synapse(op);
    if ((whole || real) && !synapse)
      from_sums.insert(op.results.begin(), op.results.end());
    if (op.opcode != Opcode::scan || !(whole || real) || !decides(op, real && !whole))
      continue;
    const std::vector<Op>& ops = op.body[0].ops;
    if (std::any_of(ops.begin(), ops.end(), [&](const Op& inner) { // a dequantized result is the way out
          return function.type(inner.results[0]).element == Element::f32 && inner.opcode != Opcode::dequantize;
        }))
      found.push_back(op.layer.empty() ? function.values[static_cast<size_t>(op.results[0])].name : op.layer);
  }
  return found;
}

bool fixed_point(Module& module) {
  Surroundings around;
  for (const Function& function : module.functions)
    for (const Op& op : function.ops) {
      if (op.opcode != Opcode::scan)
        continue;
      for (const Op& inner : op.body[0].ops)
        if (inner.opcode == Opcode::quantize) {
          const auto limit = static_cast<double>(inner.integer("limit"));
          around.largest_spike = std::max(around.largest_spike, limit / inner.number("scale"));
          around.largest_limit = std::max(around.largest_limit, limit);
        }
    }
  if (around.largest_limit == 0)
    return false;
  std::vector<Rewrite> rewrites;
  for (Function& function : module.functions) {
    rewrites.emplace_back(module, function, around);
    if (!rewrites.back().prepare()) // then no function: they are to compute the same
      return false;
  }
  bool changed = false;
  for (Rewrite& rewrite : rewrites)
    changed |= rewrite.run();
  return changed;
}

} // namespace rvb::passes
