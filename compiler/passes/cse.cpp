// What is computed twice is computed once, at the top and in bodies.
//
//   %a = add(%x, %y) : f32[?,8]
//   %b = add(%y, %x) : f32[?,8]
//   %c = mul(%a, %b) : f32[?,8]
//
// becomes
//
//   %a = add(%x, %y) : f32[?,8]
//   %c = mul(%a, %a) : f32[?,8]
//
// Needs: nothing. Keeps: every result, bit for bit (operands of commutative operations may be exchanged). The first
//   one's layer stays. Breaks: nothing.
#include "ir/text.h"
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace rvb::passes {

using namespace ir;

namespace {

std::string key_of(const Operand& operand) {
  if (!operand.is_literal())
    return "%" + std::to_string(operand.value);
  // By the bits of the float: 0.0 and -0.0 are different numbers.
  const float number = static_cast<float>(operand.number);
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return "#" + std::to_string(bits);
}

std::string key_of(const Op& op);

// A body's own values by their order, so that equal bodies under other names have one key.
std::string key_of(const Body& body) {
  std::map<Value, std::string> names;
  auto define = [&](Value v) { names.emplace(v, "b" + std::to_string(names.size())); };
  auto read = [&](const Operand& operand) {
    const auto local = operand.is_literal() ? names.end() : names.find(operand.value);
    return local == names.end() ? key_of(operand) : local->second;
  };
  std::string key;
  for (Value parameter : body.parameters)
    define(parameter);
  for (const Op& op : body.ops) {
    key += info(op.opcode).name;
    for (const Operand& operand : op.operands)
      key += " " + read(operand);
    for (const auto& [name, attribute] : op.attributes)
      key += " " + name + "=" + print(attribute);
    for (const Body& inner : op.body)
      key += " {" + key_of(inner) + "}";
    key += ";";
    for (Value result : op.results)
      define(result);
  }
  for (const Operand& yield : body.yields)
    key += " " + read(yield);
  return key;
}

std::string key_of(const Op& op) {
  std::vector<std::string> operands;
  for (const Operand& operand : op.operands)
    operands.push_back(key_of(operand));
  if (info(op.opcode).traits & commutative)
    std::sort(operands.begin(), operands.end());
  std::string key = info(op.opcode).name;
  for (const std::string& operand : operands)
    key += " " + operand;
  for (const auto& [name, attribute] : op.attributes)
    key += " " + name + "=" + print(attribute);
  for (const Body& body : op.body)
    key += " {" + key_of(body) + "}";
  return key;
}

bool merge(const Function& function, std::vector<Op>& ops, Substitution& same) {
  bool changed = false;
  std::map<std::string, const Op*> seen;
  std::vector<Op> kept;
  kept.reserve(ops.size()); // `seen` points into it
  for (Op& op : ops) {
    same.apply(op);
    for (Body& body : op.body) {
      changed |= merge(function, body.ops, same);
      for (Operand& yield : body.yields)
        yield = same(yield);
    }
    if (!ops::is_pure(op.opcode)) {
      kept.push_back(std::move(op));
      continue;
    }
    std::string key = key_of(op);
    for (Value result : op.results) // `constant` of a parsed hash, or a scan: the type is not in the operands
      key += ":" + print(function.type(result));
    const auto [first, fresh] = seen.emplace(key, nullptr);
    if (!fresh) {
      for (size_t i = 0; i < op.results.size(); ++i)
        same.replace(op.results[i], Operand(first->second->results[i]));
      changed = true;
      continue;
    }
    kept.push_back(std::move(op));
    first->second = &kept.back();
  }
  ops = std::move(kept);
  return changed;
}

} // namespace

bool cse(Module& module) {
  bool changed = false;
  for (Function& function : module.functions) {
    Substitution same;
    changed |= merge(function, function.ops, same);
    same.apply(function);
  }
  return changed;
}

} // namespace rvb::passes
