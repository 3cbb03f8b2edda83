// Neurons of NIR in the language: a step of dt forward (../../FORMATS.md).
#pragma once

#include "import/nir/graph.h"

#include <string>
#include <vector>

namespace rvb::importing::nir {

struct Number {
  std::string name;          // of the neuron's parameter
  std::vector<float> values; // one, or one a channel
};

struct Neuron {
  std::string name; // of its definition
  std::string definition;
  std::vector<Number> numbers;
  bool each = false; // the numbers are learned ones, a channel each: they stand with the weights
};

bool is_neuron(const std::string& type);
// `factor`: on what goes in.
Neuron neuron_of(const Graph& graph, const Node& node, double dt, double factor);

} // namespace rvb::importing::nir
