// The door of irgen: from a checked program to IR (the functions that ir/OPERATORS.md lists).
#pragma once

#include "ir/ir.h"
#include "sema/program.h"

namespace rvb::irgen {

ir::Function generate_infer(const sema::Program& program);
ir::Function generate_train(const sema::Program& program);
ir::Function generate_step(const sema::Program& program);
ir::Function generate_observe(const sema::Program& program);

// Where @observe shows what enters a synaptic layer: "image", "spikes:NEURON" or "events:LAYER". A flatten in between
// changes the order of events, not their number.
std::string observed_input(const sema::Program& program, const sema::Layer& layer);

// What the caller of @step keeps from one step to the next, `state:K` in this order: the neurons' states, and for each
// mean over time its sum so far and the number of steps in it.
struct KeptState {
  sema::Shape shape;
  double initial;
};
std::vector<KeptState> kept_states(const sema::Program& program);

// The memory order of a parameter: dimension i in memory is dimension order[i] on disk.
std::vector<int> memory_order(const sema::Parameter& parameter);
// Its type in memory.
ir::Type memory_type(const sema::Parameter& parameter);

} // namespace rvb::irgen
