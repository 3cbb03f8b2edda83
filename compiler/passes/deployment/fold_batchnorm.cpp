// Deployment: with running statistics that are constants, batch normalisation is one scale and one shift a channel, and
// after real-valued weights not even that.
//
//   %y = batchnorm_inference(%z, %gamma, %beta, %mean, %variance) {epsilon = 1e-05} : f32[?,8,8,16]
//
// becomes, with the constants s = gamma / sqrt(variance + epsilon) and d = beta - mean * s,
//
//   %m = mul(%z, %s) : f32[?,8,8,16]
//   %y = add(%m, %d) : f32[?,8,8,16]
//
// Where %z = conv2d(%x, %w) or linear(%x, %w) with constant real weights that nobody else reads, the weights become
// w * s and only the add stays. A constant bias between the two joins d. Binary weights keep their signs: the scale
// stays with the neuron (Form A of the method's algebra: any sign of gamma, zero, residual joins).
//
// Needs: parameters replaced by constants with contents (else the operation is left to expand_batchnorm).
// Keeps: the result up to rounding; s and d are computed in double and rounded once. Breaks: nothing.
#include "analysis/known.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <cmath>

namespace rvb::passes {

using namespace ir;

namespace {

class Fold {
public:
  Fold(Module& module, Function& function) : module_(module), function_(function) {}

  bool run() {
    bool changed = false;
    for (size_t i = 0; i < function_.ops.size(); ++i) {
      if (function_.ops[i].opcode != Opcode::batchnorm_inference)
        continue;
      const size_t before = function_.ops.size();
      changed |= fold(i);
      i += function_.ops.size() - before; // constants were put in front
    }
    return changed;
  }

private:
  const Op* maker(const Operand& operand) const {
    return operand.is_literal() || defs_[operand.value] < 0 ? nullptr : &function_.ops[defs_[operand.value]];
  }
  std::optional<std::vector<double>> numbers(const Operand& operand) const {
    const std::optional<std::vector<float>> floats = known_numbers(module_, function_, operand);
    return floats ? std::optional(std::vector<double>(floats->begin(), floats->end())) : std::nullopt;
  }
  Value constant(const std::string& name, const Type& type, const std::vector<double>& values,
                 const std::string& layer) {
    const std::vector<float> floats(values.begin(), values.end());
    return add_constant(module_, function_, name, Constant::from_floats(type.dims, floats), layer);
  }

  bool fold(size_t index) {
    defs_ = definitions(function_, function_.ops);
    uses_ = count_uses(function_);
    const Op op = function_.ops[index];
    std::vector<std::vector<double>> p;
    for (int i = 1; i < 5; ++i) {
      std::optional<std::vector<double>> values = numbers(op.operands[i]);
      if (!values)
        return false;
      p.push_back(std::move(*values));
    }
    const Type channels = function_.type(op.operands[1].value);
    std::vector<double> scale(p[0].size()), shift(p[0].size());
    for (size_t c = 0; c < scale.size(); ++c) {
      scale[c] = p[0][c] / std::sqrt(p[3][c] + op.number("epsilon"));
      shift[c] = p[1][c] - p[2][c] * scale[c];
    }

    // Look past a bias that only this operation reads.
    Operand sums = op.operands[0];
    const Op* add = maker(sums);
    if (add && add->opcode == Opcode::add && uses_[sums.value] == 1)
      for (int side = 0; side < 2; ++side)
        if (const std::optional<std::vector<double>> bias = numbers(add->operands[side]);
            bias && bias->size() == shift.size()) {
          for (size_t c = 0; c < shift.size(); ++c)
            shift[c] += (*bias)[c] * scale[c];
          sums = add->operands[1 - side];
          break;
        }

    const std::string prefix = op.layer.empty() ? function_.values[op.results[0]].name : op.layer;
    const Op* synapse = maker(sums);
    const bool into_weights = synapse && (synapse->opcode == Opcode::conv2d || synapse->opcode == Opcode::linear) &&
                              uses_[sums.value] == 1 && numbers(synapse->operands[1]) &&
                              !is_packed(synapse->operands[1]);
    // Adding constants moves operations: what is needed of them is copied first.
    Operand left = sums;
    if (into_weights) {
      const Value output = sums.value;
      const Value old_weight = synapse->operands[1].value;
      std::vector<double> weights = *numbers(synapse->operands[1]);
      for (size_t i = 0; i < weights.size(); ++i)
        weights[i] *= scale[i % scale.size()]; // the output channel is innermost
      const Value folded = constant(prefix + ".weight", function_.type(old_weight), weights, op.layer);
      for (Op& candidate : function_.ops)
        if (!candidate.results.empty() && candidate.results[0] == output)
          candidate.operands[1] = Operand(folded);
    } else {
      const Value s = constant(prefix + ".scale", channels, scale, op.layer);
      left = insert_before(op, Opcode::mul, {sums, Operand(s)}, "scaled");
    }
    const Value d = constant(prefix + ".shift", channels, shift, op.layer);
    Op& last = *find(op);
    last.opcode = Opcode::add;
    last.operands = {left, Operand(d)};
    last.attributes.clear();
    return true;
  }

  // Weights that are signs, or ternary, stay so.
  bool is_packed(const Operand& weights) const {
    if (const Op* op = maker(weights); op && op->opcode == Opcode::ternary)
      return true;
    const std::optional<std::vector<double>> values = numbers(weights);
    return values && std::all_of(values->begin(), values->end(), [](double w) { return w == 1 || w == -1; });
  }

  std::vector<Op>::iterator find(const Op& op) {
    auto at = function_.ops.begin();
    while (at->results != op.results)
      ++at;
    return at;
  }

  Operand insert_before(const Op& op, Opcode opcode, std::vector<Operand> operands, const std::string& hint) {
    Op made;
    made.opcode = opcode;
    made.operands = std::move(operands);
    made.results = {function_.add_value(function_.type(op.results[0]), hint)};
    made.layer = op.layer;
    const Value result = made.results[0];
    function_.ops.insert(find(op), std::move(made));
    return Operand(result);
  }

  Module& module_;
  Function& function_;
  std::vector<int> defs_, uses_;
};

} // namespace

bool fold_batchnorm(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= Fold(module, function).run();
  return changed;
}

} // namespace rvb::passes
