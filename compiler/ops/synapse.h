// Counting synapses: what kind of weights an operator reads decides whether a synapse is a multiply-add or an addition.
#pragma once

#include "ops/rules.h"

namespace rvb::ops {

// Whether a value is sign(w), or such signs under one factor a channel (which deployment folds away).
bool is_binary_weights(const ir::Function& function, const ir::Operand& weights);

// The product; the largest number there is where it would overflow.
int64_t product(std::initializer_list<int64_t> factors);

// `synapses` operations, as additions under binary weights, as multiply-adds otherwise.
Count count_synapses(const ir::Function& function, const ir::Operand& weights, int64_t synapses);

Window window_of(const ir::Op& op, const std::vector<int64_t>& kernel);

// Channels fall into so many groups, which do not see each other: the first outputs read the first inputs.
int64_t groups_of(const ir::Op& op);
bool groups_fit(const ir::Op& op, int64_t in, int64_t out, std::string& error);

} // namespace rvb::ops
