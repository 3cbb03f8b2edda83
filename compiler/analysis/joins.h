// Synapses under signs and the neuron that reads their sums are one kernel where the target has lookups: the sums are
// never stored. The pass join_neurons chooses and marks the synapses with `joined`; codegen obeys.
#pragma once

#include "ir/ir.h"

namespace rvb::analysis {

// Whether `scan` can run with `synapse`, whose result it reads, if nobody else does: made of operators that need no
// library, with time apart from the batch where it has states.
bool can_join(const ir::Function& function, const ir::Op& synapse, const ir::Op& scan);

// The scan that can run with `synapse`: the only reader of its result. Null when there is none.
const ir::Op* neuron_behind(const ir::Function& function, const ir::Op& synapse);

// Of neurons that could run with several synapses, those with the most take it.
double synapses(const ir::Function& function, const ir::Op& op);

inline bool is_joined(const ir::Op& op) {
  return op.integer("joined") != 0;
}

} // namespace rvb::analysis
