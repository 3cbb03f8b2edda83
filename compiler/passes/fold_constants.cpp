// Computes what is known: elementwise operations, `scale`, `index`, and axes that go, come and change places, of
// numbers and constants.
//
//   %b = constant() {name = "beta"} : f32[2]          data @beta: f32[2] = [1.0, 2.0]
//   %c = mul(%b, 0.5) : f32[2]
//
// becomes
//
//   %c = constant() {name = "c"} : f32[2]             data @c: f32[2] = [0.5, 1.0]
//
// Needs: constants with contents. Keeps: every result: each operation is one float operation, as the program does it
//   (ops::evaluate). Breaks: nothing.
// Run it after pack_weights, which looks for `sign(constant)`.
#include "analysis/known.h"
#include "passes/edit.h"
#include "passes/passes.h"

namespace rvb::passes {

using namespace ir;

namespace {

// What an operand is known to be: contents, spread over the result's shape by index.
struct Source {
  std::vector<float> values;
  int64_t size(int64_t index) const { return index % static_cast<int64_t>(values.size()); } // broadcast is innermost
};

class Fold {
public:
  Fold(Module& module, Function& function) : module_(module), function_(function) {}

  bool run() {
    bool changed = false;
    for (size_t i = 0; i < function_.ops.size(); ++i) {
      Op& op = function_.ops[i];
      if (op.opcode == Opcode::constant)
        note_constant(op);
      else if (is_elementwise(op))
        changed |= fold_elementwise(op);
      else if (op.opcode == Opcode::scale)
        changed |= fold_scale(op);
      else
        changed |= fold_arrangement(op);
    }
    substitution_.apply(function_);
    return changed;
  }

private:
  void note_constant(const Op& op) {
    const auto found = module_.constants.find(op.text("name"));
    if (found == module_.constants.end() || found->second.bytes.empty() || found->second.type.element != Element::f32)
      return;
    set(op.results[0], Source{found->second.floats()});
  }

  void set(Value value, Source source) {
    if (value >= static_cast<Value>(known_.size()))
      known_.resize(function_.values.size());
    known_[value] = std::move(source);
  }

  std::optional<Source> look_up(const Operand& operand) const {
    if (operand.is_literal())
      return Source{{static_cast<float>(operand.number)}};
    if (operand.value >= static_cast<Value>(known_.size()))
      return std::nullopt;
    return known_[operand.value];
  }

  // The operation becomes a constant that holds `values`; masks and integers are remembered only.
  bool become(Op& op, std::vector<float> values) {
    const Value result = op.results[0];
    const Type type = function_.type(result);
    set(result, Source{values});
    if (type.element != Element::f32)
      return false;
    std::string name = function_.values[result].name;
    for (int i = 1; module_.constants.count(name); ++i)
      name = function_.values[result].name + "." + std::to_string(i);
    module_.constants.emplace(name, Constant::from_floats(type.dims, values));
    op.opcode = Opcode::constant;
    op.operands.clear();
    op.attributes = {{"name", name}};
    return true;
  }

  bool fold_elementwise(Op& op) {
    std::vector<Source> sources;
    const Type& type = function_.type(op.results[0]);
    for (int64_t dim : type.dims)
      if (dim < 0)
        return false;
    for (const Operand& operand : op.operands) {
      const std::optional<Source> source = look_up(operand);
      if (!source)
        return false;
      sources.push_back(*source);
    }
    std::vector<float> values(type.elements_per_sample());
    for (size_t i = 0; i < values.size(); ++i) {
      float x[3];
      for (size_t k = 0; k < sources.size(); ++k)
        x[k] = sources[k].values[sources[k].size(static_cast<int64_t>(i))];
      const std::optional<float> value = evaluate(function_, op, x);
      if (!value)
        return false;
      values[i] = *value;
    }
    if (type.dims.empty() && type.element == Element::f32) { // a scalar is a literal
      substitution_.replace(op.results[0], Operand::literal(values[0]));
      set(op.results[0], Source{values});
      return only_elementwise_uses(op.results[0]);
    }
    return become(op, std::move(values));
  }

  // Whether a literal may stand wherever `value` is read.
  bool only_elementwise_uses(Value value) const {
    for (const Op& op : function_.ops)
      if (!is_elementwise(op))
        for (const Operand& operand : op.operands)
          if (operand == Operand(value))
            return false;
    for (const Operand& result : function_.results)
      if (result == Operand(value))
        return false;
    return true;
  }

  // index, expand, reduce and the like.
  bool fold_arrangement(Op& op) {
    std::vector<std::vector<float>> x;
    for (const Operand& operand : op.operands) {
      std::optional<Source> source = look_up(operand);
      if (!source)
        return false;
      const auto size = operand.is_literal() ? 1 : function_.type(operand.value).elements_per_sample();
      if (static_cast<int64_t>(source->values.size()) != size)
        return false;
      x.push_back(std::move(source->values));
    }
    if (op.results.size() != 1 || function_.type(op.results[0]).element != Element::f32)
      return false;
    std::optional<std::vector<float>> values = analysis::known_result(function_, op, x);
    return values && become(op, std::move(*values));
  }

  bool fold_scale(Op& op) {
    const std::optional<Source> x = look_up(op.operands[0]), a = look_up(op.operands[1]);
    if (!x || !a)
      return false;
    const Type& type = function_.type(op.results[0]);
    const int64_t axis = op.integer("axis");
    int64_t inner = 1;
    for (int i = static_cast<int>(axis) + 1; i < type.rank(); ++i)
      inner *= type.dims[i];
    std::vector<float> values(x->values.size());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = x->values[i] * a->values[(static_cast<int64_t>(i) / inner) % type.dims[axis]];
    return become(op, std::move(values));
  }

  Module& module_;
  Function& function_;
  std::vector<std::optional<Source>> known_; // by value
  Substitution substitution_;
};

} // namespace

bool fold_constants(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= Fold(module, function).run();
  return changed;
}

} // namespace rvb::passes
