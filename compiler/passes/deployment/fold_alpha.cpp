// Deployment: alpha leaves the weights, so that a binary layer's weights are signs and its sums are additions.
//
//   %s = sign(%w) {ste = 1.0} : f32[3,3,16,16]
//   %t = scale(%s, %alpha) {axis = 2} : f32[3,3,16,16]
//   %y = conv2d(%x, %t) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,16]
//
// becomes, with the constants |alpha| and signs that are flipped where alpha < 0,
//
//   %m = mul(%x, %magnitude) : f32[?,8,8,16]
//   %y = conv2d(%m, %signs) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,16]
//
// With groups alpha stands before the synapse from the beginning, and loses its sign alone:
// %m = mul(%x, %alpha), %y = conv2d(%m, %s) {groups = 4, ...}.
//
// Then the multiplier moves towards what makes %x, through pools (|alpha| is not negative, so maxima stay maxima),
// `repeat`, and `flatten` where a channel has one factor, as long as nobody else reads the values on the way:
//
// 1. into the constants of batch normalisation, where the neuron between is positively homogeneous (homogeneous.h): the
//    factor is free;
// 2. else to the emission of the neuron, whose scan it joins in fuse: one multiplication a spike, no pass over memory;
// 3. else it stays before the synapse.
//
// In @step membranes come from the caller and go back to it. With fold_alpha=at_rest, where all begin at 0, case 1
// scales them along: the caller keeps magnitude times the membrane, and @step computes the numbers of @infer out of the
// same constants. Without, case 2 is left.
//
// One activation with several readers (a residual join, a shortcut with its own alpha) is never scaled for all of them:
// every reader gets its own multiplier. Readers that want the same factors share one, and with it case 1.
//
// alpha = 0 leaves a channel whose factor is 0. Nothing divides by alpha.
//
// Needs: parameters replaced by constants with contents; fold_batchnorm has run, for case 1. Keeps: the result up to
// rounding: (+-alpha) x is +-(alpha x) exactly; case 1 and an average pool between round differently, and case 1 is
// only used where the comparison scales along, so no decision can flip by more than rounding moves the value. Breaks:
// with at_rest, the unit of the membranes that @step is given and gives back.
#include "analysis/known.h"
#include "passes/deployment/homogeneous.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace rvb::passes {

using namespace ir;

namespace {

class Fold {
public:
  Fold(Module& module, Function& function, bool at_rest) : module_(module), function_(function), at_rest_(at_rest) {}

  bool run() {
    // By result, because operations move when constants are put in front.
    std::vector<Value> synapses;
    for (const Op& op : function_.ops)
      if (op.opcode == Opcode::conv2d || op.opcode == Opcode::linear)
        synapses.push_back(op.results[0]);
    bool changed = false;
    for (Value synapse : synapses)
      changed |= take_out(synapse);
    for (Value multiplier : multipliers_)
      move_up(multiplier);
    return changed;
  }

private:
  Op& maker(Value value) { return function_.ops[definitions(function_, function_.ops)[value]]; }
  Op* find_maker(const Operand& operand) {
    if (operand.is_literal())
      return nullptr;
    const int def = definitions(function_, function_.ops)[operand.value];
    return def < 0 ? nullptr : &function_.ops[def];
  }
  std::optional<std::vector<float>> numbers(const Operand& operand) const {
    const Constant* constant = constant_of(module_, function_, definitions(function_, function_.ops), operand);
    if (!constant || constant->type.element != Element::f32)
      return std::nullopt;
    return constant->floats();
  }

  // The signs under a scale: of sign(constant), or a constant that holds only 1 and -1; -1, 0 and 1 of ternary weights.
  std::optional<std::vector<float>> signs_of(const Operand& operand) {
    const Op* op = find_maker(operand);
    if (op && op->opcode == Opcode::ternary)
      return known_numbers(module_, function_, operand);
    const bool latent = op && op->opcode == Opcode::sign;
    std::optional<std::vector<float>> values =
        latent ? known_numbers(module_, function_, op->operands[0]) : numbers(operand);
    if (!values)
      return std::nullopt;
    for (float& value : *values) {
      if (!latent && std::fabs(value) != 1)
        return std::nullopt;
      value = value >= 0 ? 1.0f : -1.0f;
    }
    return values;
  }

  bool take_out(Value synapse) {
    const Op op = maker(synapse);
    const int64_t groups = std::max<int64_t>(1, op.integer("groups"));
    const Op* found = find_maker(op.operands[groups > 1 ? 0 : 1]);
    const int64_t axis = op.opcode == Opcode::conv2d ? 2 : 0;
    if (!found || found->opcode != (groups > 1 ? Opcode::mul : Opcode::scale) ||
        (groups == 1 && found->integer("axis") != axis))
      return false;
    const Op scale = *found;
    const Operand x = groups > 1 ? scale.operands[0] : op.operands[0];
    Operand weights = groups > 1 ? op.operands[1] : scale.operands[0];
    std::optional<std::vector<float>> signs = signs_of(weights);
    std::optional<std::vector<float>> alpha = numbers(scale.operands[1]);
    if (!signs || !alpha || x.is_literal() ||
        (groups > 1 && static_cast<int64_t>(alpha->size()) != function_.type(x.value).channels()))
      return false;
    const std::string prefix = op.layer.empty() ? function_.values[synapse].name : op.layer;

    if (std::any_of(alpha->begin(), alpha->end(), [](float a) { return a < 0; })) {
      const Type type = function_.type(weights.value);
      const int64_t outputs = type.dims.back(), inputs = type.dims.end()[-2];
      for (int64_t i = 0; i < static_cast<int64_t>(signs->size()); ++i)
        if ((*alpha)[i % outputs / (outputs / groups) * inputs + i / outputs % inputs] < 0)
          (*signs)[i] = -(*signs)[i];
      const bool ternary = find_maker(weights) && find_maker(weights)->opcode == Opcode::ternary;
      weights = Operand(
          add_constant(module_, function_, prefix + ".signs", Constant::from_floats(type.dims, *signs), op.layer));
      if (ternary)
        weights = Operand(still_ternary(weights, synapse));
    }
    for (float& a : *alpha)
      a = std::fabs(a);
    const bool ones = std::all_of(alpha->begin(), alpha->end(), [](float a) { return a == 1; });
    const Operand scaled = ones ? x : multiplied(x, *alpha, synapse, prefix);
    Op& last = maker(synapse);
    last.operands = {scaled, weights};
    return true;
  }

  // ternary(x, 0.5) of -1, 0 and 1 is x, and says that these weights take two bits.
  Value still_ternary(const Operand& weights, Value synapse) {
    Op op;
    op.opcode = Opcode::ternary;
    op.operands = {weights, Operand::literal(0.5)};
    op.results = {function_.add_value(function_.type(weights.value), "ternary")};
    op.layer = maker(synapse).layer;
    const Value result = op.results[0];
    function_.ops.insert(function_.ops.begin() + definitions(function_, function_.ops)[synapse], std::move(op));
    return result;
  }

  // x times the factors; the multiplication that is there already when another synapse wanted the same.
  Operand multiplied(const Operand& x, const std::vector<float>& factors, Value synapse, const std::string& prefix) {
    const auto same = shared_.find({x.value, factors});
    if (same != shared_.end())
      return Operand(same->second);
    const std::string layer = maker(synapse).layer;
    const Value magnitude = add_constant(module_, function_, prefix + ".magnitude",
                                         Constant::from_floats({static_cast<int64_t>(factors.size())}, factors), layer);
    Op mul;
    mul.opcode = Opcode::mul;
    mul.operands = {x, Operand(magnitude)};
    mul.results = {function_.add_value(function_.type(x.value), function_.values[x.value].name + ".scaled")};
    mul.layer = layer;
    const Value result = mul.results[0];
    function_.ops.insert(function_.ops.begin() + definitions(function_, function_.ops)[synapse], std::move(mul));
    multipliers_.push_back(result);
    shared_[{x.value, factors}] = result;
    return Operand(result);
  }

  // The factors seen from before `op`; nothing when it does not commute with them.
  std::optional<std::vector<float>> before(const Op& op, const std::vector<float>& factors) const {
    if (op.opcode == Opcode::avgpool || op.opcode == Opcode::global_avgpool || op.opcode == Opcode::maxpool ||
        op.opcode == Opcode::repeat)
      return factors;
    if (op.opcode == Opcode::reshape && // of what lies outside of the channels
        function_.type(op.operands[0].value).channels() == function_.type(op.results[0]).channels())
      return factors;
    if (op.opcode == Opcode::flatten) {
      const std::vector<int64_t>& dims = function_.type(op.operands[0].value).dims;
      const size_t channels = dims.back(), spots = factors.size() / channels;
      std::vector<float> one;
      for (size_t c = 0; c < channels; ++c) {
        one.push_back(factors[c * spots]);
        for (size_t s = 1; s < spots; ++s)
          if (factors[c * spots + s] != one.back())
            return std::nullopt;
      }
      return one;
    }
    return std::nullopt;
  }

  void move_up(Value multiplier) {
    const Op mul = maker(multiplier);
    std::vector<float> factors = *numbers(mul.operands[1]);
    std::vector<int> uses = count_uses(function_);
    if (at_rest_) // a membrane that is passed back is read by nobody, it only has to scale as well
      for (const KeptMembrane& kept : kept_membranes(function_))
        if (kept.after != no_value)
          --uses[kept.after];
    Value x = mul.operands[0].value;
    Value reader = no_value; // the operation on the way that reads x; none: the multiplication itself
    while (uses[x] == 1) {
      const Op* op = find_maker(Operand(x));
      std::optional<std::vector<float>> further;
      if (op)
        further = before(*op, factors);
      if (!further)
        break;
      factors = *further;
      reader = x;
      x = op->operands[0].value;
    }
    const Op* producer = find_maker(Operand(x));
    if (uses[x] != 1 || !producer || !(is_elementwise(*producer) || producer->opcode == Opcode::scan))
      return;
    if (scale_constants(module_, function_, x, factors, at_rest_)) {
      drop(multiplier);
      return;
    }
    if (reader == no_value)
      return; // it stands after its producer already
    Op moved = mul;
    moved.layer = mul.layer;
    const Value magnitude =
        add_constant(module_, function_, maker(mul.operands[1].value).text("name"),
                     Constant::from_floats({static_cast<int64_t>(factors.size())}, factors), mul.layer);
    moved.operands = {Operand(x), Operand(magnitude)};
    moved.results = {function_.add_value(function_.type(x), function_.values[x].name + ".scaled")};
    const Value result = moved.results[0];
    maker(reader).operands[0] = Operand(result);
    function_.ops.insert(function_.ops.begin() + definitions(function_, function_.ops)[reader], std::move(moved));
    drop(multiplier);
  }

  // Readers of the multiplication read its operand.
  void drop(Value multiplier) {
    const int index = definitions(function_, function_.ops)[multiplier];
    Substitution substitution;
    substitution.replace(multiplier, function_.ops[index].operands[0]);
    function_.ops.erase(function_.ops.begin() + index);
    substitution.apply(function_);
  }

  Module& module_;
  Function& function_;
  bool at_rest_;
  std::vector<Value> multipliers_;
  std::map<std::pair<Value, std::vector<float>>, Value> shared_;
};

bool fold(Module& module, bool at_rest) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= Fold(module, function, at_rest).run();
  return changed;
}

} // namespace

bool fold_alpha(Module& module) {
  return fold(module, false);
}

bool fold_alpha_at_rest(Module& module) {
  return fold(module, true);
}

} // namespace rvb::passes
