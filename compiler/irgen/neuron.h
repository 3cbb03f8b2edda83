// A neuron's definition as operations: the body of a scan, or one step in the open (streaming).
#pragma once

#include "ir/builder.h"
#include "sema/program.h"

#include <vector>

namespace rvb::irgen {

struct NeuronStep {
  ir::Operand emitted;
  ir::Operand membrane;            // the first state as it is when the neuron emits, before any reset
  std::vector<ir::Operand> states; // after the step
};

// Appends one step of the neuron at the builder's position. `trained`: what it has learned, f32[] or f32[C].
NeuronStep neuron_step(ir::Builder& builder, const sema::Neuron& neuron, ir::Value input,
                       const std::vector<ir::Operand>& states, const std::vector<ir::Operand>& trained);

// Appends a scan over `input` ([T, rest]) from the neuron's initial states; gives the emitted sequence, and the
// membranes' sequence where `membranes` is not null (no_value for a neuron without a state).
ir::Value neuron_scan(ir::Builder& builder, const sema::Neuron& neuron, ir::Value input,
                      const std::vector<ir::Value>& trained, const std::string& hint, ir::Value* membranes = nullptr);

} // namespace rvb::irgen
