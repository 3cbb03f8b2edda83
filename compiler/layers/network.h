// The layers of a checked network, in an order in which inputs come first, and the parameters they learn.
#pragma once

#include "layers/arguments.h"
#include "layers/neuron_definition.h"
#include "layers/shape.h"
#include "support/diagnostics.h"

namespace rvb::layers {

struct Row;

struct Layer {
  const Row* row = nullptr; // of layers.def
  std::string path;  // dotted, unique: "unit1.conv2d". Empty for `input`, `add` of the source text, …: see label
  std::string label; // what summaries and graphs show; never empty
  std::vector<int> inputs; // indices of earlier layers; add has two
  Shape shape;             // of the output, as are the next three
  bool has_time = true;
  bool has_batch = true;
  bool truth = false;
  Range range; // where it stands in the source
  Arguments arguments;
  int cell = -1;         // the cell whose step it is a part of; such layers have no time and run at every step
  int teacher = -1;      // the trained network it belongs to: index into Network::teachers
  bool of_signs = false; // of latent weights: the synapses see signs
  Shape latent;          // of synapses whose weights go through a function: [outputs, kernel..., inputs]
  bool for_loss = false; // what the network gives does not depend on it: it runs in training alone
  int neuron = -1;       // of a neuron: index into Network::neurons
  Expression expression; // of an elementwise operation: locals are the inputs. Of what is learned: its beginning

  Tensor tensor() const { return {shape, has_time, has_batch, truth}; }
  bool synaptic() const { return arguments.weights() != nullptr; }
  const Weights& weights() const; // real ones where it has no synapses
};

// What a parameter is for; the words are those of the manifest.
enum class Role { weight, alpha, bias, gamma, beta, step_scale, running_mean, running_variance, neuron };
const char* word(Role role);

struct Initializer {
  enum class Kind { constant, normal } kind = Kind::constant;
  double value = 0; // the constant, or the standard deviation (mean 0)
};

struct Parameter {
  std::string name; // layer path + "." + weight|alpha|bias|running_mean|running_var: PyTorch's names
  Role role = Role::weight;
  int layer = -1;
  int slot = 0; // which of the neuron's trained numbers; the time step of a BatchNorm for each
  Shape shape;  // on disk, PyTorch's: conv [Co,Ci,Kh,Kw], linear [out,in], alpha [1,Ci,1,1] or [1,in], vectors [C];
                // of a neuron's number for the whole layer [1]; a factor a time step [T]
  std::vector<int> order; // in memory: dimension i there is dimension order[i] on disk
  Shape memory;           // its dimensions in memory, those that are always 1 left out
  bool trainable = true;  // false for running statistics
  bool decays = false;    // weight decay applies: weights of conv2d and linear only
  bool binary = false;    // the latent weight of a binary or ternary layer
  double momentum = 0.1;  // of running statistics: new = (1 - momentum) * old + momentum * batch
  Initializer initializer;
};

struct Input {
  std::string name;
  Shape shape;           // [C, H, W], [features] or any other dimensions, the channels first
  bool sequence = false; // false: one static image, repeated over the steps
  int64_t steps = 1;     // T
};

// A network that is trained already and stays as it is; its numbers come from a file of weights.
struct Teacher {
  std::string prefix; // of its layers' paths: "Teacher."
  std::string path;   // of the file, as written
  Range range;        // of that text
};

struct Network {
  std::string name;
  Input input;
  std::vector<Layer> layers; // layers[0] is the input
  int output = 0;            // index of the layer that is returned: shape [classes], no time
  int loss = -1;             // index of the layer whose mean is minimised; -1: the recipe says what is
  int64_t classes = 0;       // how many numbers are returned, one a class
  bool regression = false;   // they are no classes: the labels of training are numbers, as many
  std::vector<Teacher> teachers;
  int cells = 0; // how many there are
  std::vector<Neuron> neurons;
  std::vector<Parameter> parameters; // layer by layer, in PyTorch's order within a layer
  std::vector<Parameter> frozen;     // those of teachers

  const Layer& input_of(const Layer& layer, int i = 0) const {
    return layers[static_cast<size_t>(layer.inputs[static_cast<size_t>(i)])];
  }
  // Whether `layer` is what takes the time steps away.
  bool ends_time(const Layer& layer) const {
    return !layer.has_time && layer.cell < 0 && !layer.inputs.empty() && input_of(layer).has_time;
  }
  const char* answers() const { return regression ? "numbers" : "classes"; } // what is returned, counted
  // How often a layer runs for a sample.
  int64_t runs(const Layer& layer) const { return layer.has_time || layer.cell >= 0 ? input.steps : 1; }
  bool begins_at_rest() const; // all states are 0 before the first step
  bool draws() const;          // random numbers in training
  bool reads_progress() const; // of training
  // Whether it can be run step by step: nothing in it depends on which step it is.
  bool streams() const;
};

} // namespace rvb::layers
