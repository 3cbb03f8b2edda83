#include "layers/build.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace rvb::layers {

ir::Value Build::input(int i) const {
  return values[static_cast<size_t>(layer().inputs[static_cast<size_t>(i)])];
}

ir::Value Build::parameter(Role role, int slot) const {
  const auto found = parameters.find({static_cast<int>(values.size()), role, slot});
  if (found == parameters.end())
    throw std::logic_error("layer " + std::to_string(values.size()) + " lacks a parameter");
  return found->second;
}

void Build::show(ir::Role role, ir::Value value) {
  if (!training())
    (loop ? loop->shown : shown).push_back({{role, layer().path}, value});
}

void Build::update(Role statistic, int slot, ir::Value value) {
  const int index = static_cast<int>(values.size());
  const auto parameter = std::find_if(network.parameters.begin(), network.parameters.end(), [&](const Parameter& each) {
    return each.layer == index && each.role == statistic && each.slot == slot;
  });
  shown.push_back({{ir::Role::statistic, parameter->name}, value});
}

void Build::open_loop() {
  loop = std::make_unique<Loop>();
  loop->op.opcode = ir::Opcode::loop;
  loop->op.body.emplace_back();
  loop->outside = ir.redirect(&loop->op.body[0].ops);
}

namespace {

// What the body reads of the values outside becomes an invariant, under a name of its own inside.
class Capture {
public:
  Capture(ir::Function& function, ir::Body& body) : function_(function), body_(body) {
    inside_.insert(body.parameters.begin(), body.parameters.end());
    define(body.ops);
  }

  void run() {
    rename(body_.ops);
    for (ir::Operand& yield : body_.yields)
      rename(yield);
  }

  std::vector<ir::Operand> outside;  // the values
  std::vector<ir::Value> parameters; // and what they are in the body

private:
  void define(const std::vector<ir::Op>& ops) {
    for (const ir::Op& op : ops) {
      inside_.insert(op.results.begin(), op.results.end());
      for (const ir::Body& body : op.body) {
        inside_.insert(body.parameters.begin(), body.parameters.end());
        define(body.ops);
      }
    }
  }

  void rename(std::vector<ir::Op>& ops) {
    for (ir::Op& op : ops) {
      for (ir::Operand& operand : op.operands)
        rename(operand);
      for (ir::Body& body : op.body)
        rename(body.ops);
    }
  }

  void rename(ir::Operand& operand) {
    if (operand.is_literal() || inside_.count(operand.value) != 0)
      return;
    const auto [found, is_new] = names_.insert({operand.value, ir::no_value});
    if (is_new) {
      const ir::ValueInfo info = function_.values[static_cast<size_t>(operand.value)];
      found->second = function_.add_value(info.type, info.name);
      outside.emplace_back(operand.value);
      parameters.push_back(found->second);
    }
    operand = found->second;
  }

  ir::Function& function_;
  ir::Body& body_;
  std::set<ir::Value> inside_;
  std::map<ir::Value, ir::Value> names_;
};

} // namespace

ir::Value Build::close_loop(ir::Value emitted, const std::vector<ir::Value>& next, const std::string& hint) {
  const std::unique_ptr<Loop> done = std::move(loop);
  ir.redirect(done->outside);
  ir::Op op = std::move(done->op);
  ir::Body& body = op.body[0];
  std::vector<std::string> hints = {hint};
  body.yields.emplace_back(emitted);
  for (const Shown& each : done->shown) {
    body.yields.emplace_back(each.value);
    hints.emplace_back("shown");
  }
  body.yields.insert(body.yields.end(), next.begin(), next.end());
  hints.resize(body.yields.size(), "last");
  body.parameters = done->slices;
  body.parameters.insert(body.parameters.end(), done->states.begin(), done->states.end());
  Capture capture(ir.function(), body);
  capture.run();
  body.parameters.insert(body.parameters.begin() + static_cast<int64_t>(done->slices.size()),
                         capture.parameters.begin(), capture.parameters.end());
  for (const auto* operands : {&done->sequences, &capture.outside, &done->initial})
    op.operands.insert(op.operands.end(), operands->begin(), operands->end());
  if (!capture.outside.empty())
    op.attributes["invariants"] = static_cast<int64_t>(capture.outside.size());
  if (!done->states.empty())
    op.attributes["states"] = static_cast<int64_t>(done->states.size());
  const std::vector<ir::Value> results = ir.build_scan(std::move(op), hints);
  for (size_t i = 0; i < done->shown.size(); ++i)
    shown.push_back({done->shown[i].port, results[i + 1]});
  return results[0];
}

ir::Type type_of(const Network& network, const Tensor& tensor) {
  ir::Type type;
  if (tensor.truth)
    type.element = ir::Element::boolean;
  if (tensor.has_time)
    type.dims.push_back(network.input.steps);
  if (tensor.has_batch)
    type.dims.push_back(ir::batch);
  if (tensor.shape.empty())
    return type;
  type.dims.insert(type.dims.end(), tensor.shape.begin() + 1, tensor.shape.end());
  type.dims.push_back(tensor.shape[0]);
  return type;
}

} // namespace rvb::layers
