#include "passes/edit.h"

#include <algorithm>

namespace rvb::passes {

using namespace ir;

void Substitution::replace(Value from, Operand to) {
  for (Value v = static_cast<Value>(to_.size()); v <= from; ++v)
    to_.push_back(Operand(v));
  to_[from] = to;
  empty_ = false;
}

Operand Substitution::operator()(Operand operand) const {
  while (!operand.is_literal() && operand.value < static_cast<Value>(to_.size()) && !(to_[operand.value] == operand))
    operand = to_[operand.value];
  return operand;
}

void Substitution::apply(Op& op) const {
  if (empty_)
    return;
  for (Operand& operand : op.operands)
    operand = (*this)(operand);
  for (Body& body : op.body) {
    for (Op& inner : body.ops)
      apply(inner);
    for (Operand& operand : body.yields)
      operand = (*this)(operand);
  }
}

void Substitution::apply(Function& function) const {
  for (Op& op : function.ops)
    apply(op);
  for (Operand& result : function.results)
    result = (*this)(result);
}

void set_counts(Op& scan, int invariants, int states) {
  if (scan.opcode == Opcode::scan)
    scan.attributes["axis"] = int64_t{0};
  auto set = [&](const char* name, int64_t count) {
    if (count == 0)
      scan.attributes.erase(name);
    else
      scan.attributes[name] = count;
  };
  set("invariants", invariants);
  set("states", states);
  if (states == 0) // without a state there is no order
    scan.attributes.erase("reverse");
}

Operand mapped(const std::vector<Operand>& map, const Operand& operand) {
  if (operand.is_literal() || operand.value >= static_cast<Value>(map.size()))
    return operand;
  return map[operand.value];
}

namespace {

// A fresh value like `value`, which stands for it from now on.
void rename(Function& function, Value& value, std::vector<Operand>& map) {
  const Value old = value;
  const ValueInfo info = function.values[old];
  value = function.add_value(info.type, info.name);
  for (Value v = static_cast<Value>(map.size()); v <= old; ++v)
    map.push_back(Operand(v));
  map[old] = Operand(value);
}

} // namespace

void refresh_body(Function& function, Body& body, std::vector<Operand>& map) {
  for (Value& parameter : body.parameters)
    rename(function, parameter, map);
  std::vector<Op> inner;
  clone_ops(function, body.ops, map, inner);
  body.ops = std::move(inner);
  for (Operand& yield : body.yields)
    yield = mapped(map, yield);
}

void clone_ops(Function& function, const std::vector<Op>& ops, std::vector<Operand>& map, std::vector<Op>& out) {
  for (const Op& op : ops) {
    Op copy = op;
    for (Operand& operand : copy.operands)
      operand = mapped(map, operand);
    for (Body& body : copy.body)
      refresh_body(function, body, map);
    for (Value& result : copy.results)
      rename(function, result, map);
    out.push_back(std::move(copy));
  }
}

namespace {

// Marks what the yields that are kept need, in one walk up the body.
std::vector<bool> needed_in(const Function& function, const Body& body, const std::vector<bool>& keep) {
  std::vector<bool> needed(function.values.size(), false);
  auto mark = [&](const Operand& operand) {
    if (!operand.is_literal())
      needed[operand.value] = true;
  };
  for (size_t i = 0; i < body.yields.size(); ++i)
    if (keep[i])
      mark(body.yields[i]);
  for (auto op = body.ops.rbegin(); op != body.ops.rend(); ++op)
    if (std::any_of(op->results.begin(), op->results.end(), [&](Value v) { return needed[v]; }))
      for (const Operand& operand : op->operands)
        mark(operand);
  return needed;
}

template <class T> bool keep_where(std::vector<T>& items, const std::vector<bool>& keep) {
  size_t kept = 0;
  for (size_t i = 0; i < items.size(); ++i)
    if (keep[i])
      items[kept++] = items[i];
  const bool dropped = kept != items.size();
  items.resize(kept);
  return dropped;
}

} // namespace

bool prune_scan(const Function& function, Op& scan, const std::vector<bool>& used) {
  const ScanParts p = parts(scan);
  Body& body = scan.body[0];

  // Yields to keep: used results, then states that something kept reads, until nothing is added.
  std::vector<bool> keep = used;
  std::vector<bool> needed;
  for (bool grew = true; grew;) {
    grew = false;
    needed = needed_in(function, body, keep);
    for (int j = 0; j < p.states; ++j)
      if (!keep[p.emits + j] && needed[body.parameters[p.first_state() + j]])
        keep[p.emits + j] = grew = true;
  }

  std::vector<bool> keep_operand(scan.operands.size(), false);
  bool any_sequence = false;
  int invariants = 0, states = 0;
  for (int i = 0; i < static_cast<int>(scan.operands.size()); ++i) {
    if (i >= p.first_state()) {
      keep_operand[i] = keep[p.emits + i - p.first_state()];
      states += keep_operand[i];
    } else {
      keep_operand[i] = needed[body.parameters[i]];
      if (i < p.sequences)
        any_sequence |= keep_operand[i];
      else
        invariants += keep_operand[i];
    }
  }
  if (!any_sequence) // one sequence gives the extent of the axis and the shape
    keep_operand[0] = true;

  bool changed = keep_where(scan.operands, keep_operand);
  changed |= keep_where(body.parameters, keep_operand);
  changed |= keep_where(body.yields, keep);
  if (!scan.results.empty())
    keep_where(scan.results, keep);
  std::vector<bool> keep_op(body.ops.size());
  for (size_t i = 0; i < body.ops.size(); ++i) {
    std::vector<bool> read;
    for (Value result : body.ops[i].results)
      read.push_back(needed[result]);
    keep_op[i] = std::find(read.begin(), read.end(), true) != read.end();
    if (keep_op[i] && !body.ops[i].body.empty())
      changed |= prune_scan(function, body.ops[i], read);
  }
  changed |= keep_where(body.ops, keep_op);
  set_counts(scan, invariants, states);
  return changed;
}

Value add_constant(Module& module, Function& function, const std::string& name, Constant contents,
                   const std::string& layer) {
  // Two functions that fold the same thing share the result.
  std::string unique = name;
  for (int i = 1; module.constants.count(unique); ++i) {
    const Constant& other = module.constants.at(unique);
    if (other.type == contents.type && !other.bytes.empty() && other.bytes == contents.bytes)
      break;
    unique = name + "." + std::to_string(i);
  }
  Op op;
  op.opcode = Opcode::constant;
  op.attributes["name"] = unique;
  op.layer = layer;
  const Value result = function.add_value(contents.type, unique);
  op.results = {result};
  module.constants.emplace(unique, std::move(contents));
  function.ops.insert(function.ops.begin(), std::move(op));
  return result;
}

} // namespace rvb::passes
