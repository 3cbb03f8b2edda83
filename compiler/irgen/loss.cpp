#include "irgen/loss.h"

#include "layers/axes.h"

namespace rvb::irgen {

namespace {

LossFunction* const functions[] = {
#define LOSS(name, options) loss_##name,
#include "recipe/losses.def"
#undef LOSS
};

ir::Value entropy(const recipe::Choice& options, const LossInputs& in, ir::Value logits, const char* name) {
  ir::Attributes attributes;
  if (options["smoothing"] > 0)
    attributes["smoothing"] = options["smoothing"];
  return in.build.make(ir::Opcode::cross_entropy, {logits, in.build.labels}, attributes, name);
}

} // namespace

ir::Value loss_cross_entropy(const recipe::Choice& options, const LossInputs& in) {
  return entropy(options, in, in.logits, "loss");
}

// The mean over samples and numbers of (returned - wanted)^2.
ir::Value loss_mse(const recipe::Choice&, const LossInputs& in) {
  const ir::Value off = in.build.make(ir::Opcode::sub, {in.logits, in.build.labels}, {}, "off");
  const ir::Value squares = in.build.make(ir::Opcode::mul, {off, off}, {}, "squares");
  return layers::mean_of_all(in.build, squares, {{in.build.network.classes}, false});
}

// Deng et al., 2022, where every step has its own loss:
// (1 - lambda) * mean over t of CE(y[t]) + lambda * mean of (y - mean)^2.
ir::Value loss_tet(const recipe::Choice& options, const LossInputs& in) {
  if (!in.steps)
    return entropy(options, in, in.logits, "loss");
  const ir::Value steps = *in.steps, each = entropy(options, in, steps, "entropy");
  const double lambda = options["lambda"];
  if (lambda == 0)
    return each;
  ir::Builder& builder = in.build.ir;
  const auto number = [](double value) { return ir::Operand::literal(value); };
  const ir::Value off = builder.build(ir::Opcode::sub, {steps, number(options["mean"])}, {}, "off");
  const ir::Value squares = builder.build(ir::Opcode::mul, {off, off}, {}, "squares");
  const ir::Value sums = builder.build(ir::Opcode::sum, {squares}, {{"axis", int64_t{2}}}, "sums");
  const ir::Value mean = builder.build(ir::Opcode::reduce, {sums}, // over the classes
                                       {{"axes", std::vector<int64_t>{0}}, {"kind", std::string("mean")}}, "sum");
  const ir::Value rows = builder.build(ir::Opcode::count, {}, {{"per_sample", in.time}}, "rows");
  const ir::Value square = builder.build(ir::Opcode::div, {mean, rows}, {}, "square");
  const ir::Value a = builder.build(ir::Opcode::mul, {each, number(1 - lambda)});
  const ir::Value b = builder.build(ir::Opcode::mul, {square, number(lambda)});
  return builder.build(ir::Opcode::add, {a, b}, {}, "loss");
}

ir::Value build_loss(const recipe::Choice& loss, const LossInputs& in) {
  return functions[&loss.row() - recipe::losses.rows](loss, in);
}

} // namespace rvb::irgen
