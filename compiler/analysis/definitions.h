// Uses and definitions of a function's values, the parts of its scans, its constants.
#pragma once

#include "ir/ir.h"

#include <functional>
#include <vector>

namespace rvb::analysis {

bool is_elementwise(const ir::Op& op);

// Every operand that the operations read, bodies and yields included.
void visit_operands(std::vector<ir::Op>& ops, const std::function<void(ir::Operand&)>& visit);
void visit_operands(const std::vector<ir::Op>& ops, const std::function<void(const ir::Operand&)>& visit);

// How often each value is read: by operations, bodies, yields and `ret`.
std::vector<int> count_uses(const ir::Function& function);

// By value, the index in `ops` of the operation that makes it; -1 for parameters and for values made in bodies.
std::vector<int> definitions(const ir::Function& function, const std::vector<ir::Op>& ops);

// Membranes that the caller of @step keeps between calls: arguments that are states, and what the results of these
// states return for them (no_value: nothing, or a literal).
struct KeptMembrane {
  ir::Value before, after;
};
std::vector<KeptMembrane> kept_membranes(const ir::Function& function);

// The parts of a scan: operands are sequences, invariants, states; results are emitted sequences, final states.
struct ScanParts {
  int sequences, invariants, states, emits;
  int first_state() const { return sequences + invariants; } // index among operands and body parameters
};
ScanParts parts(const ir::Op& scan);
ir::Type without_axis0(const ir::Type& type);
ir::Type with_axis0(int64_t extent, const ir::Type& type);

const ir::Constant* constant_of(const ir::Module& module, const ir::Function& function, const std::vector<int>& defs,
                                const ir::Operand& operand); // null when it is not a `constant`

} // namespace rvb::analysis
