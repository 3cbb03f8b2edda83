// What convolutions and linear layers share: the parameters of synapses, their weights in the IR, bias, and counting of
// what they read.
#pragma once

#include "layers/layer.h"

namespace rvb::layers {

// weight, alpha and bias, as far as the layer has them. `shape`: of the weights on disk, outputs and inputs first; in
// memory outputs are innermost. alpha and bias are as long as there are channels, in and out.
std::vector<Parameter> synapse_parameters(const Layer& layer, const Shape& shape, int64_t in, int64_t out,
                                          double deviation);

// Whether a function of the program stands before the weights: the second input.
bool through_function(const Layer& layer);

// The weights as the synapses see them: w, sign(w), or alpha (one an input channel) times sign(w): Eq. 6 and 12.
// `input_axis`: of the inputs in memory.
ir::Value synapse_weights(Build& build, int64_t input_axis);
// The same without alpha.
ir::Value synapse_signs(Build& build);

// The sums with the layer's bias.
ir::Value with_bias(Build& build, ir::Value sums);

// Shows what the synapses read, unless it is seen already: the image, or what a neuron emits.
void show_events(Build& build);

} // namespace rvb::layers
