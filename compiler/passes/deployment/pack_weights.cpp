// Synapses under signs become synapses under bits: what the deployed program keeps of a binary layer.
//
//   %w = constant() {name = "conv.weight"} : f32[3,3,64,64]
//   %s = sign(%w) {ste = 1.0} : f32[3,3,64,64]
//   %y = conv2d(%x, %s) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,64]
//
// becomes
//
//   %b = constant() {name = "conv.bits"} : u32[9,2,64]
//   %y = binary_conv2d(%x, %b) {channels = [64, 64], kernel = [3, 3], pad = [1, 1], stride = [1, 1]} : f32[?,8,8,64]
//
// Bit i of word [tap, j, o] is the sign of input channel 32 j + i: 1 for +1 (w >= 0, so 0 and -0 are +1), 0 for -1.
// Where the channels are no multiple of 32 the bits left over are 0. With `groups` a word has the signs of 32 outputs.
// A constant of nothing but 1 and -1 is packed as it is.
//
// Ternary weights are half the sum of two signs, so they take two bits and two synapses:
//
//   %t = ternary(%w, 0.5) {ste = 1.0} : f32[3,3,64,64]
//   %y = conv2d(%x, %t) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,64]
//
// becomes, with 1 for weights above the threshold in %b and for those not below its negative in %c,
//
//   %p = binary_conv2d(%x, %b) {...} : f32[?,8,8,64]
//   %q = binary_conv2d(%x, %c) {...} : f32[?,8,8,64]
//   %s = add(%p, %q) : f32[?,8,8,64]
//   %y = mul(%s, 0.5) : f32[?,8,8,64]
//
// A constant factor a channel that alone reads %y takes the 0.5 over.
//
// Needs: the weights as constants with contents; fold_alpha has run, so that no factor stands between. Keeps: the
// result exactly (a sum of the same numbers, in the order of the kernel). Breaks: gradients; this is a program that
// infers.
#include "analysis/known.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <cmath>

namespace rvb::passes {

using namespace ir;

namespace {

// [taps, input channels, output channels] -> [taps, words, output channels]
std::vector<uint32_t> packed_signs(const std::vector<float>& weights, int64_t taps, int64_t inputs, int64_t outputs) {
  const int64_t words = (inputs + 31) / 32;
  std::vector<uint32_t> bits(taps * words * outputs, 0);
  for (int64_t t = 0; t < taps; ++t)
    for (int64_t i = 0; i < inputs; ++i)
      for (int64_t o = 0; o < outputs; ++o)
        if (weights[(t * inputs + i) * outputs + o] >= 0)
          bits[(t * words + i / 32) * outputs + o] |= uint32_t{1} << (i % 32);
  return bits;
}

// With groups, whose inputs are few: bits of 32 outputs a word, [taps, input channels, words].
std::vector<uint32_t> packed_outputs(const std::vector<float>& weights, int64_t rows, int64_t outputs) {
  const int64_t words = (outputs + 31) / 32;
  std::vector<uint32_t> bits(rows * words, 0);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t o = 0; o < outputs; ++o)
      if (weights[r * outputs + o] >= 0)
        bits[r * words + o / 32] |= uint32_t{1} << (o % 32);
  return bits;
}

class Pack {
public:
  Pack(Module& module, Function& function) : module_(module), function_(function) {}

  bool run() {
    bool changed = false;
    for (size_t i = 0; i < function_.ops.size(); ++i) {
      const Opcode opcode = function_.ops[i].opcode;
      if (opcode != Opcode::conv2d && opcode != Opcode::linear)
        continue;
      const size_t before = function_.ops.size();
      changed |= pack_ternary(i) || pack_synapse(i);
      i += function_.ops.size() - before; // constants were put before it, and another synapse after it
    }
    return changed;
  }

private:
  // The numbers whose signs the weights are; nothing when they are something else.
  std::optional<std::vector<float>> signs(const std::vector<int>& defs, Operand weights) const {
    const int def = weights.is_literal() ? -1 : defs[weights.value];
    if (def >= 0 && function_.ops[def].opcode == Opcode::sign)
      return analysis::known_numbers(module_, function_, function_.ops[def].operands[0]);
    const Constant* constant = constant_of(module_, function_, defs, weights);
    if (!constant || constant->type.element != Element::f32)
      return std::nullopt;
    std::vector<float> values = constant->floats();
    const bool ones = std::all_of(values.begin(), values.end(), [](float v) { return std::fabs(v) == 1; });
    return ones ? std::optional(std::move(values)) : std::nullopt;
  }

  bool pack_synapse(size_t index) {
    const Operand weights = function_.ops[index].operands[1];
    const std::optional<std::vector<float>> values = signs(definitions(function_, function_.ops), weights);
    if (!values)
      return false;
    const std::vector<int64_t> dims = function_.type(weights.value).dims;
    pack(index, *values, dims, ".bits");
    return true;
  }

  bool pack_ternary(size_t index) {
    const std::vector<int> defs = definitions(function_, function_.ops);
    const Op op = function_.ops[index];
    const int def = op.operands[1].is_literal() ? -1 : defs[op.operands[1].value];
    if (def < 0 || function_.ops[def].opcode != Opcode::ternary)
      return false;
    const std::optional<std::vector<float>> weights = known_numbers(module_, function_, op.operands[1]);
    if (!weights)
      return false;
    const std::vector<int64_t> dims = function_.type(op.operands[1].value).dims;
    std::vector<float> above = *weights, not_below = *weights;
    for (size_t i = 0; i < weights->size(); ++i) {
      above[i] = (*weights)[i] > 0 ? 1.0f : -1.0f;
      not_below[i] = (*weights)[i] < 0 ? -1.0f : 1.0f;
    }
    // A second synapse after the first; then their sum under the old name.
    const Type type = function_.type(op.results[0]);
    const std::string name = function_.values[op.results[0]].name;
    Op second = op, sum = op, half = op;
    const Value first = function_.add_value(type, name + ".above"),
                other = function_.add_value(type, name + ".not_below");
    function_.ops[index].results = {first};
    second.results = {other};
    sum.opcode = Opcode::add;
    sum.operands = {Operand(first), Operand(other)};
    sum.attributes.clear();
    half.opcode = Opcode::mul;
    half.attributes.clear();
    if (halve_reader(op.results[0])) {
      function_.ops.insert(function_.ops.begin() + static_cast<long>(definitions(function_, function_.ops)[first]) + 1,
                           {second, sum});
    } else {
      sum.results = {function_.add_value(type, name + ".sum")};
      half.operands = {Operand(sum.results[0]), Operand::literal(0.5)};
      function_.ops.insert(function_.ops.begin() + static_cast<long>(definitions(function_, function_.ops)[first]) + 1,
                           {second, sum, half});
    }
    pack(static_cast<size_t>(definitions(function_, function_.ops)[first]), above, dims, ".above");
    pack(static_cast<size_t>(definitions(function_, function_.ops)[other]), not_below, dims, ".not_below");
    return true;
  }

  // mul(y, constant) with y's only reader: the constant is halved, which is exact.
  bool halve_reader(Value y) {
    if (count_uses(function_)[y] != 1)
      return false;
    for (Op& op : function_.ops) {
      if (op.opcode != Opcode::mul)
        continue;
      for (int side = 0; side < 2; ++side) {
        if (!(op.operands[side] == Operand(y)))
          continue;
        const Value result = op.results[0];
        const std::vector<int> defs = definitions(function_, function_.ops);
        const Constant* factors = constant_of(module_, function_, defs, op.operands[1 - side]);
        if (!factors || factors->type.element != Element::f32)
          return false;
        std::vector<float> halves = factors->floats();
        for (float& value : halves)
          value *= 0.5f;
        const Value halved =
            add_constant(module_, function_, function_.ops[defs[op.operands[1 - side].value]].text("name") + ".half",
                         Constant::from_floats(factors->type.dims, halves), op.layer);
        function_.ops[definitions(function_, function_.ops)[result]].operands[1 - side] = Operand(halved);
        return true;
      }
    }
    return false;
  }

  void pack(size_t index, const std::vector<float>& weights, const std::vector<int64_t>& dims, const char* name) {
    const Op op = function_.ops[index];
    const bool spatial = op.opcode == Opcode::conv2d;
    const int64_t taps = spatial ? dims[0] * dims[1] : 1;
    const int64_t inputs = dims[dims.size() - 2], outputs = dims.back();
    const int64_t groups = std::max<int64_t>(1, op.integer("groups"));
    const std::vector<uint32_t> bits =
        groups > 1 ? packed_outputs(weights, taps * inputs, outputs) : packed_signs(weights, taps, inputs, outputs);
    const std::vector<int64_t> shape = groups > 1 ? std::vector<int64_t>{taps, inputs, (outputs + 31) / 32}
                                                  : std::vector<int64_t>{taps, (inputs + 31) / 32, outputs};
    const std::string prefix = op.layer.empty() ? function_.values[op.results[0]].name : op.layer;
    const Value packed = add_constant(module_, function_, prefix + name, Constant::from_words(shape, bits), op.layer);
    Op& synapse = function_.ops[index + 1];
    synapse.opcode = spatial ? Opcode::binary_conv2d : Opcode::binary_linear;
    synapse.operands[1] = Operand(packed);
    synapse.attributes["channels"] = std::vector<int64_t>{inputs * groups, outputs};
    if (spatial)
      synapse.attributes["kernel"] = std::vector<int64_t>{dims[0], dims[1]};
  }

  Module& module_;
  Function& function_;
};

} // namespace

bool pack_weights(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= Pack(module, function).run();
  return changed;
}

} // namespace rvb::passes
