// A layer: synapses under signs and, after them, the neuron, as one kernel. Halide has no lookups in a register, so
// this room builds these kernels with LLVM; everything else runs as kernels/ says.
//
// Synapses: four spikes have 16 signed sums. They are made once a pixel and group of four channels, by additions, and
// fill one vector register: a table. Four bits of 16 outputs' weights are 16 indices into it, so that one lookup and
// one addition are 64 synapses. A table serves all taps and all outputs. Where registers hold 8 numbers, the table has
// the 8 sums in which the fourth spike is added, and its bit the sign: a lookup, an exclusive or and an addition.
// 16-bit spikes have tables of five spikes (avx512_words.cpp), or of bytes (avx2_bytes.cpp); NEON has registers of 16
// bytes and lookups in two of them (neon.h). Each of these is a scheme (scheme.h). Sums of floats are formed in one
// order on all of x86: tap by tap from the top left, channel groups in their order, (±a ± b) + (±c ± d) inside a group;
// on NEON groups are of three, (±a ± b) ± c. So the bits depend neither on the instruction set of an architecture nor
// on threads or tiles. Sums of integers are the same everywhere.
//
// The neuron: the scan that reads the synapses' result, and whatever fuse put into it (scale, shift, residual, leak,
// threshold, several emissions), runs on each tile of sums while it lies in the cache, for all time steps.
#pragma once

#include "ir/ir.h"
#include "kernels/kernels.h"
#include "machine/machine.h"

#include <string>
#include <vector>

namespace rvb::layerkernels {

struct Layer {
  const ir::Function* function = nullptr;
  const ir::Op* synapse = nullptr;
  const ir::Op* neuron = nullptr; // a scan; null: the sums themselves are the result
  int sums_operand = -1;          // which of the neuron's operands are the sums
};

// True when these operators run here for this target: synapses under signs, on registers that a table fits.
bool has_layer(const ir::Function& function, const ir::Op& op, const targets::Target& target);

// `neuron`: the scan that runs with the synapses (analysis/joins.h), or null.
Layer layer(const ir::Function& function, const ir::Op& synapse, const ir::Op* neuron);

// How often operations and the function's caller read a value.
int uses(const ir::Function& function, ir::Value value);

// "rvb_layer_<16 hex digits>", as kernels::symbol.
std::string symbol(const Layer& layer, const targets::Target& target);

// Whether synapses can run on their events for this target ({sparse = 1}).
bool has_events(const targets::Target& target);

// The share of silent groups of four channels above which these synapses run faster on their events ({sparse = 1}).
double break_even(const Layer& layer, const targets::Target& target);

// Inputs: the synapses' values, then the neuron's without the sums; outputs: the neuron's results (or the sums).
std::vector<ir::Value> inputs_of(const Layer& layer);
std::vector<ir::Value> outputs_of(const Layer& layer);
kernels::Interface interface_of(const Layer& layer);

// Writes an object that defines symbol(...), int f(halide_buffer_t* inputs…, halide_buffer_t* outputs…). Table building
// and summing stand in the section `.text.synapses`, the neuron in `.text`.
void compile_layer(const Layer& layer, const targets::Target& target, machine::OutputKind kind,
                   const std::string& path);

} // namespace rvb::layerkernels
