// One way to write each thing: algebra that costs nothing and changes no bit (but the sign of a zero), literals to the
// right, decided selects gone, scans without needless operands.
//
//   %a = add(0.0, %x) : f32[?,8]
//   %b = mul(%a, 1.0) : f32[?,8]
//   %c = neg(%b) : f32[?,8]
//   %d = sub(%y, %c) : f32[?,8]
//
// becomes (after dce)
//
//   %d = add(%y, %x) : f32[?,8]
//
// Needs: nothing.
// Keeps: every result bit for bit, except that x + 0.0 -> x gives -0.0 where the sum gave 0.0. Only a division by that
//   zero could tell, and the language's neurons have no use for 1/-0. x * 0.0 is left alone: x may be infinite.
// Breaks: nothing. `detach` is dropped in functions that are not differentiated (all but @train).
#include "analysis/known.h"
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <cmath>

namespace rvb::passes {

using namespace ir;

namespace {

bool is(const Operand& operand, double number) {
  return operand.is_literal() && operand.number == number;
}

// A number whose reciprocal is a number of the same precision: dividing by it is multiplying.
bool has_exact_reciprocal(double number) {
  int exponent;
  return std::fabs(std::frexp(number, &exponent)) == 0.5 && exponent > -120 && exponent < 120;
}

class Canonicalize {
public:
  explicit Canonicalize(Function& function) : function_(function) {}

  bool run() {
    bool changed = false;
    while (round())
      changed = true;
    return changed;
  }

private:
  bool round() {
    changed_ = false;
    substitution_ = Substitution();
    uses_ = count_uses(function_);
    made_by_.assign(function_.values.size(), nullptr);
    scan_list(function_.ops);
    // Values that turned out to be numbers stay where a tensor is asked for; elsewhere the number is read.
    if (!substitution_.empty())
      substitution_.apply(function_);
    return changed_;
  }

  void scan_list(std::vector<Op>& ops) {
    for (Op& op : ops) {
      substitution_.apply(op);
      if (op.opcode == Opcode::scan) {
        simplify_scan(op);
        scan_list(op.body[0].ops);
        for (Operand& yield : op.body[0].yields)
          if (const std::optional<float> value = number(yield); value && !yield.is_literal() && !is_mask(yield)) {
            yield = Operand::literal(*value);
            changed_ = true;
          }
      } else if (is_elementwise(op)) {
        read_numbers(op);
        simplify(op);
      } else {
        simplify_other(op);
      }
      for (Value result : op.results)
        made_by_[result] = &op;
    }
  }

  bool is_mask(const Operand& operand) const { return function_.type(operand.value).element == Element::boolean; }

  const Op* maker(const Operand& operand, Opcode opcode) const {
    if (operand.is_literal() || operand.value >= static_cast<Value>(made_by_.size()))
      return nullptr;
    const Op* op = made_by_[operand.value];
    return op && op->opcode == opcode ? op : nullptr;
  }

  bool same_type(const Operand& operand, Value value) const {
    return !operand.is_literal() && function_.type(operand.value) == function_.type(value);
  }

  // `op`'s result is `operand`: only when that has its shape.
  void forward(const Op& op, const Operand& operand) {
    const Value result = op.results[0];
    const bool read = result >= static_cast<Value>(uses_.size()) || uses_[result] != 0; // else dce has yet to come
    if (read && same_type(operand, result)) {
      substitution_.replace(result, operand);
      changed_ = true;
    }
  }
  void rewrite(Op& op, Opcode opcode, std::vector<Operand> operands) {
    op.opcode = opcode;
    op.operands = std::move(operands);
    changed_ = true;
  }

  // An operand that is a computed number becomes the number, as long as another operand has the result's shape.
  void read_numbers(Op& op) {
    const std::vector<int64_t>& dims = function_.type(op.results[0]).dims;
    for (size_t i = 0; i < op.operands.size(); ++i) {
      const Operand& operand = op.operands[i];
      if (operand.is_literal() || is_mask(operand) || !number(operand))
        continue;
      bool shaped = dims.empty();
      for (size_t j = 0; j < op.operands.size(); ++j)
        shaped |= j != i && !op.operands[j].is_literal() && function_.type(op.operands[j].value).dims == dims;
      if (shaped) {
        op.operands[i] = Operand::literal(*number(operand));
        changed_ = true;
      }
    }
  }

  // The number an elementwise operation on numbers gives.
  std::optional<float> number(const Operand& operand) const {
    if (operand.is_literal())
      return static_cast<float>(operand.number);
    if (operand.value >= static_cast<Value>(made_by_.size()))
      return std::nullopt;
    const Op* op = made_by_[operand.value];
    if (!op || !is_elementwise(*op))
      return std::nullopt;
    const Element element = function_.type(operand.value).element;
    if (element != Element::f32 && element != Element::boolean)
      return std::nullopt; // a literal is a real where no integer stands by it
    if (op->opcode == Opcode::select && op->operands[1].is_literal() && op->operands[1] == op->operands[2])
      return static_cast<float>(op->operands[1].number);
    float values[3];
    for (size_t i = 0; i < op->operands.size(); ++i) {
      if (!op->operands[i].is_literal())
        return std::nullopt;
      values[i] = static_cast<float>(op->operands[i].number);
    }
    return evaluate(function_, *op, values);
  }

  void simplify(Op& op) {
    std::vector<Operand>& x = op.operands;
    if ((info(op.opcode).traits & commutative) && x[0].is_literal() && !x[1].is_literal()) {
      std::swap(x[0], x[1]);
      changed_ = true;
    }
    const ops::Meaning& meaning = ops::meaning(op.opcode);
    if (meaning.algebra.right && is(x[1], *meaning.algebra.right))
      return forward(op, x[0]);
    if (meaning.algebra.idempotent && x[0] == x[1])
      return forward(op, x[0]);
    if (meaning.algebra.involution)
      if (const Op* n = maker(x[0], op.opcode))
        return forward(op, n->operands[0]);
    if (meaning.form == ops::Form::identity && function_.name != "train")
      return forward(op, x[0]);
    if (op.opcode == Opcode::add || op.opcode == Opcode::sub)
      simplify_sum(op);
    else if (op.opcode == Opcode::mul && is(x[1], -1) && same_type(x[0], op.results[0]))
      rewrite(op, Opcode::neg, {x[0]});
    else if (op.opcode == Opcode::div && x[1].is_literal() && has_exact_reciprocal(x[1].number))
      rewrite(op, Opcode::mul, {x[0], Operand::literal(1 / x[1].number)});
    else if (op.opcode == Opcode::select)
      simplify_select(op);
  }

  void simplify_sum(Op& op) {
    const std::vector<Operand>& x = op.operands;
    if (op.opcode == Opcode::sub) {
      if (is(x[0], 0) && same_type(x[1], op.results[0]))
        return rewrite(op, Opcode::neg, {x[1]});
      if (const Op* n = maker(x[1], Opcode::neg))
        return rewrite(op, Opcode::add, {x[0], n->operands[0]});
      return;
    }
    if (const Op* n = maker(x[1], Opcode::neg))
      return rewrite(op, Opcode::sub, {x[0], n->operands[0]});
    if (const Op* n = maker(x[0], Opcode::neg))
      return rewrite(op, Opcode::sub, {x[1], n->operands[0]});
    join_branches(op);
  }

  void simplify_select(Op& op) {
    const std::vector<Operand>& x = op.operands;
    if (x[1] == x[2])
      return forward(op, x[1]);
    if (const Op* n = maker(x[0], Opcode::logical_not)) {
      const Operand mask = n->operands[0], yes = x[2], no = x[1];
      return rewrite(op, Opcode::select, {mask, yes, no});
    }
    if (const std::optional<float> mask = number(x[0]); mask && !x[0].is_literal())
      return forward(op, *mask != 0 ? x[1] : x[2]);
  }

  // select(m, a, 0) + select(m, 0, b): what the gradient of a reset leaves.
  void join_branches(Op& op) {
    const Op* first = maker(op.operands[0], Opcode::select);
    const Op* second = maker(op.operands[1], Opcode::select);
    if (!first || !second || !(first->operands[0] == second->operands[0]))
      return;
    if (is(first->operands[1], 0) && is(second->operands[2], 0))
      std::swap(first, second);
    if (is(first->operands[2], 0) && is(second->operands[1], 0))
      rewrite(op, Opcode::select, {first->operands[0], first->operands[1], second->operands[2]});
  }

  void simplify_other(Op& op) {
    if (op.opcode == Opcode::unflatten)
      if (const Op* f = maker(op.operands[0], Opcode::flatten);
          f && function_.type(f->operands[0].value) == function_.type(op.results[0]))
        forward(op, f->operands[0]);
    if (op.opcode == Opcode::flatten)
      if (const Op* u = maker(op.operands[0], Opcode::unflatten))
        forward(op, u->operands[0]);
    if (op.opcode == Opcode::mean_time || op.opcode == Opcode::sum_time) {
      const Op* r = maker(op.operands[0], Opcode::repeat);
      if (r && (op.opcode == Opcode::mean_time || r->integer("times") == 1))
        forward(op, r->operands[0]);
    }
  }

  void simplify_scan(Op& scan) {
    drop_literal_operands(scan);
    drop_single_step_states(scan);
    merge_equal_operands(scan);
    // A sequence that is emitted as it came is the sequence.
    const ScanParts p = parts(scan);
    const Body& body = scan.body[0];
    for (int m = 0; m < p.emits; ++m)
      for (int i = 0; i < p.sequences; ++i)
        if (body.yields[m] == Operand(body.parameters[i]) && uses_[scan.results[m]] != 0) {
          substitution_.replace(scan.results[m], scan.operands[i]);
          changed_ = true;
        }
  }

  // Removes operand `index` and its parameter, which becomes `instead` in the body. False when the body cannot do
  // without a tensor there.
  bool drop_operand(Op& scan, int index, const Operand& instead) {
    Op next = scan;
    Body& body = next.body[0];
    std::vector<Operand> arguments(body.parameters.begin(), body.parameters.end());
    arguments[index] = instead;
    std::vector<Op> ops;
    const std::optional<std::vector<Operand>> yields = inline_body(function_, body, arguments, ops);
    if (!yields)
      return false;
    const auto emits = static_cast<size_t>(parts(scan).emits);
    for (size_t i = 0; i < yields->size(); ++i) {
      if (body.yields[i].is_literal())
        continue;
      const Type& type = function_.type(body.yields[i].value);
      const bool real = type.element == Element::f32; // as a literal that is emitted
      if ((*yields)[i].is_literal() ? i < emits && !real : function_.type((*yields)[i].value) != type)
        return false;
    }
    made_by_.resize(function_.values.size(), nullptr);
    body.ops = std::move(ops);
    body.yields = *yields;
    body.parameters.erase(body.parameters.begin() + index);
    next.operands.erase(next.operands.begin() + index);
    scan = std::move(next);
    changed_ = true;
    return true;
  }

  void drop_literal_operands(Op& scan) {
    for (int i = parts(scan).first_state() - 1; i >= 0; --i) {
      const ScanParts p = parts(scan);
      if (scan.operands[i].is_literal() && (i >= p.sequences || p.sequences > 1))
        if (drop_operand(scan, i, scan.operands[i]) && i >= p.sequences)
          set_counts(scan, p.invariants - 1, p.states);
    }
  }

  // A state that begins as a number is that number if it stays so, or if there is only one step, when nobody wants what
  // it ends as.
  void drop_single_step_states(Op& scan) {
    if (parts(scan).states == 0)
      return;
    for (int j = parts(scan).states - 1; j >= 0; --j) {
      const ScanParts p = parts(scan);
      const int index = p.first_state() + j;
      const Operand initial = scan.operands[index];
      if (!initial.is_literal() || uses_[scan.results[p.emits + j]] != 0)
        continue;
      const Operand& next = scan.body[0].yields[p.emits + j];
      const bool stays = next == initial || next == Operand(scan.body[0].parameters[index]);
      if (!stays && function_.type(scan.operands[0].value).dims[0] != 1)
        continue;
      if (!drop_operand(scan, index, initial))
        continue;
      scan.body[0].yields.erase(scan.body[0].yields.begin() + p.emits + j);
      scan.results.erase(scan.results.begin() + p.emits + j);
      set_counts(scan, p.invariants, p.states - 1);
    }
  }

  void merge_equal_operands(Op& scan) {
    for (int i = parts(scan).first_state() - 1; i > 0; --i) {
      const ScanParts p = parts(scan);
      const int first = i < p.sequences ? 0 : p.sequences;
      for (int k = first; k < i; ++k) {
        if (!(scan.operands[k] == scan.operands[i]))
          continue;
        Substitution same;
        same.replace(scan.body[0].parameters[i], Operand(scan.body[0].parameters[k]));
        same.apply(scan);
        scan.body[0].parameters.erase(scan.body[0].parameters.begin() + i);
        scan.operands.erase(scan.operands.begin() + i);
        if (i >= p.sequences)
          set_counts(scan, p.invariants - 1, p.states);
        changed_ = true;
        break;
      }
    }
  }

  Function& function_;
  Substitution substitution_;
  std::vector<int> uses_;          // when the round began
  std::vector<const Op*> made_by_; // by value; operations do not move during a round
  bool changed_ = false;
};

} // namespace

bool canonicalize(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= Canonicalize(function).run();
  return changed;
}

} // namespace rvb::passes
