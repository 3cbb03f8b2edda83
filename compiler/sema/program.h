// The checked program: what the network of a `.rvb` file is, once names, imports, parameters, blocks, `repeat` and `if`
// are gone. Layers stand in an order in which inputs come first; every shape is known. Nothing here can be wrong any
// more: what sema hands over has no user mistakes left.
//
// Shapes are per sample and per time step, in the order the user sees: [C, H, W] or [features].
#pragma once

#include "layers/network.h"
#include "recipe/recipe.h"

namespace rvb::sema {

using layers::Expression;
using layers::Initializer;
using layers::Input;
using layers::Layer;
using layers::Neuron;
using layers::Parameter;
using layers::Role;
using layers::Shape;
using layers::Statement;
using layers::Trained;
using layers::Weights;

struct Recipe : recipe::Recipe {
  Range batch_range; // where the source says so; of no file where it does not
};

struct Program : layers::Network {
  Recipe recipe;
  std::vector<std::pair<std::string, double>> constants; // every `param` with the value it got, for provenance
  std::string source_hash; // 16 hex digits over the main file, its imports and the -D values
};

} // namespace rvb::sema
