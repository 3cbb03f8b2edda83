// Tools that passes share: uses and definitions, substitution, bodies, constants.
#pragma once

#include "ir/ir.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rvb::passes {

bool is_elementwise(const ir::Op& op);

// Every operand that the operations read, bodies and yields included.
void visit_operands(std::vector<ir::Op>& ops, const std::function<void(ir::Operand&)>& visit);
void visit_operands(const std::vector<ir::Op>& ops, const std::function<void(const ir::Operand&)>& visit);

// How often each value is read: by operations, bodies, yields and `ret`.
std::vector<int> count_uses(const ir::Function& function);

// By value, the index in `ops` of the operation that makes it; -1 for parameters and for values made in bodies.
std::vector<int> definitions(const ir::Function& function, const std::vector<ir::Op>& ops);

// Membranes that the caller of @step keeps between calls: parameters `state.K`, and what results `state:K` return for
// them (no_value: nothing, or a literal).
struct KeptMembrane {
  ir::Value before, after;
};
std::vector<KeptMembrane> kept_membranes(const ir::Function& function);

// Values to be replaced by other operands; chains are followed.
class Substitution {
public:
  void replace(ir::Value from, ir::Operand to);
  ir::Operand operator()(ir::Operand operand) const;
  bool empty() const { return empty_; }
  void apply(ir::Function& function) const;
  void apply(ir::Op& op) const; // its body included

private:
  std::vector<ir::Operand> to_; // to_[v] is v itself, or what stands for it; shorter than the function's values
  bool empty_ = true;
};

// The parts of a scan: operands are sequences, invariants, states; results are emitted sequences, final states.
struct ScanParts {
  int sequences, invariants, states, emits;
  int first_state() const { return sequences + invariants; } // index among operands and body parameters
};
ScanParts parts(const ir::Op& scan);
void set_counts(ir::Op& scan, int invariants, int states); // the attributes that are left out when 0

ir::Type without_axis0(const ir::Type& type);
ir::Type with_axis0(int64_t extent, const ir::Type& type);

// Copies `ops` to the end of `out` under fresh values; `map` (by old value) gives operands for what is read from
// outside and receives the copies. Types are kept.
void clone_ops(ir::Function& function, const std::vector<ir::Op>& ops, std::vector<ir::Operand>& map,
               std::vector<ir::Op>& out);
ir::Operand mapped(const std::vector<ir::Operand>& map, const ir::Operand& operand);

// Like clone_ops for a scan's body, but operands may be literals: the operations that become literal are computed, and
// x + 0, x * 1, x - 0 and decided selects vanish. Gives the yields; nothing when a mask that is known to be constant is
// needed as a value (there is no literal for it) or an operation would lose its shape. Then `out` is as it was.
std::optional<std::vector<ir::Operand>> inline_body(ir::Function& function, const ir::Body& body,
                                                    const std::vector<ir::Operand>& arguments,
                                                    std::vector<ir::Op>& out);

// The result of an elementwise operation on numbers (ops::evaluate), masks as 0 and 1: as a literal may hold it, in
// single precision. Nothing for an integer that is none there, and where ops has no value.
std::optional<float> evaluate(const ir::Function& function, const ir::Op& op, const float* operands);

// Drops what is not needed from a scan: emitted sequences and states whose results are not used, operations, sequences
// and invariants nobody reads. `used` says of every result whether it is read. True when something went.
bool prune_scan(const ir::Function& function, ir::Op& scan, const std::vector<bool>& used);

// Constants.
const ir::Constant* constant_of(const ir::Module& module, const ir::Function& function, const std::vector<int>& defs,
                                const ir::Operand& operand); // null when it is not a `constant`
// A constant under a name that begins with `name` (one that is there already when it holds the same), and a new
// operation for it at the front of the function.
ir::Value add_constant(ir::Module& module, ir::Function& function, const std::string& name, ir::Constant contents,
                       const std::string& layer);

// The numbers of a value that is made of constants alone (elementwise, `sum` for each channel, `mean_time` of a
// vector); nothing when it is not. known.cpp
std::optional<std::vector<float>> known_numbers(const ir::Module& module, const ir::Function& function,
                                                const ir::Operand& operand);

} // namespace rvb::passes
