// Training's synapses under signs become synapses under bits: the latent weights' signs are packed once a step, and
// forward pass and gradient of the input only add.
//
//   %s = sign(%w) {ste = 1.0} : f32[3,3,64,64]
//   %k = scale(%s, %a) {axis = 2} : f32[3,3,64,64]
//   %y = conv2d(%x, %k) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,64]
//   %d = conv2d_input_gradient(%g, %k) {pad = [1, 1], size = [8, 8], stride = [1, 1]} : f32[?,8,8,64]
//
// becomes
//
//   %b = pack_signs(%w) : u32[9,2,64]
//   %y = binary_conv2d(%x, %b, %a) {channels = [64, 64], kernel = [3, 3], …} : f32[?,8,8,64]
//
//   %t = pack_signs(%w) {transposed = 1} : u32[9,2,64]
//   %e = binary_conv2d_input_gradient(%g, %t) {channels = [64, 64], size = [8, 8], …} : f32[?,8,8,64]
//   %d = mul(%e, %a) : f32[?,8,8,64]
//
// and likewise without alpha, and for linear. Weight gradients stay as they are: they multiply real by real.
//
// Needs: gradients are there (differentiate has run); alpha stands on the input channels. Keeps: the results up to the
// order of sums. Breaks: nothing; dce removes the signs that nobody reads any more.
#include "passes/edit.h"
#include "passes/passes.h"

namespace rvb::passes {

using namespace ir;

namespace {

class SignSynapses {
public:
  explicit SignSynapses(Function& function) : function_(function) {}

  bool run() {
    defs_ = definitions(function_, function_.ops);
    for (const Op& op : function_.ops) {
      const bool forward = op.opcode == Opcode::conv2d || op.opcode == Opcode::linear;
      const bool backward = op.opcode == Opcode::conv2d_input_gradient || op.opcode == Opcode::linear_input_gradient;
      // Groups and dilation have no tables, and none of the kernels that sum under signs on the way back.
      const bool plain = op.integer("groups") <= 1 && op.integers("dilation").empty();
      Signs signs;
      if ((forward || backward) && plain && find_signs(op.operands[1], signs))
        replace(op, signs, backward);
      else
        result_.push_back(op);
    }
    function_.ops = std::move(result_);
    return changed_;
  }

private:
  struct Signs {
    Value latent = no_value;
    Value alpha = no_value; // one number an input channel
  };

  // sign(w), or sign(w) under alpha.
  bool find_signs(const Operand& weights, Signs& signs) const {
    auto definition = [&](const Operand& operand) -> const Op* {
      const int def = operand.is_literal() ? -1 : defs_[operand.value];
      return def < 0 ? nullptr : &function_.ops[static_cast<size_t>(def)];
    };
    const Op* op = definition(weights);
    if (op != nullptr && op->opcode == Opcode::scale && !op->operands[1].is_literal() &&
        op->integer("axis") == function_.type(weights.value).rank() - 2) {
      signs.alpha = op->operands[1].value;
      op = definition(op->operands[0]);
    }
    if (op == nullptr || op->opcode != Opcode::sign || op->operands[0].is_literal())
      return false;
    signs.latent = op->operands[0].value;
    return true;
  }

  Value emit(Opcode opcode, std::vector<Operand> operands, Attributes attributes, Type type, const char* name,
             const std::string& layer) {
    Op op;
    op.opcode = opcode;
    op.operands = std::move(operands);
    op.attributes = std::move(attributes);
    op.results = {function_.add_value(std::move(type), name)};
    op.layer = layer;
    result_.push_back(std::move(op));
    return result_.back().results[0];
  }

  void replace(Op op, const Signs& signs, bool backward) {
    changed_ = true;
    const std::vector<int64_t> dims = function_.type(signs.latent).dims;
    const bool spatial = dims.size() == 4;
    int64_t in = dims[dims.size() - 2], out = dims.back();
    Attributes transposed;
    if (backward)
      transposed["transposed"] = int64_t{1};
    const Type bits{Element::u32,
                    {spatial ? dims[0] * dims[1] : 1, ((backward ? out : in) + 31) / 32, backward ? in : out}};
    op.operands[1] = emit(Opcode::pack_signs, {signs.latent}, transposed, bits, "bits", op.layer);
    if (spatial)
      op.attributes["kernel"] = std::vector<int64_t>{dims[0], dims[1]};
    if (spatial)
      op.opcode = backward ? Opcode::binary_conv2d_input_gradient : Opcode::binary_conv2d;
    else
      op.opcode = Opcode::binary_linear;
    if (!spatial && backward) // the same sums from the outputs' side
      std::swap(in, out);
    op.attributes["channels"] = std::vector<int64_t>{in, out};
    if (signs.alpha == no_value) {
      result_.push_back(std::move(op));
    } else if (!backward) {
      op.operands.push_back(signs.alpha);
      result_.push_back(std::move(op));
    } else {
      const Value scaled = op.results[0];
      const std::string layer = op.layer;
      op.results = {function_.add_value(function_.type(scaled), "sums")};
      const Value sums = op.results[0];
      result_.push_back(std::move(op));
      Op mul;
      mul.opcode = Opcode::mul;
      mul.operands = {sums, signs.alpha};
      mul.results = {scaled};
      mul.layer = layer;
      result_.push_back(std::move(mul));
    }
  }

  Function& function_;
  std::vector<int> defs_;
  std::vector<Op> result_;
  bool changed_ = false;
};

} // namespace

bool sign_synapses(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= SignSynapses(function).run();
  return changed;
}

} // namespace rvb::passes
