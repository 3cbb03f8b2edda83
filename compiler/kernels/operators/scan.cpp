// scan, and every elementwise operator by itself: the body, whatever it holds, becomes one expression a yield.
//
// A tensor is seen as [c, p]: c runs over what is contiguous (the channels when an invariant is one number a channel,
// else all that stands inside the batch), p over the rest. With states and several steps, sequences get a third
// dimension, time. Final states are then stored by every step at the same place: their buffers have stride 0 in time,
// so that all results are one tuple, made by one loop, and the state is read back from the cache.
#include "kernels/elementwise.h"
#include "kernels/store_together.h"

#include "support/result.h"

#include <algorithm>
#include <map>

namespace rvb::kernels {

namespace {

using namespace Halide;

enum class Role { sequence, invariant, state };

struct Parameter {
  ir::Value inside = ir::no_value; // the body's name for it
  Role role = Role::sequence;
  ir::Type type;
  double literal = 0;
  int input = -1; // index of the kernel's input; -1 for a literal
};

struct Shape {
  bool channels = false; // some invariant is one number a channel
  int64_t steps = 1;     // in the third dimension
  Extent c, p;
};

class Scan : public Kernel {
public:
  explicit Scan(const Call& call) : Kernel(call) {
    bool single = op.opcode != ir::Opcode::scan;
    states_ = single ? 0 : op.integer("states");
    int64_t invariants = single ? 0 : op.integer("invariants");
    int64_t count = static_cast<int64_t>(op.operands.size());
    for (int64_t i = 0; i < count; ++i)
      add_parameter(static_cast<size_t>(i), single,
                    i >= count - states_                ? Role::state
                    : i >= count - states_ - invariants ? Role::invariant
                                                        : Role::sequence);
    if (single) {
      ops_ = {op};
      for (ir::Value result : op.results)
        yields_.push_back(result);
    } else {
      ops_ = op.body[0].ops;
      yields_ = op.body[0].yields;
    }
    emits_ = yields_.size() - static_cast<size_t>(states_);
    shape_ = find_shape(single);
  }

  Interface views() const override {
    Interface interface;
    for (const Parameter& parameter : parameters_)
      if (parameter.input >= 0)
        interface.inputs.push_back(view(parameter.type, parameter.role));
    for (size_t i = 0; i < op.results.size(); ++i)
      interface.outputs.push_back(view(call.result(i), i < emits_ ? Role::sequence : Role::state));
    return interface;
  }

  void algorithm() override {
    define(op.opcode == ir::Opcode::scan ? "scan" : "elementwise"); // not "exp": the C library's name
    if (shape_.steps == 1) {
      output()(c, p) = tuple(step(Expr(), [&](size_t k, const Parameter& state) { return initial(k, state); }));
      return;
    }
    std::vector<Expr> nothing;
    for (size_t i = 0; i < yields_.size(); ++i)
      nothing.push_back(undef(halide_type(call.result(i).element)));
    output()(c, p, t) = tuple(nothing);
    steps = RDom({{0, static_cast<int>(shape_.steps)}}, "step");
    int last = static_cast<int>(shape_.steps) - 1;
    bool reverse = op.integer("reverse") != 0;
    Expr now = reverse ? last - steps.x : Expr(steps.x);
    Expr before = reverse ? min(last - steps.x + 1, last) : max(steps.x - 1, 0);
    output()(c, p, now) = tuple(step(now, [&](size_t k, const Parameter& state) {
      Expr kept = output()(c, p, before)[emits_ + k];
      return select(steps.x == 0, initial(k, state), from_memory(kept, state_element(k)));
    }));
    if (states_ > 1)
      output().add_custom_lowering_pass(new StoreTogether); // the Func deletes it
  }

  // A map is bound by memory: whole vectors, and tasks of about 16,000 elements, which take some microseconds and leave
  // the caches room for a dozen operands.
  void schedule() override {
    constexpr int64_t task_elements = 16384;
    Var ci("ci"), pi("pi"), po("po"), co("co"), task("task");
    bool fixed = shape_.c.per_sample == 0;
    int64_t width = fixed ? shape_.c.constant : task_elements;
    int lanes = vec;
    while (lanes > width)
      lanes /= 2;
    int64_t chunk = std::min(width, fixed && width <= 2 * task_elements ? width : task_elements);
    int64_t rows = std::max<int64_t>(1, task_elements / std::max<int64_t>(1, chunk));
    bool pure = shape_.steps == 1;
    // A pure loop may do its last elements twice; one that reads its own states may not.
    TailStrategy tail = pure && fixed ? TailStrategy::ShiftInwards : TailStrategy::GuardWithIf;
    Stage stage = pure ? Stage(output()) : output().update();
    stage.split(c, co, c, static_cast<int>(chunk), tail)
        .split(p, po, p, static_cast<int>(rows), TailStrategy::GuardWithIf)
        .split(c, c, ci, lanes, tail);
    if (pure) {
      stage.reorder(ci, c, p, co, po);
    } else {
      stage.reorder(ci, steps.x, c, p, co, po);
      // Then the choice of the first state costs nothing. Long bodies take LLVM long, and StoreTogether wants a loop.
      if (states_ == 1 && shape_.steps <= 8 && shape_.steps * static_cast<int64_t>(ops_.size()) <= 128)
        stage.unroll(steps.x);
    }
    stage.vectorize(ci).fuse(co, po, task).parallel(task);
  }

private:
  void bind_output(std::vector<OutputImageParam>& params) override {
    if (shape_.steps == 1)
      return;
    for (size_t k = emits_; k < params.size(); ++k)
      params[k].dim(2).set_stride(0);
    if (emits_ == 0)
      params[0].dim(2).set_bounds(0, static_cast<int>(shape_.steps));
  }

  void add_parameter(size_t i, bool single, Role role) {
    Parameter parameter;
    parameter.type = call.operand(i);
    parameter.role = role;
    if (single && parameter.type.dims != call.result().dims)
      parameter.role = Role::invariant;
    if (op.operands[i].is_literal()) {
      parameter.literal = op.operands[i].number;
      if (single)
        return; // stands in the operation itself
    } else {
      parameter.input = inputs_++;
    }
    parameter.inside = single ? op.operands[i].value : op.body[0].parameters[i];
    parameters_.push_back(parameter);
  }

  Shape find_shape(bool single) const {
    Shape shape;
    ir::Type all = single ? call.result() : call.operand(0);
    for (const Parameter& parameter : parameters_)
      if (parameter.role == Role::sequence && !parameter.type.dims.empty()) {
        all = parameter.type;
        break;
      }
    if (states_ > 0) { // time apart from the rest
      shape.steps = all.dims[0];
      all.dims.erase(all.dims.begin());
    }
    for (const Parameter& parameter : parameters_)
      if (parameter.role == Role::invariant && parameter.type.rank() == 1 && parameter.type.dims[0] != 1)
        shape.channels = true;
    int rank = all.rank();
    if (shape.channels) {
      shape.c = product(all, rank - 1, rank);
      shape.p = product(all, 0, rank - 1);
      return shape;
    }
    int inside = 0; // the first dimension inside the batch
    for (int i = 0; i < rank; ++i)
      if (all.dims[i] == ir::batch)
        inside = i + 1;
    // Samples of a few elements would leave most lanes of a vector empty: then everything is one row.
    constexpr int64_t row = 64;
    if (product(all, inside, rank).constant < row)
      inside = 0;
    shape.c = product(all, inside, rank);
    shape.p = product(all, 0, inside);
    return shape;
  }

  View view(const ir::Type& type, Role role) const {
    if (role == Role::invariant)
      return weight_view(type);
    std::vector<Extent> dims{shape_.c, shape_.p};
    if (role == Role::sequence && shape_.steps > 1)
      dims.push_back({shape_.steps, 0});
    return view_of(type, dims);
  }

  Expr read(const Parameter& parameter, const Expr& now) {
    if (parameter.input < 0)
      return literal(parameter.literal);
    ImageParam& in = inputs[static_cast<size_t>(parameter.input)];
    Expr value;
    if (parameter.role == Role::invariant)
      value = parameter.type.rank() == 0 ? Expr(in()) : parameter.type.dims[0] == 1 ? Expr(in(0)) : Expr(in(c));
    else if (parameter.role == Role::sequence && shape_.steps > 1)
      value = in(c, p, now);
    else
      value = in(c, p);
    return from_memory(value, parameter.type.element);
  }

  Expr initial(size_t k, const Parameter& state) {
    Expr value = read(state, Expr());
    return state.input < 0 ? constant(value, state_element(k)) : value;
  }

  // A literal as an element of a result.
  static Expr constant(const Expr& value, ir::Element element) {
    return element == ir::Element::boolean ? value != 0.0f : element == ir::Element::i32 ? cast<int32_t>(value) : value;
  }

  ir::Element state_element(size_t k) const { return call.result(emits_ + k).element; }

  // One step: what the body yields, as it is kept in memory.
  template <typename Previous> std::vector<Expr> step(const Expr& now, Previous previous) {
    std::map<ir::Value, Expr> values;
    size_t state = 0;
    for (const Parameter& parameter : parameters_)
      values[parameter.inside] = parameter.role == Role::state ? previous(state++, parameter) : read(parameter, now);
    auto value = [&](const ir::Operand& operand) {
      return operand.is_literal() ? literal(operand.number) : values.at(operand.value);
    };
    for (const ir::Op& inner : ops_) {
      std::vector<Expr> operands;
      for (const ir::Operand& operand : inner.operands)
        operands.push_back(value(operand));
      values[inner.results[0]] = lower(inner, operands);
    }
    std::vector<Expr> yields;
    for (size_t i = 0; i < yields_.size(); ++i) {
      Expr yielded = value(yields_[i]);
      ir::Element element = call.result(i).element;
      if (yields_[i].is_literal())
        yielded = constant(yielded, element);
      yields.push_back(to_memory(yielded, element));
    }
    return yields;
  }

  static Tuple tuple(const std::vector<Expr>& values) { return Tuple(values); }

  std::vector<Parameter> parameters_;
  std::vector<ir::Op> ops_;
  std::vector<ir::Operand> yields_;
  int64_t states_ = 0;
  size_t emits_ = 0;
  int inputs_ = 0;
  Shape shape_;

  Var c{"c"}, p{"p"}, t{"t"};
  RDom steps;
};

} // namespace

std::unique_ptr<Kernel> make_scan(const Call& call) {
  return make<Scan>(call);
}
std::unique_ptr<Kernel> make_elementwise(const Call& call) {
  return make<Scan>(call);
}

} // namespace rvb::kernels
