// What a neuron of the language is in NIR's terms. Its text is followed with the membrane as an unknown: everything is
// a linear form of states and input, on either side of one comparison. What is not, has no NIR form.
#pragma once

#include "layers/neuron_definition.h"

#include <optional>
#include <string>
#include <vector>

namespace rvb::exporting::nir {

using Numbers = std::vector<double>; // one for the layer, or one a channel

// i = decay i + weight x, where there is a current; then v = leak v + gain i + drive (i the input without a current);
// fires where v >= threshold (v > threshold: `strict`); emits 1, or v (`real`); then v = reset, or v - threshold
// (`subtracts`).
struct Dynamics {
  bool current = false, strict = false, real = false, subtracts = false;
  Numbers decay, weight, leak, gain, drive, threshold, reset;
};

// Nothing, and why: the neuron is none of these. `trained`: its learned numbers, in their order.
std::optional<Dynamics> dynamics_of(const layers::Neuron& neuron, const std::vector<Numbers>& trained,
                                    std::string& reason);

} // namespace rvb::exporting::nir
