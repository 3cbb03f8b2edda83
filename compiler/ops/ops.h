// What each operator means: its result types, its gradient, its operation count. One file per operator or family in
// operators/; table.cpp lists them, and a row without its code does not link.
#pragma once

#include "ir/builder.h"
#include "ir/ir.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace rvb::ops {

// Result types from operand types and attributes; on failure `error` says what does not fit and nothing is returned.
// A literal operand has type f32[].
using TypeRule = std::optional<std::vector<ir::Type>> (*)(const ir::Op& op, const std::vector<ir::Type>& operands,
                                                          std::string& error);

// Emits, at the builder's position, the gradients of `op`'s operands from the gradients of its results. An upstream
// gradient that is zero everywhere is absent; so is a gradient that nothing flows to. A rule may read op.results.
//
// An upstream gradient is a value of its result's type; for a result f32[] it may also be a literal (the loss: 1.0).
// The gradients that the rule of an ELEMENTWISE operator returns have the RESULT's shape, whatever the shape of the
// operand: an operand that was broadcast gets its gradient element by element, and the caller sums it with reduce_to.
// (Inside a scan's body `sum` may not stand: there the caller carries such gradients out and sums them outside.)
// All other rules return gradients of the operands' types. Literal operands get none from the caller's point of view:
// what is returned for them is to be ignored.
using Gradients = std::vector<std::optional<ir::Operand>>;
//
// batchnorm: only its first result carries a gradient; mean, variance and unbiased feed running statistics alone, and a
// rule that finds an upstream gradient for them throws std::logic_error.
using GradientRule = Gradients (*)(ir::Builder& builder, const ir::Op& op, const Gradients& upstream);

// Operations for one sample (batch = 1), all T steps together.
struct Count {
  int64_t multiply_adds = 0; // real x real synapses, padding taps counted (the convention of FLOP counters)
  int64_t additions = 0;     // synapses under +-1 weights, padding taps counted
};
using CountRule = Count (*)(const ir::Function& function, const ir::Op& op);

// One element of an elementwise operator's result, before it is rounded to the result's element type. Operands are
// exact: reals and integers as they are, masks as 0 and 1.
using ValueRule = double (*)(const ir::Op& op, const double* operands);

// What algebra may do with an elementwise operator. Passes that reason about bodies (in intervals, under scaling, on
// integers) ask for the form; they know no operators.
enum class Form : uint8_t {
  opaque,     // none of these: computed as it is written, in floating point
  identity,   // the operand
  negation,   //
  magnitude,  //
  sum,        // or difference
  extreme,    // one of the operands, whichever their order says
  product,    //
  quotient,   //
  comparison, // a mask
  threshold,  // one number where x >= 0, another elsewhere
  selection,  //
  logic,      // of masks alone
  quantize,   // a real number to an integer on a grid
  dequantize, // and back
};

// Bounds of a number; without one they are infinite. Values are finite.
struct Interval {
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
  bool empty() const { return low > high; }
  bool operator==(const Interval& o) const { return low == o.low && high == o.high; }
};
// Of the result, in float as the program computes: rounding is monotone, so they hold for what it computes.
using BoundsRule = Interval (*)(const Interval* operands);

// Operands that make an operation superfluous.
struct Algebra {
  std::optional<double> left, right; // f(left, x) = x, f(x, right) = x
  std::optional<double> absorbing;   // f(absorbing, x) = f(x, absorbing) = absorbing
  std::optional<double> of_equals;   // f(x, x)
  bool idempotent = false;           // f(x, x) = x
  bool involution = false;           // f(f(x)) = x
};

// Whether an operation can be left out, merged with an equal one, moved, or repeated.
enum class Effects : uint8_t {
  none,  // it gives the same for the same operands, wherever it stands
  draws, // it does not: nobody merges, moves or repeats it; it may be left out
};

// The operation on one step, where it treats every index along the leading axis alike and alone: of operands that
// repeat one slice along that axis, the result repeats what this operation makes of the slice. Nothing where it does
// not.
using StepRule = std::optional<ir::Op> (*)(const ir::Op& op, const std::vector<ir::Type>& operands);

struct Meaning {
  TypeRule types;
  GradientRule gradient;     // null: not differentiable (masks, gradients of gradients)
  CountRule count;           // null: nothing worth counting
  ValueRule value = nullptr; // null: not elementwise; every elementwise operator has one
  Form form = Form::opaque;
  BoundsRule bounds = nullptr; // null: nothing is known
  Algebra algebra = {};
  Effects effects = Effects::none;
  StepRule step = nullptr;   // null: the operation as it is where its row says linear_time, none elsewhere
  bool steps_in_all = false; // that axis is of all operands, not of the first alone
};

const Meaning& meaning(ir::Opcode opcode);

// An elementwise operation on numbers, to the bits of the compiled program where that is a single float operation (exp,
// log, tanh, sigmoid and atan are rounded once from double: within their kernels' error). Integers wrap. Nothing when
// the operator has no value rule or the result is no number of its type (NaN as an integer).
std::optional<double> evaluate(const ir::Op& op, ir::Element result, const double* operands);

// By the row's step rule, or its trait.
std::optional<ir::Op> on_one_step(const ir::Op& op, const std::vector<ir::Type>& operands);

// The bounds of an elementwise operation's result.
Interval bounds(ir::Opcode opcode, const Interval* operands);

// An ordering of two numbers: x >= y or x > y, with x and y the operands or, `swapped`, the other way round.
struct Ordering {
  bool swapped, strict;
};
Ordering ordering(ir::Opcode comparison); // of Form::comparison

inline bool is_pure(ir::Opcode opcode) {
  return meaning(opcode).effects == Effects::none;
}

// Sums a gradient that an elementwise rule returned to the type of the operand it belongs to: unchanged when the types
// agree, `sum {axis = last}` for f32[C], and for the scalar f32[] that sum once more (sum_time over its one axis).
ir::Operand reduce_to(ir::Builder& builder, ir::Operand gradient, ir::Type operand);

// Result types of a whole operation in its function; scan included. Empty and an error when it does not fit.
// The operand values must exist in the function. A `constant` keeps the type its result already has.
std::optional<std::vector<ir::Type>> infer(const ir::Function& function, const ir::Op& op, std::string& error);

} // namespace rvb::ops
