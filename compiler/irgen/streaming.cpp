#include "irgen/streaming.h"

#include "ir/builder.h"
#include "ops/ops.h"

namespace rvb::irgen {

namespace {

// The type of one step of a value that is there for every step; any other type as it is.
ir::Type without_time(ir::Type type) {
  if (type.rank() > 1 && type.dims[0] != ir::batch && type.dims[1] == ir::batch)
    type.dims.erase(type.dims.begin());
  return type;
}

class Stepper {
public:
  Stepper(const ir::Function& infer, bool sequence)
      : infer_(infer), map_(infer.values.size()), builder_(step_, step_.ops, &ops::infer) {
    step_.name = "step";
    const auto is_input = [&](ir::Value parameter) {
      return infer.values[static_cast<size_t>(parameter)].port.role == ir::Role::input;
    };
    for (ir::Value parameter : infer.parameters)
      if (is_input(parameter))
        declare(parameter, sequence);
    declare_states();
    for (ir::Value parameter : infer.parameters)
      if (!is_input(parameter))
        declare(parameter, false);
  }

  ir::Function run() {
    for (const ir::Op& op : infer_.ops) {
      builder_.set_layer(op.layer);
      if (op.opcode == ir::Opcode::repeat)
        map_[op.results[0]] = of(op.operands[0]); // of every step the same
      else if (op.opcode == ir::Opcode::scan || op.opcode == ir::Opcode::loop)
        one_round(op);
      else if (op.opcode == ir::Opcode::mean_time)
        running_mean(op);
      else
        copy(op, builder_);
    }
    for (size_t r = infer_.results.size(); r-- > 0;) { // before the states
      step_.results.insert(step_.results.begin(), of(infer_.results[r]));
      step_.result_ports.insert(step_.result_ports.begin(), infer_.result_ports[r]);
    }
    return std::move(step_);
  }

private:
  ir::Operand of(const ir::Operand& operand) const {
    return operand.is_literal() ? operand : map_[static_cast<size_t>(operand.value)];
  }

  void declare(ir::Value parameter, bool steps) {
    const ir::ValueInfo& info = infer_.values[static_cast<size_t>(parameter)];
    const ir::Value value = step_.add_value(steps ? without_time(info.type) : info.type, info.name);
    step_.values[static_cast<size_t>(value)].port = info.port;
    step_.parameters.push_back(value);
    map_[static_cast<size_t>(parameter)] = value;
  }

  void declare_states() {
    for (const ir::Op& op : infer_.ops) {
      if (op.opcode == ir::Opcode::scan || op.opcode == ir::Opcode::loop)
        for (int64_t s = 0, n = op.integer("states"); s < n; ++s) {
          const size_t at = op.operands.size() - static_cast<size_t>(n - s);
          declare_state(infer_.type(op.body[0].parameters[at]), op.operands[at].number);
        }
      else if (op.opcode == ir::Opcode::mean_time) {
        const ir::Type type = infer_.type(op.results[0]);
        declare_state(type, -0.0); // -0 + x is x, also where x is -0
        declare_state(type, 0);
      }
    }
  }

  void declare_state(ir::Type type, double initial) {
    const std::string number = std::to_string(states_.size());
    states_.push_back(step_.add_value(std::move(type), "state." + number));
    step_.values[static_cast<size_t>(states_.back())].port = {ir::Role::state, number, initial};
    step_.parameters.push_back(states_.back());
  }

  // What the next step is to read in place of the next state.
  void keep(ir::Operand state) {
    step_.results.push_back(state);
    step_.result_ports.push_back({ir::Role::state, std::to_string(next_state_++)});
  }

  void copy(const ir::Op& op, ir::Builder& builder) {
    std::vector<ir::Operand> operands;
    for (const ir::Operand& operand : op.operands)
      operands.push_back(of(operand));
    std::vector<std::string> hints;
    for (const ir::Value result : op.results)
      hints.push_back(infer_.values[static_cast<size_t>(result)].name);
    const std::vector<ir::Value> results = builder.build_many(op.opcode, operands, for_one_step(op).attributes, hints);
    for (size_t r = 0; r < results.size(); ++r)
      map_[static_cast<size_t>(op.results[r])] = results[r];
  }

  // The operation without the axis of time, which only its attributes may speak of.
  ir::Op for_one_step(const ir::Op& op) const {
    std::vector<ir::Type> types;
    for (const ir::Operand& operand : op.operands)
      types.push_back(operand.is_literal() ? ir::Type{} : infer_.type(operand.value));
    if (types.empty() || without_time(types[0]) == types[0])
      return op;
    return ops::on_one_step(op, types).value_or(op);
  }

  // The body of a scan or loop in the open, its states those of the caller.
  void one_round(const ir::Op& scan) {
    const ir::Body& body = scan.body[0];
    const size_t states = static_cast<size_t>(scan.integer("states")), first = body.parameters.size() - states;
    for (size_t p = 0; p < body.parameters.size(); ++p)
      map_[static_cast<size_t>(body.parameters[p])] =
          p < first ? of(scan.operands[p]) : states_[static_cast<size_t>(next_state_) + p - first];
    for (const ir::Op& op : body.ops) {
      if (!op.layer.empty())
        builder_.set_layer(op.layer);
      copy(op, builder_);
    }
    builder_.set_layer(scan.layer);
    const size_t emits = body.yields.size() - states;
    for (size_t y = emits; y < body.yields.size(); ++y)
      keep(filled(of(body.yields[y]), infer_.type(body.parameters[first + y - emits])));
    for (size_t y = 0; y < emits; ++y)
      map_[static_cast<size_t>(scan.results[y])] =
          filled(of(body.yields[y]), without_time(infer_.type(scan.results[y])));
  }

  // The mean of what has come so far, so that whatever follows reads what it reads of a whole sequence. The sum runs in
  // mean_time's order, to its bits. It is no `add`: as an elementwise operation it would join the neuron's scan, and
  // what passes do there (other units, integers) would no longer be what they do in @infer.
  void running_mean(const ir::Op& op) {
    const auto first = static_cast<size_t>(next_state_);
    const ir::Value before = states_[first], count = states_[first + 1];
    const ir::Value both = builder_.build(ir::Opcode::stack_time, {before, of(op.operands[0])}, {}, "both");
    const ir::Value sum = builder_.build(ir::Opcode::sum_time, {both}, {}, "sum");
    const ir::Value steps = builder_.build(ir::Opcode::add, {count, ir::Operand::literal(1)}, {}, "steps");
    keep(sum);
    keep(steps);
    map_[static_cast<size_t>(op.results[0])] = builder_.build(ir::Opcode::div, {sum, steps}, {}, "logits");
  }

  // What a step yields may be a number (a neuron that never emits) or one a channel: as the tensor it stands for.
  ir::Value filled(const ir::Operand& operand, const ir::Type& type) {
    if (!operand.is_literal() && step_.type(operand.value) == type)
      return operand.value;
    if (operand.is_literal())
      return builder_.build(ir::Opcode::fill, {}, {{"dims", type.dims}, {"value", operand.number}});
    std::vector<int64_t> axes, sizes;
    for (int64_t axis = 0; axis < type.rank() - step_.type(operand.value).rank(); ++axis) {
      axes.push_back(axis);
      sizes.push_back(type.dims[static_cast<size_t>(axis)]);
    }
    return builder_.build(ir::Opcode::expand, {operand}, {{"axes", axes}, {"sizes", sizes}});
  }

  const ir::Function& infer_;
  ir::Function step_;
  std::vector<ir::Operand> map_;  // by value of @infer
  std::vector<ir::Value> states_; // in the order of the layers
  int next_state_ = 0;
  ir::Builder builder_;
};

} // namespace

ir::Function step_of(const ir::Function& infer, bool sequence) {
  return Stepper(infer, sequence).run();
}

} // namespace rvb::irgen
