// What the files of this folder share while a function is differentiated.
#pragma once

#include "ops/ops.h"
#include "passes/edit.h"

namespace rvb::passes {

// The gradient of the loss by every value, as far as it has been summed.
class Adjoints {
public:
  std::optional<ir::Operand> get(ir::Value value) const;
  void add(ir::Builder& builder, ir::Value value, const ir::Operand& gradient);

private:
  std::vector<std::optional<ir::Operand>> sums_;
};

// Active values depend on a wanted parameter; only they need gradients.
class Active {
public:
  explicit Active(const ir::Function& function) : function_(function) {}
  bool operator()(const ir::Operand& operand) const;
  bool any(const ir::Op& op) const; // of its operands
  void add(ir::Value value);
  void spread(const ir::Op& op); // from operands to results

private:
  const ir::Function& function_;
  std::vector<bool> active_;
};

struct Reversal {
  ir::Function& function;
  Active active;
};

// The operation ops[index] backwards, written by `builder`. In a scan's body gradients keep the result's shape: there
// is no `sum`; elsewhere those of operands that were broadcast are summed (`sum_broadcast`).
void reverse(Reversal& reversal, std::vector<ir::Op>& ops, size_t index, ir::Builder& builder, Adjoints& adjoints,
             bool sum_broadcast);

// A scan or loop backwards: one that runs the other way. May add to what ops[index] emits. recurrence.cpp
void reverse_recurrence(Reversal& reversal, std::vector<ir::Op>& ops, size_t index, ir::Builder& builder,
                        Adjoints& adjoints);

} // namespace rvb::passes
