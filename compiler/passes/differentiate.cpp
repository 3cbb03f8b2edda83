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
// The backward body runs the forward body again from the step's slices and the states before the step (which the
// forward scan emits as well, but only those that are read: a state that begins as a number over one step is that
// number), then takes the operators' gradient rules backwards. Where those rules read less of the forward body than its
// states (a mask of who fires), the forward scan emits that instead, and the forward body is not run again. The
// adjoints of the states are the backward scan's states; they begin as the gradient of the final states. Gradients of
// invariants are emitted element by element and summed outside, because a body holds elementwise operators only.
//
// Needs: a function @train whose result "loss" is f32[]. Arguments that are parameters of the network get gradients;
// one that
//   nothing flows to gets zeros. Keeps: the other results and functions. Breaks: nothing.
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"
#include "support/result.h"

#include <algorithm>

namespace rvb::passes {

using namespace ir;

namespace {

// The gradient of the loss by every value, as far as it has been summed.
class Adjoints {
public:
  std::optional<Operand> get(Value value) const {
    return value < static_cast<Value>(sums_.size()) ? sums_[value] : std::nullopt;
  }
  void add(Builder& builder, Value value, const Operand& gradient) {
    if (value >= static_cast<Value>(sums_.size()))
      sums_.resize(builder.function().values.size());
    std::optional<Operand>& sum = sums_[value];
    sum = sum ? Operand(builder.build(Opcode::add, {*sum, gradient}, {}, "d")) : gradient;
  }

private:
  std::vector<std::optional<Operand>> sums_;
};

class Differentiate {
public:
  explicit Differentiate(Function& function) : function_(function), builder_(function, function.ops, ops::infer) {}

  void run(Value loss, const std::vector<Value>& wanted) {
    for (Value value : wanted)
      set_active(value);
    const std::vector<Op> forward = function_.ops;
    for (const Op& op : forward)
      spread_active(op);
    adjoints_.add(builder_, loss, Operand::literal(1));
    for (int i = static_cast<int>(forward.size()) - 1; i >= 0; --i) {
      builder_.set_layer(forward[i].layer);
      if (forward[i].opcode == Opcode::scan)
        reverse_scan(i);
      else
        reverse(builder_, forward[i], adjoints_, true);
    }
    builder_.set_layer("");
    for (Value value : wanted) {
      const std::optional<Operand> gradient = adjoints_.get(value);
      function_.results.push_back(gradient ? *gradient : zeros(value));
      function_.result_ports.push_back({Role::gradient, function_.values[value].port.name});
    }
  }

private:
  // Active values depend on a wanted parameter; only they need gradients.
  bool active(const Operand& operand) const {
    return !operand.is_literal() && operand.value < static_cast<Value>(active_.size()) && active_[operand.value];
  }
  void set_active(Value value) {
    if (value >= static_cast<Value>(active_.size()))
      active_.resize(function_.values.size(), false);
    active_[value] = true;
  }
  void spread_active(const Op& op) {
    if (std::none_of(op.operands.begin(), op.operands.end(), [&](const Operand& o) { return active(o); }))
      return;
    for (Value result : op.results)
      if (function_.type(result).element == Element::f32)
        set_active(result);
  }

  // One operation backwards. In a body gradients keep the result's shape: there is no `sum`.
  void reverse(Builder& builder, const Op& op, Adjoints& adjoints, bool sum_broadcast) {
    ops::Gradients upstream;
    bool flows = false;
    for (Value result : op.results) {
      upstream.push_back(adjoints.get(result));
      flows |= upstream.back().has_value();
    }
    if (!flows || std::none_of(op.operands.begin(), op.operands.end(), [&](const Operand& o) { return active(o); }))
      return;
    if (op.opcode == Opcode::detach)
      return;
    const ops::GradientRule rule = ops::meaning(op.opcode).gradient;
    if (!rule)
      throw Failure(Exit::internal, "differentiate: `" + std::string(info(op.opcode).name) + "` has no gradient");
    const ops::Gradients gradients = rule(builder, op, upstream);
    for (size_t i = 0; i < op.operands.size(); ++i) {
      if (!gradients[i] || !active(op.operands[i]))
        continue;
      Operand gradient = *gradients[i];
      if (sum_broadcast && is_elementwise(op))
        gradient = ops::reduce_to(builder, gradient, function_.type(op.operands[i].value));
      adjoints.add(builder, op.operands[i].value, gradient);
    }
  }

  Value zeros(Value like) {
    Op scan;
    scan.opcode = Opcode::scan;
    scan.operands = {Operand(like)};
    set_counts(scan, 0, 0);
    scan.body.resize(1);
    scan.body[0].parameters = {function_.add_value(without_axis0(function_.type(like)), "element")};
    scan.body[0].yields = {Operand::literal(0)};
    return builder_.build_scan(std::move(scan), {"zeros"})[0];
  }

  void reverse_scan(int index) {
    const Op forward = function_.ops[index]; // a copy: operations are appended meanwhile
    const ScanParts p = parts(forward);
    const Type whole = function_.type(forward.operands[0].value);
    const Type slice{Element::f32, without_axis0(whole).dims};
    const int64_t steps = whole.dims[0];
    bool flows = false;
    for (Value result : forward.results)
      flows |= adjoints_.get(result).has_value();
    const bool any_active =
        std::any_of(forward.operands.begin(), forward.operands.end(), [&](const Operand& o) { return active(o); });
    if (!flows || !any_active)
      return;

    // Parameters: sequences, states before the step, upstream gradients; invariants; adjoints of the states.
    Op backward;
    backward.opcode = Opcode::scan;
    backward.layer = forward.layer;
    backward.body.resize(1);
    Body& body = backward.body[0];
    auto parameter = [&](const Operand& operand, Type type, const std::string& hint) {
      backward.operands.push_back(operand);
      body.parameters.push_back(function_.add_value(std::move(type), hint));
      return Operand(body.parameters.back());
    };
    auto name_of = [&](int i) { return function_.values[forward.body[0].parameters[i]].name; };
    std::vector<Operand> seen(forward.operands.size()); // what stands for the forward body's parameters
    auto see = [&](int i, const Operand& operand) {
      seen[i] = operand;
      if (!operand.is_literal() && (i >= p.first_state() || active(forward.operands[i])))
        set_active(operand.value);
    };
    for (int i = 0; i < p.sequences; ++i)
      see(i, parameter(forward.operands[i], without_axis0(function_.type(forward.operands[i].value)), name_of(i)));
    const bool known = steps == 1 && literal_states(forward);
    std::vector<Value> before(p.states, no_value); // the sequences of states before each step
    for (int j = 0; j < p.states; ++j) {
      const int i = p.first_state() + j;
      if (known) {
        see(i, forward.operands[i]);
        continue;
      }
      before[j] = function_.add_value({Element::f32, whole.dims}, name_of(i) + ".before");
      see(i, parameter(Operand(before[j]), slice, name_of(i)));
    }
    std::vector<Operand> upstream(p.emits);
    for (int m = 0; m < p.emits; ++m)
      if (const std::optional<Operand> gradient = adjoints_.get(forward.results[m]))
        upstream[m] = parameter(*gradient, slice, "up");
    for (int i = p.sequences; i < p.first_state(); ++i)
      see(i, parameter(forward.operands[i], function_.type(forward.operands[i].value), name_of(i)));
    std::vector<Operand> adjoint_state(p.states);
    for (int j = 0; j < p.states; ++j)
      adjoint_state[j] = parameter(adjoints_.get(forward.results[p.emits + j]).value_or(Operand::literal(0)), slice,
                                   "adjoint." + name_of(p.first_state() + j));

    // The body: forward once more, then backwards from what was yielded.
    const std::vector<Operand> yields = copy_body(forward.body[0], seen, known, body.ops);
    const std::vector<Op> again = body.ops;
    for (const Op& op : again)
      spread_active(op);
    Builder inner(function_, body.ops, ops::infer);
    Adjoints local;
    for (int y = 0; y < static_cast<int>(yields.size()); ++y) {
      const Operand seed = y < p.emits ? upstream[y] : adjoint_state[y - p.emits];
      if (!yields[y].is_literal() && !seed.is_literal() && active(yields[y]))
        local.add(inner, yields[y].value, seed);
    }
    for (auto op = again.rbegin(); op != again.rend(); ++op)
      reverse(inner, *op, local, false);

    // Yields: gradients of sequences, then of invariants, then the states' adjoints before the step.
    std::vector<int> emitted; // operand of the forward scan
    for (int i = 0; i < p.first_state(); ++i) {
      if (!active(forward.operands[i]))
        continue;
      if (const std::optional<Operand> gradient = local.get(seen[i].value)) {
        emitted.push_back(i);
        body.yields.push_back(*gradient);
      }
    }
    for (int j = 0; j < p.states; ++j) {
      const Operand& state = seen[p.first_state() + j];
      const std::optional<Operand> gradient = state.is_literal() ? std::nullopt : local.get(state.value);
      body.yields.push_back(gradient.value_or(Operand::literal(0)));
    }
    std::vector<Remembered> remembered;
    for (int j = 0; j < p.states; ++j)
      if (before[j] != no_value)
        remembered.push_back({before[j], forward.body[0].parameters[p.first_state() + j]});
    if (!known && p.states > 0)
      remember_less(forward, seen, again.size(), backward, remembered);
    set_counts(backward, p.invariants, p.states);
    if (forward.integer("reverse") == 0 && p.states > 0)
      backward.attributes["reverse"] = int64_t{1};

    std::vector<bool> used(body.yields.size(), true);
    bool any_used = !emitted.empty();
    for (int j = 0; j < p.states; ++j)
      any_used |= used[emitted.size() + j] = active(forward.operands[p.first_state() + j]);
    if (!any_used)
      return;
    // Which states before the step are needed is known once the body is pruned.
    for (size_t y = 0; y < body.yields.size(); ++y)
      backward.results.push_back(static_cast<Value>(y)); // the old number of each result, while results are dropped
    prune_scan(function_, backward, used);
    const std::vector<Value> kept = backward.results;
    remember(index, remembered, backward);
    const std::vector<Value> results = builder_.build_scan(std::move(backward), names(kept, emitted.size()));
    for (size_t r = 0; r < results.size(); ++r) {
      const int y = kept[r];
      const bool state = y >= static_cast<int>(emitted.size());
      const int i = state ? p.first_state() + y - static_cast<int>(emitted.size()) : emitted[y];
      const Operand& operand = forward.operands[i];
      if (!active(operand))
        continue;
      Operand gradient(results[r]);
      if (!state && i >= p.sequences)
        gradient = ops::reduce_to(builder_, gradient, function_.type(operand.value));
      adjoints_.add(builder_, operand.value, gradient);
    }
  }

  // Simplified where states are numbers (literal_states has tried), else operation by operation.
  std::vector<Operand> copy_body(const Body& body, const std::vector<Operand>& arguments, bool simplified,
                                 std::vector<Op>& out) {
    if (simplified)
      return *inline_body(function_, body, arguments, out);
    std::vector<Operand> map;
    for (Value v = 0; v < static_cast<Value>(function_.values.size()); ++v)
      map.push_back(Operand(v));
    for (size_t i = 0; i < arguments.size(); ++i)
      map[body.parameters[i]] = arguments[i];
    clone_ops(function_, body.ops, map, out);
    std::vector<Operand> yields;
    for (const Operand& yield : body.yields)
      yields.push_back(mapped(map, yield));
    return yields;
  }

  // Whether all states begin as numbers that the body can do with instead of tensors.
  bool literal_states(const Op& scan) {
    const ScanParts p = parts(scan);
    std::vector<Operand> arguments(scan.body[0].parameters.begin(), scan.body[0].parameters.end());
    for (int i = p.first_state(); i < static_cast<int>(arguments.size()); ++i) {
      if (!scan.operands[i].is_literal())
        return false;
      arguments[i] = scan.operands[i];
    }
    std::vector<Op> trial;
    return inline_body(function_, scan.body[0], arguments, trial).has_value();
  }

  static std::vector<std::string> names(const std::vector<Value>& kept, size_t emitted) {
    std::vector<std::string> names;
    for (Value y : kept)
      names.push_back(y < static_cast<Value>(emitted) ? "d" : "adjoint");
    return names;
  }

  // A sequence for the backward scan, and the value of the forward body that it is made of.
  struct Remembered {
    Value sequence, inside;
  };

  static int64_t bytes(const Type& type) { return type.element == Element::boolean ? 1 : 4; }

  // Remembers, instead of the states before each step, what the gradient rules read of the values that are computed
  // from those states, where that is fewer bytes. The first `copied` operations of the backward body are the forward
  // body's.
  void remember_less(const Op& forward, const std::vector<Operand>& seen, size_t copied, Op& backward,
                     std::vector<Remembered>& remembered) {
    const ScanParts p = parts(forward);
    Body& body = backward.body[0];
    std::vector<bool> from_state(function_.values.size(), false), read(function_.values.size(), false);
    int64_t state_bytes = 0;
    for (int i = p.first_state(); i < static_cast<int>(seen.size()); ++i)
      if (!seen[i].is_literal()) {
        from_state[seen[i].value] = true;
        state_bytes += bytes(function_.type(seen[i].value));
      }
    for (size_t k = 0; k < copied; ++k)
      for (const Operand& operand : body.ops[k].operands)
        if (!operand.is_literal() && from_state[operand.value])
          from_state[body.ops[k].results[0]] = true;
    auto reads = [&](const Operand& operand) {
      if (!operand.is_literal())
        read[operand.value] = true;
    };
    for (const Operand& yield : body.yields)
      reads(yield);
    for (size_t k = body.ops.size(); k-- > copied;) // rules also build what nobody reads
      if (read[body.ops[k].results[0]])
        for (const Operand& operand : body.ops[k].operands)
          reads(operand);
    for (int i = p.first_state(); i < static_cast<int>(seen.size()); ++i)
      if (!seen[i].is_literal() && read[seen[i].value])
        return; // a state is needed itself
    std::vector<size_t> cut;
    int64_t cut_bytes = 0;
    for (size_t k = 0; k < copied; ++k)
      if (Value v = body.ops[k].results[0]; from_state[v] && read[v]) {
        cut.push_back(k);
        cut_bytes += bytes(function_.type(v));
      }
    if (cut_bytes >= state_bytes)
      return;
    for (size_t k : cut) {
      const Value inside = forward.body[0].ops[k].results[0], again = body.ops[k].results[0];
      const Type slice = function_.type(again);
      Type whole = function_.type(forward.operands[0].value);
      whole.element = slice.element;
      const Value sequence = function_.add_value(whole, function_.values[inside].name);
      const Value parameter = function_.add_value(slice, function_.values[inside].name);
      const auto behind_sequences = static_cast<int64_t>(backward.operands.size()) - p.invariants - p.states;
      backward.operands.insert(backward.operands.begin() + behind_sequences, Operand(sequence));
      body.parameters.insert(body.parameters.begin() + behind_sequences, parameter);
      for (size_t later = copied; later < body.ops.size(); ++later)
        std::replace(body.ops[later].operands.begin(), body.ops[later].operands.end(), Operand(again),
                     Operand(parameter));
      std::replace(body.yields.begin(), body.yields.end(), Operand(again), Operand(parameter));
      remembered.push_back({sequence, inside});
    }
  }

  // The forward scan emits what the backward scan reads of it.
  void remember(int index, const std::vector<Remembered>& remembered, const Op& backward) {
    Op& forward = function_.ops[index];
    int emits = parts(forward).emits;
    for (const Remembered& r : remembered) {
      const std::vector<Operand>& read = backward.operands;
      if (std::find(read.begin(), read.end(), Operand(r.sequence)) == read.end())
        continue;
      Body& body = forward.body[0];
      body.yields.insert(body.yields.begin() + emits, Operand(r.inside));
      forward.results.insert(forward.results.begin() + emits, r.sequence);
      ++emits;
    }
  }

  Function& function_;
  Builder builder_;
  Adjoints adjoints_;
  std::vector<bool> active_;
};

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
  Differentiate(*function).run(loss, wanted);
  function->name = "gradient";
  return true;
}

} // namespace rvb::passes
