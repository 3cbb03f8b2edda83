// The checked program: what the network of a `.rvb` file is, once names, imports, parameters, blocks, `repeat` and `if`
// are gone. Layers stand in an order in which inputs come first; every shape is known. Nothing here can be wrong any
// more: what sema hands over has no user mistakes left.
//
// Shapes are per sample and per time step, in the order the user sees: [C, H, W] or [features].
#pragma once

#include "recipe/recipe.h"
#include "support/diagnostics.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rvb::sema {

using Shape = std::vector<int64_t>;

enum class LayerKind {
  input,
  conv2d,
  linear,
  batchnorm,
  neuron,
  avgpool,
  maxpool,
  global_avgpool,
  flatten,
  vote,
  add,
  mean_over_time,
};

// w; sign(w); alpha[input channel] * sign(w); -1, 0 or +1 as w lies to a threshold; alpha times that
enum class Weights { real, binary, binary_alpha, ternary, ternary_alpha };
inline bool is_ternary(Weights weights) {
  return weights == Weights::ternary || weights == Weights::ternary_alpha;
}
inline bool has_alpha(Weights weights) {
  return weights == Weights::binary_alpha || weights == Weights::ternary_alpha;
}

// What a neuron's definition says, arguments filled in. Names of locals are numbered; operators are those of the IR's
// elementwise rows, by name ("add", "greater_equal", "select", "step", "detach", ...).
struct Expression {
  enum class Kind { number, local, operation } kind = Kind::number;
  double number = 0;
  int local = 0;         // index into Neuron::locals
  std::string operation; // an elementwise operator of the IR
  std::vector<Expression> operands;
  std::string surrogate; // of `step`
  double width = 1;      // of `step`
};

struct Statement {
  enum class Kind { assign, emit } kind = Kind::assign;
  int local = 0; // what is assigned
  Expression value;
};

// A number of a neuron that is learned, one a layer or one a channel.
struct Trained {
  std::string name;
  double initial = 0;
  bool each_channel = false;
};

struct Neuron {
  std::string name;                  // as defined: "reverb"
  std::vector<std::string> locals;   // local 0 is `input`; then the states in order; then `trained`; then the others
  int states = 0;                    // locals 1 .. states
  std::vector<double> initial;       // one a state
  std::vector<Trained> trained;      // locals states + 1 ..
  std::vector<Statement> statements; // in order; exactly one emit
};

// BatchNorm and time: statistics of all steps together; a learned factor a step on the output besides (TEBN); each step
// by itself, with parameters and statistics of its own (BNTT).
enum class OverTime { joint, scaled, separate };

struct Layer {
  LayerKind kind;
  std::string path;  // dotted, unique: "unit1.conv2d". Empty for `input`, `add` of the source text, …: see label
  std::string label; // what summaries and graphs show; never empty
  std::vector<int> inputs; // indices of earlier layers; add has two
  Shape shape;             // of the output
  bool has_time = true;    // false after mean_over_time
  Range range;             // where it stands in the source

  // conv2d, linear
  Weights weights = Weights::real;
  bool bias = false;
  double ste = 1.0;               // the straight-through window |w| <= ste; binary and ternary weights only
  double ternary_threshold = 0.7; // ternary weights: times the mean of |w|
  double gain = 1;                // binary and ternary weights: on the deviation of the initial latent weights
  // conv2d, avgpool, maxpool: [vertical, horizontal]; vote: [1, voters a class]
  int64_t kernel[2] = {1, 1};
  int64_t stride[2] = {1, 1};
  int64_t padding[2] = {0, 0};
  // batchnorm
  double epsilon = 1e-5;
  double momentum = 0.1;
  double scale = 1; // a constant factor on gamma (tdBN)
  OverTime over_time = OverTime::joint;
  // neuron: index into Program::neurons
  int neuron = -1;
};

enum class Role { weight, alpha, bias, gamma, beta, step_scale, running_mean, running_variance, neuron };

struct Initializer {
  enum class Kind { constant, normal } kind = Kind::constant;
  double value = 0; // the constant, or the standard deviation (mean 0)
};

struct Parameter {
  std::string name; // layer path + "." + weight|alpha|bias|running_mean|running_var: PyTorch's names
  Role role;
  int layer;
  int slot = 0;    // which of the neuron's trained numbers; the time step of a BatchNorm for each
  Shape shape;     // on disk, PyTorch's: conv [Co,Ci,Kh,Kw], linear [out,in], alpha [1,Ci,1,1] or [1,in], vectors [C];
                   // of a neuron's number for the whole layer [1]; a factor a time step [T]
  bool trainable;  // false for running statistics
  bool decays;     // weight decay applies: weights of conv2d and linear only
  bool binary;     // the latent weight of a binary layer
  double momentum; // of running statistics: new = (1 - momentum) * old + momentum * batch
  Initializer initializer;
};

struct Input {
  std::string name;
  Shape shape;           // [C, H, W] or [features]
  bool sequence = false; // false: one static image, repeated over the steps
  int64_t steps = 1;     // T
};

struct Recipe : recipe::Recipe {
  Range batch_range; // where the source says so; of no file where it does not
};

struct Program {
  std::string name; // of the network
  Input input;
  std::vector<Layer> layers; // layers[0] is the input
  int output = 0;            // index of the layer that is returned: shape [classes], no time
  int64_t classes = 0;
  std::vector<Neuron> neurons;
  std::vector<Parameter> parameters; // layer by layer, in PyTorch's order within a layer
  Recipe recipe;
  std::vector<std::pair<std::string, double>> constants; // every `param` with the value it got, for provenance
  std::string source_hash; // 16 hex digits over the main file, its imports and the -D values

  // Whether it can be run step by step: nothing in it depends on which step it is.
  bool streams() const {
    for (const Layer& layer : layers)
      if (layer.over_time != OverTime::joint)
        return false;
    return true;
  }
};

} // namespace rvb::sema
