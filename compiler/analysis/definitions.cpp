#include "analysis/definitions.h"

namespace rvb::analysis {

using namespace ir;

bool is_elementwise(const Op& op) {
  return (info(op.opcode).traits & elementwise) != 0;
}

void visit_operands(std::vector<Op>& ops, const std::function<void(Operand&)>& visit) {
  for (Op& op : ops) {
    for (Operand& operand : op.operands)
      visit(operand);
    for (Body& body : op.body) {
      visit_operands(body.ops, visit);
      for (Operand& operand : body.yields)
        visit(operand);
    }
  }
}

void visit_operands(const std::vector<Op>& ops, const std::function<void(const Operand&)>& visit) {
  for (const Op& op : ops) {
    for (const Operand& operand : op.operands)
      visit(operand);
    for (const Body& body : op.body) {
      visit_operands(body.ops, visit);
      for (const Operand& operand : body.yields)
        visit(operand);
    }
  }
}

std::vector<int> count_uses(const Function& function) {
  std::vector<int> uses(function.values.size(), 0);
  auto count = [&](const Operand& operand) {
    if (!operand.is_literal())
      ++uses[operand.value];
  };
  visit_operands(function.ops, count);
  for (const Operand& result : function.results)
    count(result);
  return uses;
}

std::vector<int> definitions(const Function& function, const std::vector<Op>& ops) {
  std::vector<int> defs(function.values.size(), -1);
  for (size_t i = 0; i < ops.size(); ++i)
    for (Value result : ops[i].results)
      defs[result] = static_cast<int>(i);
  return defs;
}

ScanParts parts(const Op& scan) {
  ScanParts p;
  p.invariants = static_cast<int>(scan.integer("invariants"));
  p.states = static_cast<int>(scan.integer("states"));
  p.sequences = static_cast<int>(scan.operands.size()) - p.invariants - p.states;
  p.emits = static_cast<int>(scan.body.at(0).yields.size()) - p.states;
  return p;
}

Type without_axis0(const Type& type) {
  Type rest = type;
  rest.dims.erase(rest.dims.begin());
  return rest;
}

Type with_axis0(int64_t extent, const Type& type) {
  Type whole = type;
  whole.dims.insert(whole.dims.begin(), extent);
  return whole;
}

const Constant* constant_of(const Module& module, const Function& function, const std::vector<int>& defs,
                            const Operand& operand) {
  if (operand.is_literal() || operand.value >= static_cast<Value>(defs.size()) || defs[operand.value] < 0)
    return nullptr;
  const Op& op = function.ops[defs[operand.value]];
  if (op.opcode != Opcode::constant)
    return nullptr;
  const auto found = module.constants.find(op.text("name"));
  // A constant without bytes was parsed from a hash: its contents are not known.
  return found == module.constants.end() || found->second.bytes.empty() ? nullptr : &found->second;
}

std::vector<KeptMembrane> kept_membranes(const Function& function) {
  std::vector<KeptMembrane> kept;
  for (Value parameter : function.parameters) {
    const Port& port = function.values[parameter].port;
    if (port.role != Role::state)
      continue;
    kept.push_back({parameter, no_value});
    if (const int r = function.result(Role::state, port.name); r >= 0 && !function.results[r].is_literal())
      kept.back().after = function.results[r].value;
  }
  return kept;
}

} // namespace rvb::analysis
