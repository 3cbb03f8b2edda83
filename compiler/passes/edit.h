// Tools that passes share to change a function: substitution, bodies, new constants.
#pragma once

#include "analysis/definitions.h"
#include "ir/ir.h"

#include <optional>
#include <string>
#include <vector>

namespace rvb::passes {

using namespace analysis; // what a pass knows before it changes anything

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

void set_counts(ir::Op& scan, int invariants, int states); // of a scan or loop: the attributes that are left out when 0

// Copies `ops` to the end of `out` under fresh values; `map` (by old value) gives operands for what is read from
// outside and receives the copies. Types are kept.
void clone_ops(ir::Function& function, const std::vector<ir::Op>& ops, std::vector<ir::Operand>& map,
               std::vector<ir::Op>& out);
// The values of a body that stands for another time become fresh ones.
void refresh_body(ir::Function& function, ir::Body& body, std::vector<ir::Operand>& map);
ir::Operand mapped(const std::vector<ir::Operand>& map, const ir::Operand& operand);

// Like clone_ops for a scan's body, but operands may be literals: the operations that become literal are computed, and
// x + 0, x * 1, x - 0 and decided selects vanish. Gives the yields; nothing when a mask that is known to be constant is
// needed as a value (there is no literal for it) or an operation would lose its shape. Then `out` is as it was.
std::optional<std::vector<ir::Operand>> inline_body(ir::Function& function, const ir::Body& body,
                                                    const std::vector<ir::Operand>& arguments,
                                                    std::vector<ir::Op>& out);

// Drops what is not needed from a scan or loop: emitted sequences and states whose results are not used, operations,
// sequences and invariants nobody reads. `used` says of every result whether it is read. True when something went.
bool prune_scan(const ir::Function& function, ir::Op& scan, const std::vector<bool>& used);

// A constant under a name that begins with `name` (one that is there already when it holds the same), and a new
// operation for it at the front of the function.
ir::Value add_constant(ir::Module& module, ir::Function& function, const std::string& name, ir::Constant contents,
                       const std::string& layer);

} // namespace rvb::passes
