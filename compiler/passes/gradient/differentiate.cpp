// Reverse-mode differentiation: @train becomes @gradient, with the gradient of the loss by every parameter of the
// network beside what @train returned. Back-propagation through time is one more scan that runs backwards.
//
//   func @train(%image: f32[2,?,3], %labels: i32[?], %w: f32[3,4]) -> ("loss" = f32[], "logits" = f32[?,4]) {
//     %x = linear(%image, %w) : f32[2,?,4]
//     %o, %v = scan(%x, 0.0) {axis = 0, states = 1} do (%xt: f32[?,4], %u: f32[?,4]) {
//       %l = mul(%u, 0.5) : f32[?,4]
//       %m = add(%l, %xt) : f32[?,4]
//       yield(%m, %m)
//     } : f32[2,?,4], f32[?,4]
//     %y = mean_time(%o) : f32[?,4]
//     %c = cross_entropy(%y, %labels) : f32[]
//     ret("loss" = %c, "logits" = %y)
//   }
//
// becomes (after canonicalize and dce)
//
//   func @gradient(…) -> ("loss" = f32[], "logits" = f32[?,4], "grad:w" = f32[3,4]) {
//     … as before …
//     %g = cross_entropy_gradient(%y, %labels) : f32[?,4]
//     %h = mul(%g, 0.5) : f32[?,4]
//     %r = repeat(%h) {times = 2} : f32[2,?,4]
//     %d = scan(%r, 0.0) {axis = 0, reverse = 1, states = 1} do (%gt: f32[?,4], %a: f32[?,4]) {
//       %s = add(%a, %gt) : f32[?,4]
//       %n = mul(%s, 0.5) : f32[?,4]
//       yield(%s, %n)
//     } : f32[2,?,4], f32[?,4]
//     %e = linear_weight_gradient(%image, %d) : f32[3,4]
//     ret("loss" = %c, "logits" = %y, "grad:w" = %e)
//   }
//
// How a scan or loop runs backwards is in recurrence.cpp.
//
// Needs: a function @train whose result "loss" is f32[]. Arguments that are parameters of the network get gradients;
// one that
//   nothing flows to gets zeros. Keeps: the other results and functions. Breaks: nothing.
#include "passes/gradient/reverse.h"
#include "passes/passes.h"
#include "support/result.h"

#include <algorithm>

namespace rvb::passes {

using namespace ir;

std::optional<Operand> Adjoints::get(Value value) const {
  return value < static_cast<Value>(sums_.size()) ? sums_[value] : std::nullopt;
}

void Adjoints::add(Builder& builder, Value value, const Operand& gradient) {
  if (value >= static_cast<Value>(sums_.size()))
    sums_.resize(builder.function().values.size());
  std::optional<Operand>& sum = sums_[value];
  sum = sum ? Operand(builder.build(Opcode::add, {*sum, gradient}, {}, "d")) : gradient;
}

bool Active::operator()(const Operand& operand) const {
  return !operand.is_literal() && operand.value < static_cast<Value>(active_.size()) && active_[operand.value];
}

bool Active::any(const Op& op) const {
  return std::any_of(op.operands.begin(), op.operands.end(), [&](const Operand& o) { return (*this)(o); });
}

void Active::add(Value value) {
  if (value >= static_cast<Value>(active_.size()))
    active_.resize(function_.values.size(), false);
  active_[value] = true;
}

void Active::spread(const Op& op) {
  if (!any(op))
    return;
  for (Value result : op.results)
    if (function_.type(result).element == Element::f32)
      add(result);
}

void reverse(Reversal& reversal, std::vector<Op>& ops, size_t index, Builder& builder, Adjoints& adjoints,
             bool sum_broadcast) {
  if (!ops[index].body.empty())
    return reverse_recurrence(reversal, ops, index, builder, adjoints);
  const Op op = ops[index]; // a copy: operations are appended meanwhile
  ops::Gradients upstream;
  bool flows = false;
  for (Value result : op.results) {
    upstream.push_back(adjoints.get(result));
    flows |= upstream.back().has_value();
  }
  if (!flows || !reversal.active.any(op) || op.opcode == Opcode::detach)
    return;
  const ops::GradientRule rule = ops::meaning(op.opcode).gradient;
  if (!rule)
    throw Failure(Exit::internal, "differentiate: `" + std::string(info(op.opcode).name) + "` has no gradient");
  const ops::Gradients gradients = rule(builder, op, upstream);
  for (size_t i = 0; i < op.operands.size(); ++i) {
    if (!gradients[i] || !reversal.active(op.operands[i]))
      continue;
    Operand gradient = *gradients[i];
    if (sum_broadcast && is_elementwise(op))
      gradient = ops::reduce_to(builder, gradient, reversal.function.type(op.operands[i].value));
    adjoints.add(builder, op.operands[i].value, gradient);
  }
}

namespace {

void differentiate(Function& function, Value loss, const std::vector<Value>& wanted) {
  Reversal reversal{function, Active(function)};
  for (Value value : wanted)
    reversal.active.add(value);
  const size_t count = function.ops.size();
  for (const Op& op : function.ops)
    reversal.active.spread(op);
  Builder builder(function, function.ops, ops::infer);
  Adjoints adjoints;
  // A number where a rule takes one; a value where the loss is another arrangement of one.
  const int last = definitions(function, function.ops)[loss];
  Operand one = Operand::literal(1);
  if (last >= 0 && function.ops[static_cast<size_t>(last)].opcode == Opcode::reshape)
    one = builder.build(Opcode::fill, {}, {{"dims", std::vector<int64_t>{}}, {"value", 1.0}}, "one");
  adjoints.add(builder, loss, one);
  for (size_t i = count; i-- > 0;) {
    builder.set_layer(function.ops[i].layer);
    reverse(reversal, function.ops, i, builder, adjoints, true);
  }
  builder.set_layer("");
  for (Value value : wanted) {
    const std::optional<Operand> gradient = adjoints.get(value);
    const auto zeros = [&] {
      return builder.build(Opcode::fill, {}, {{"dims", function.type(value).dims}, {"value", 0.0}}, "zeros");
    };
    function.results.push_back(gradient ? *gradient : Operand(zeros()));
    function.result_ports.push_back({Role::gradient, function.values[value].port.name});
  }
}

} // namespace

bool differentiate(Module& module) {
  Function* function = module.find("train");
  if (!function)
    return false;
  Value loss = no_value;
  for (size_t i = 0; i < function->result_ports.size(); ++i)
    if (function->result_ports[i].role == Role::loss && !function->results[i].is_literal())
      loss = function->results[i].value;
  if (loss == no_value || !(function->type(loss) == Type{}))
    throw Failure(Exit::internal, "differentiate: @train has no result \"loss\" of type f32[]");
  std::vector<Value> wanted;
  for (Value parameter : function->parameters)
    if (function->values[parameter].port.role == Role::parameter)
      wanted.push_back(parameter);
  differentiate(*function, loss, wanted);
  function->name = "gradient";
  return true;
}

} // namespace rvb::passes
