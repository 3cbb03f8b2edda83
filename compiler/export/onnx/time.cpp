// scan and loop: the body once for every step, or a Scan that holds it.
#include "export/onnx/translate.h"

#include "support/result.h"

#include <algorithm>

namespace rvb::exporting {

namespace {

struct Parts { // of the operands
  size_t sequences, invariants, states;
};
Parts parts_of(const ir::Op& op) {
  const auto invariants = static_cast<size_t>(op.integer("invariants")),
             states = static_cast<size_t>(op.integer("states"));
  return {op.operands.size() - invariants - states, invariants, states};
}

std::vector<int> inner(const std::vector<int>& order) { // of a step
  std::vector<int> left;
  for (const int dimension : order)
    if (dimension != 0)
      left.push_back(dimension - 1);
  return left;
}

std::vector<int> outer(const std::vector<int>& order) { // of steps that are stacked
  std::vector<int> all{0};
  for (const int dimension : order)
    all.push_back(dimension + 1);
  return all;
}

ir::Type step_of(ir::Type sequence) {
  sequence.dims.erase(sequence.dims.begin());
  return sequence;
}

class Time {
public:
  Time(Translator& out, const ir::Op& op) : out_(out), op_(op), body_(op.body[0]), parts_(parts_of(op)) {
    for (size_t i = 0; i < parts_.sequences; ++i)
      sequences_.push_back(out.tensor(op.operands[i]));
    for (size_t i = 0; i < parts_.invariants; ++i)
      out.bind(body_.parameters[parts_.sequences + i], out.bound(op.operands[parts_.sequences + i]));
    steps_ = sequences_.empty() ? out.function().type(op.results[0]).dims[0] : sequences_[0].type.dims[0];
  }

  void unroll() {
    const bool reverse = op_.integer("reverse") != 0;
    const size_t emitted = body_.yields.size() - parts_.states;
    std::vector<std::vector<std::string>> rows(emitted);
    std::vector<Bound> states;
    for (size_t s = 0; s < parts_.states; ++s)
      states.push_back(out_.bound(op_.operands[parts_.sequences + parts_.invariants + s]));
    for (int64_t step = 0; step < steps_; ++step) {
      const int64_t t = reverse ? steps_ - 1 - step : step;
      out_.set_layer(op_.layer);
      for (size_t i = 0; i < sequences_.size(); ++i)
        out_.bind(body_.parameters[i],
                  out_.node("Gather", {sequences_[i].name, out_.integer(t)}, "step",
                            {{"axis", int64_t{sequences_[i].place(0)}}}),
                  inner(sequences_[i].order));
      for (size_t s = 0; s < states.size(); ++s)
        out_.bind(state(s), states[s]);
      out_.emit(body_.ops);
      out_.set_layer(op_.layer);
      for (size_t e = 0; e < emitted; ++e)
        rows[e].push_back(out_.node("Unsqueeze", {yielded(e).name, out_.integers({0})}, "step"));
      states.clear();
      for (size_t s = 0; s < parts_.states; ++s)
        states.push_back(out_.bound(body_.yields[emitted + s]));
    }
    for (size_t e = 0; e < emitted; ++e) {
      if (reverse)
        std::reverse(rows[e].begin(), rows[e].end());
      out_.bind(op_.results[e], out_.node("Concat", rows[e], "steps", {{"axis", int64_t{0}}}), outer(order_of(e)));
    }
    for (size_t s = 0; s < parts_.states; ++s)
      out_.bind(op_.results[emitted + s], states[s]);
  }

  // Inputs and outputs of the body: states first, then steps of sequences.
  void scan() {
    auto part = std::make_shared<Graph>();
    part->name = op_.layer + "/step";
    std::vector<std::string> inputs;
    std::vector<int64_t> axes, directions;
    const size_t emitted = body_.yields.size() - parts_.states;
    for (size_t s = 0; s < parts_.states; ++s) {
      const ir::Type& type = out_.function().type(state(s));
      const Tensor begin =
          out_.whole(out_.bound(op_.operands[parts_.sequences + parts_.invariants + s]), type, state_order(type));
      inputs.push_back(begin.name);
      enter(*part, state(s), begin.order);
    }
    for (size_t i = 0; i < sequences_.size(); ++i) {
      inputs.push_back(sequences_[i].name);
      axes.push_back(sequences_[i].place(0));
      directions.push_back(op_.integer("reverse"));
      enter(*part, body_.parameters[i], inner(sequences_[i].order));
    }
    std::vector<std::string> hints(parts_.states, "state");
    hints.resize(parts_.states + emitted, "steps");
    std::vector<std::vector<int>> orders;
    out_.begin_part(*part);
    out_.emit(body_.ops);
    out_.set_layer(op_.layer);
    for (size_t y = 0; y < body_.yields.size(); ++y) {
      const size_t which = y < parts_.states ? emitted + y : y - parts_.states;
      const Tensor value = yielded(which);
      // A name of its own: what is yielded twice, or comes from outside, is an output all the same.
      const std::string name = out_.node("Identity", {value.name}, "yield");
      part->outputs.push_back({name, kind_of(value.type.element), value.dims()});
      orders.push_back(value.order);
    }
    out_.end_part();
    const std::vector<std::string> results =
        out_.nodes("Scan", inputs, hints,
                   {{"body", part},
                    {"num_scan_inputs", static_cast<int64_t>(sequences_.size())},
                    {"scan_input_axes", axes},
                    {"scan_input_directions", directions},
                    {"scan_output_directions", std::vector<int64_t>(emitted, op_.integer("reverse"))}});
    for (size_t s = 0; s < parts_.states; ++s)
      out_.bind(op_.results[emitted + s], results[s], orders[s]);
    for (size_t e = 0; e < emitted; ++e)
      out_.bind(op_.results[e], results[parts_.states + e], outer(orders[parts_.states + e]));
  }

private:
  ir::Value state(size_t s) const { return body_.parameters[parts_.sequences + parts_.invariants + s]; }

  // Dimensions of a state: as those of the first sequence where it has as many.
  std::vector<int> state_order(const ir::Type& type) const {
    if (!sequences_.empty() && sequences_[0].type.rank() == type.rank() + 1)
      return inner(sequences_[0].order);
    return identity_order(type.rank());
  }

  // The type of what the body yields: emitted values first, then states.
  ir::Type type_of(size_t which) const {
    const ir::Type& type = out_.function().type(op_.results[which]);
    return which < body_.yields.size() - parts_.states ? step_of(type) : type;
  }
  std::vector<int> order_of(size_t which) const { return state_order(type_of(which)); }
  Tensor yielded(size_t which) { // of the current step
    return out_.whole(out_.bound(body_.yields[which]), type_of(which), order_of(which));
  }

  void enter(Graph& part, ir::Value value, const std::vector<int>& order) {
    const ir::ValueInfo& info = out_.function().values[static_cast<size_t>(value)];
    const Tensor tensor{out_.unique(op_.layer + "/" + info.name), info.type, order};
    part.inputs.push_back({tensor.name, kind_of(info.type.element), tensor.dims()});
    out_.bind(value, tensor.name, order);
  }

  Translator& out_;
  const ir::Op& op_;
  const ir::Body& body_;
  const Parts parts_;
  std::vector<Tensor> sequences_;
  int64_t steps_ = 1;
};

void in_time(Translator& out, const ir::Op& op) {
  const ir::Type& first = out.function().type(op.results[0]);
  if (op.opcode == ir::Opcode::scan && op.integer("states") == 0 && first.dims[0] == ir::batch)
    throw Failure(Exit::user, "a scan over the batch, as fusion makes them, has no ONNX form");
  Time time(out, op);
  if (out.scans() && op.integer("states") != 0)
    time.scan();
  else
    time.unroll();
}

} // namespace

void emits::scan(Translator& out, const ir::Op& op) {
  in_time(out, op);
}

void emits::loop(Translator& out, const ir::Op& op) {
  in_time(out, op);
}

} // namespace rvb::exporting
