#include "analysis/joins.h"

#include "analysis/definitions.h"
#include "ir/elementwise.h"
#include "ops/ops.h"

#include <algorithm>

namespace rvb::analysis {

bool can_join(const ir::Function& function, const ir::Op& synapse, const ir::Op& scan) {
  if ((ir::info(synapse.opcode).traits & ir::addition_only) == 0 || scan.opcode != ir::Opcode::scan ||
      scan.integer("reverse") != 0)
    return false;
  const ScanParts p = parts(scan);
  const ir::Value sums = synapse.results[0];
  const auto sequences = scan.operands.begin() + p.sequences;
  if (std::find(scan.operands.begin(), sequences, ir::Operand(sums)) == sequences)
    return false;
  // With states, time must stand apart from the batch: [T, ?, ...].
  const ir::Type& type = function.type(sums);
  if (p.states != 0 && (type.rank() < 3 || type.dims[1] != ir::batch))
    return false;
  const auto is_mask = [&](ir::Value value) { return function.type(value).element == ir::Element::boolean; };
  if (std::any_of(sequences, scan.operands.end(), // masks of states, of invariants
                  [&](const ir::Operand& o) { return !o.is_literal() && is_mask(o.value); }) ||
      std::any_of(scan.results.begin() + p.emits, scan.results.end(), is_mask))
    return false;
  const std::vector<ir::Op>& ops = scan.body[0].ops;
  return std::all_of(ops.begin(), ops.end(),
                     [](const ir::Op& inner) { return ir::instruction_of(inner.opcode).has_value(); });
}

const ir::Op* neuron_behind(const ir::Function& function, const ir::Op& synapse) {
  const ir::Operand sums(synapse.results[0]);
  const ir::Op* reader = nullptr;
  auto reads = std::count(function.results.begin(), function.results.end(), sums);
  for (const ir::Op& op : function.ops)
    if (const auto here = std::count(op.operands.begin(), op.operands.end(), sums); here != 0) {
      reads += here;
      reader = &op;
    }
  return reads == 1 && reader != nullptr && can_join(function, synapse, *reader) ? reader : nullptr;
}

double synapses(const ir::Function& function, const ir::Op& op) {
  const ops::CountRule count = ops::meaning(op.opcode).count;
  return count == nullptr ? 0 : static_cast<double>(count(function, op).additions);
}

} // namespace rvb::analysis
