#include "passes/deployment/homogeneous.h"

#include "ops/ops.h"
#include "passes/edit.h"

#include <algorithm>
#include <map>

namespace rvb::passes {

using namespace ir;

namespace {

constexpr unsigned degree0 = 1, degree1 = 2, any_degree = 3;

// Degrees of the values of one list of operations: the region at the top, or a body.
struct Scope {
  std::vector<unsigned> possible; // by value: a set of degrees; what comes from outside is filled in by the owner
  std::vector<int> chosen;        // -1: not yet
};

class Solver {
public:
  Solver(const Module& module, const Function& function, Value value, size_t channels, bool membranes)
      : module_(module), function_(function), value_(value), channels_(channels), membranes_(membranes),
        defs_(definitions(function, function.ops)) {}

  // Fills `scaled` with the operands (operation, index) that are to be scaled.
  bool solve() {
    find_region();
    if (!in_region(value_) || !membranes_are_inside())
      return false;
    for (int degree_of_states : {1, 0})
      if (attempt(degree_of_states))
        return true;
    return false;
  }

  std::vector<std::pair<int, int>> scaled;
  bool divides = false;

private:
  // Membranes that `value` comes from through arithmetic scale with it, so what makes their next value belongs to the
  // region, too.
  void find_membranes() {
    std::vector<bool> reached(function_.values.size(), false);
    reached[value_] = true;
    size_t known = 0;
    do {
      known = carried_.size();
      for (auto op = function_.ops.rbegin(); op != function_.ops.rend(); ++op)
        if (is_elementwise(*op) && reached[op->results[0]])
          for (const Operand& operand : op->operands)
            if (!operand.is_literal())
              reached[operand.value] = true;
      for (const KeptMembrane& kept : kept_membranes(function_))
        if (reached[kept.before] && kept.after != no_value) {
          carried_[kept.before] = kept.after;
          reached[kept.after] = true;
        }
    } while (carried_.size() != known);
  }

  void find_region() {
    if (membranes_)
      find_membranes();
    read_inside_.clear();
    std::vector<int> outside = count_uses(function_);
    --outside[value_]; // its one reader applies the factor
    read_inside_[value_] = true;
    for (const auto& [membrane, next] : carried_) {
      --outside[next]; // the caller, who only passes it back
      read_inside_[next] = true;
    }
    for (int i = static_cast<int>(function_.ops.size()) - 1; i >= 0; --i) {
      const Op& op = function_.ops[i];
      const bool reached =
          std::any_of(op.results.begin(), op.results.end(), [&](Value v) { return read_inside_.count(v) != 0; });
      const bool known = is_elementwise(op) || op.opcode == Opcode::scan || op.opcode == Opcode::fill;
      if (!reached || !(known || is_real_synapse(op)))
        continue;
      if (std::any_of(op.results.begin(), op.results.end(), [&](Value v) { return outside[v] != 0; }))
        continue;
      region_.insert(region_.begin(), i);
      if (is_real_synapse(op)) // its weights scale; what it reads does not matter
        continue;
      for (const Operand& operand : op.operands)
        if (!operand.is_literal()) {
          --outside[operand.value];
          read_inside_[operand.value] = true;
        }
    }
  }

  // Nobody but the region reads them, and the region makes what they become.
  bool membranes_are_inside() const {
    std::vector<int> outside = count_uses(function_);
    for (int i : region_)
      for (const Operand& operand : function_.ops[i].operands)
        if (!operand.is_literal())
          --outside[operand.value];
    return std::all_of(carried_.begin(), carried_.end(),
                       [&](const auto& pair) { return outside[pair.first] == 0 && in_region(pair.second); });
  }

  // A synapse whose weights are constants and no signs: a factor on its output is one on its weights.
  bool is_real_synapse(const Op& op) const {
    if (op.opcode != Opcode::conv2d && op.opcode != Opcode::linear)
      return false;
    const Constant* weights = constant_of(module_, function_, defs_, op.operands[1]);
    if (!weights || weights->type.element != Element::f32)
      return false;
    const std::vector<float> values = weights->floats();
    return !std::all_of(values.begin(), values.end(), [](float w) { return w == 1 || w == -1; });
  }

  bool in_region(Value value) const {
    return value < static_cast<Value>(defs_.size()) && std::binary_search(region_.begin(), region_.end(), defs_[value]);
  }

  // A constant with one number a channel, or the weights of a synapse with one output a channel.
  bool scalable(const Op& op, const Operand& operand) const {
    const Constant* constant = constant_of(module_, function_, defs_, operand);
    return constant && constant->type.element == Element::f32 &&
           constant->type.channels() == static_cast<int64_t>(channels_) &&
           (constant->type.rank() == 1 || (is_real_synapse(op) && operand == op.operands[1]));
  }

  bool attempt(int degree_of_states) {
    degree_of_states_ = degree_of_states;
    scaled.clear();
    divides = false;
    Scope top{std::vector<unsigned>(function_.values.size(), 0), std::vector<int>(function_.values.size(), -1)};
    for (int i : region_) {
      const Op& op = function_.ops[i];
      for (const Operand& operand : op.operands)
        if (!operand.is_literal() && !in_region(operand.value))
          top.possible[operand.value] = carried_.count(operand.value) != 0 ? set_of_states()
                                        : scalable(op, operand)            ? any_degree
                                                                           : degree0;
      if (op.opcode != Opcode::scan) {
        top.possible[op.results[0]] = possible(op, top);
        continue;
      }
      const Scope body = body_scope(op, top);
      for (size_t y = 0; y < op.results.size(); ++y)
        top.possible[op.results[y]] = set_of(op.body[0].yields[y], body);
    }
    for (const auto& [membrane, next] : carried_)
      if (!demand(next, degree_of_states_, top, -1, -1))
        return false;
    if (!demand(value_, 1, top, -1, -1))
      return false;
    for (auto i = region_.rbegin(); i != region_.rend(); ++i) {
      const Op& op = function_.ops[*i];
      std::vector<int> degrees(op.operands.size(), -1);
      if (op.opcode == Opcode::scan ? !assign_scan(op, top, degrees) : !assign(op, top, degrees))
        return false;
      for (size_t k = 0; k < degrees.size(); ++k)
        if (degrees[k] >= 0 && !demand(op.operands[k], degrees[k], top, *i, static_cast<int>(k)))
          return false;
    }
    return true;
  }

  // The degrees that a body's values can have.
  Scope body_scope(const Op& scan, const Scope& outer) const {
    Scope body{std::vector<unsigned>(function_.values.size(), 0), std::vector<int>(function_.values.size(), -1)};
    const ScanParts p = parts(scan);
    for (size_t k = 0; k < scan.operands.size(); ++k)
      body.possible[scan.body[0].parameters[k]] =
          static_cast<int>(k) < p.first_state() ? set_of(scan.operands[k], outer) : set_of_states();
    for (const Op& op : scan.body[0].ops)
      body.possible[op.results[0]] = possible(op, body);
    return body;
  }

  unsigned set_of_states() const { return degree_of_states_ == 1 ? degree1 : degree0; }

  static unsigned set_of(const Operand& operand, const Scope& scope) {
    if (operand.is_literal())
      return operand.number == 0 ? any_degree : degree0;
    return scope.possible[operand.value];
  }

  static unsigned possible(const Op& op, const Scope& scope) {
    std::vector<unsigned> x;
    for (const Operand& operand : op.operands)
      x.push_back(set_of(operand, scope));
    if (op.opcode == Opcode::fill)
      return op.number("value") == 0 ? any_degree : degree0;
    if (!is_elementwise(op)) // a synapse
      return x[0] & degree0 ? x[1] : 0;
    switch (ops::meaning(op.opcode).form) {
    case ops::Form::sum:
    case ops::Form::extreme: return x[0] & x[1];
    case ops::Form::selection: return x[0] ? x[1] & x[2] : 0;
    case ops::Form::negation:
    case ops::Form::magnitude:
    case ops::Form::identity: return x[0];
    case ops::Form::product: {
      const bool one = ((x[0] & degree1) && (x[1] & degree0)) || ((x[0] & degree0) && (x[1] & degree1));
      return (x[0] & x[1] & degree0) | (one ? degree1 : 0);
    }
    case ops::Form::quotient: {
      const bool one = (x[0] & degree1) && (x[1] & degree0);
      return ((x[0] & x[1]) ? degree0 : 0) | (one ? degree1 : 0);
    }
    case ops::Form::comparison: return (x[0] & x[1]) ? degree0 : 0;
    case ops::Form::threshold: return x[0] ? degree0 : 0;
    case ops::Form::opaque: // functions that scale with nothing
    case ops::Form::logic:
    case ops::Form::quantize:
    case ops::Form::dequantize: break;
    }
    return std::all_of(x.begin(), x.end(), [](unsigned set) { return set & degree0; }) ? degree0 : 0;
  }

  // The degrees that an operand can still take.
  static unsigned open(const Operand& operand, const Scope& scope) {
    if (!operand.is_literal() && scope.chosen[operand.value] >= 0)
      return scope.chosen[operand.value] == 1 ? degree1 : degree0;
    return set_of(operand, scope);
  }

  // Given the degree of the result, those of the operands.
  bool assign(const Op& op, Scope& scope, std::vector<int>& degrees) {
    int& result = scope.chosen[op.results[0]];
    if (result < 0)
      result = (scope.possible[op.results[0]] & degree0) ? 0 : 1;
    const int d = result;
    std::vector<unsigned> x;
    for (const Operand& operand : op.operands)
      x.push_back(open(operand, scope));
    if (op.opcode == Opcode::fill)
      return true;
    if (!is_elementwise(op)) { // a synapse: its weights
      degrees = {0, d};
      return true;
    }
    switch (ops::meaning(op.opcode).form) {
    case ops::Form::sum:
    case ops::Form::extreme:
    case ops::Form::negation:
    case ops::Form::magnitude:
    case ops::Form::identity: std::fill(degrees.begin(), degrees.end(), d); return true;
    case ops::Form::selection: degrees = {0, d, d}; return true;
    case ops::Form::product:
      if (d == 0)
        degrees = {0, 0};
      else if ((x[0] & degree1) && (x[1] & degree0))
        degrees = {1, 0};
      else
        degrees = {0, 1};
      return true;
    case ops::Form::quotient:
      divides = true;
      if (d == 1)
        degrees = {1, 0};
      else
        degrees = (x[0] & x[1] & degree0) ? std::vector<int>{0, 0} : std::vector<int>{1, 1};
      return true;
    case ops::Form::comparison: {
      const unsigned common = x[0] & x[1];
      if (!common || d != 0)
        return false;
      const int degree = common & degree1 ? 1 : 0;
      degrees = {degree, degree};
      return true;
    }
    case ops::Form::threshold: degrees = {x[0] & degree1 ? 1 : 0}; return d == 0;
    case ops::Form::opaque:
    case ops::Form::logic:
    case ops::Form::quantize:
    case ops::Form::dequantize: break;
    }
    std::fill(degrees.begin(), degrees.end(), 0);
    return d == 0;
  }

  bool assign_scan(const Op& scan, Scope& top, std::vector<int>& degrees) {
    const ScanParts p = parts(scan);
    const Body& inside = scan.body[0];
    Scope body = body_scope(scan, top);
    for (int j = 0; j < p.states; ++j)
      body.chosen[inside.parameters[p.first_state() + j]] = degree_of_states_;
    for (size_t y = 0; y < inside.yields.size(); ++y) {
      const int outside = top.chosen[scan.results[y]];
      const bool state = static_cast<int>(y) >= p.emits;
      if (state && outside >= 0 && outside != degree_of_states_)
        return false;
      const int wanted = state ? degree_of_states_ : outside;
      if (wanted >= 0 && !demand(inside.yields[y], wanted, body, -1, -1))
        return false;
    }
    for (auto op = inside.ops.rbegin(); op != inside.ops.rend(); ++op) {
      std::vector<int> inner(op->operands.size(), -1);
      if (!assign(*op, body, inner))
        return false;
      for (size_t k = 0; k < inner.size(); ++k)
        if (!demand(op->operands[k], inner[k], body, -1, -1))
          return false;
    }
    for (size_t k = 0; k < degrees.size(); ++k)
      degrees[k] = body.chosen[inside.parameters[k]];
    return true;
  }

  // Gives an operand its degree; `op` and `index` say where, at the top.
  bool demand(const Operand& operand, int degree, Scope& scope, int op, int index) {
    if (operand.is_literal())
      return degree == 0 || operand.number == 0;
    if (!(scope.possible[operand.value] & (degree == 1 ? degree1 : degree0)))
      return false;
    if (op >= 0 && !in_region(operand.value)) { // every use of a constant is scaled for itself
      if (degree == 1 && carried_.count(operand.value) == 0)
        scaled.emplace_back(op, index);
      return true;
    }
    int& chosen = scope.chosen[operand.value];
    if (chosen >= 0 && chosen != degree)
      return false;
    chosen = degree;
    return true;
  }

  const Module& module_;
  const Function& function_;
  Value value_;
  size_t channels_;
  bool membranes_;
  std::vector<int> defs_;
  std::vector<int> region_; // in order
  std::map<Value, bool> read_inside_;
  std::map<Value, Value> carried_; // membranes of the caller: before -> after
  int degree_of_states_ = 1;
};

} // namespace

bool scale_constants(Module& module, Function& function, Value value, const std::vector<float>& factors,
                     bool membranes) {
  if (definitions(function, function.ops)[value] < 0)
    return false;
  Solver solver(module, function, value, factors.size(), membranes);
  if (!solver.solve())
    return false;
  if (solver.divides && std::find(factors.begin(), factors.end(), 0.0f) != factors.end())
    return false; // 0/0 is not 0

  // New constants go to the front and move the operations: contents first, then places counted from the end.
  const std::vector<int> defs = definitions(function, function.ops);
  const size_t count = function.ops.size();
  std::map<Value, Value> made;
  for (const auto& [op, index] : solver.scaled) {
    const size_t from_end = count - static_cast<size_t>(op);
    const Value old = function.ops[function.ops.size() - from_end].operands[index].value;
    if (made.count(old) == 0) {
      const Op constant = function.ops[function.ops.size() - (count - static_cast<size_t>(defs[old]))];
      std::vector<float> values = module.constants.at(constant.text("name")).floats();
      for (size_t c = 0; c < values.size(); ++c)
        values[c] *= factors[c % factors.size()];
      made[old] = add_constant(module, function, constant.text("name") + ".scaled",
                               Constant::from_floats(function.type(old).dims, values), constant.layer);
    }
    function.ops[function.ops.size() - from_end].operands[index] = Operand(made[old]);
  }
  return true;
}

} // namespace rvb::passes
