// The manifest (manifest.md) as values.
#pragma once

#include "interface/program.h"
#include "recipe/recipe.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rvb::runtime {

using Shape = std::vector<int64_t>;

struct Parameter {
  std::string name, role;
  Shape shape;            // on disk
  std::vector<int> order; // dimension i in memory is dimension order[i] on disk
  bool trainable = true, decays = false, binary = false;
  double momentum = 0.1;                // of running statistics
  int64_t values = 0;                   // of running variances: values a channel and sample; 0: not known
  std::string initializer = "constant"; // or "normal"
  double initial = 0;
  int64_t elements = 1;
};

// What @observe shows: a neuron's spikes and membranes (results of the function by its path, [T, batch, H, W, C])…
struct ObservedNeuron {
  std::string path, neuron;                // neuron: the name of its definition
  Shape shape;                             // [C, H, W] or [features]
  int64_t states = 0, multiplications = 0; // the latter of one update
  bool decides = true;                     // it compares: what it emits is a spike or nothing
  int64_t elements() const;
};

// … and what enters a layer of synapses.
struct ObservedSynapses {
  std::string path, kind;
  rvb_role input_role =
      RVB_INPUT; // RVB_INPUT: the program's input; else the result of @observe with this role and name
  std::string input;
  Shape input_shape, shape;
  bool first = false;             // no neuron stands before it: it reads the image, pooled or not
  bool binary = false;            // or ternary
  double ternary_threshold = -1;  // times the mean of |w|: weights up to it are 0; below 0: no ternary weights
  int64_t dense = 0;              // operations a step, padding taps counted
  int64_t weights = 0, bytes = 0; // bytes when deployed
  int64_t scales = 0;             // multiplications a step that remain of BatchNorm when deployed
  int64_t kernel[2] = {1, 1}, stride[2] = {1, 1}, padding[2] = {0, 0}; // conv2d
  int64_t dilation[2] = {1, 1}, groups = 1;                            //
  std::string input_text() const;                                      // "image", "spikes:unit1.reverb": for people
  bool convolution() const { return kind == "conv2d"; }
  const char* weights_kind() const { return ternary_threshold >= 0 ? "ternary" : binary ? "signs" : "real"; }
};

using recipe::Recipe;

// What enters a binary layer: a result of @ranges.
struct SpikeRange {
  std::string layer;
  int64_t elements = 0; // numbers a sample
  int64_t channels = 1; // the innermost axis
  // Of programs with spikes in fixed point: integers of 16 or 32 bits up to `limit`, spikes times `scale`; the largest
  // spike of the calibration.
  int64_t bits = 0, limit = 0; // 0: floats
  double scale = 1, largest = 0;
};

struct Manifest {
  std::string name, source_hash, compiler, target;
  bool deployed = false, sequence = false;
  Shape input; // [C, H, W], [features] or any other dimensions, the channels first
  int64_t steps = 1, channels = 1, height = 1, width = 1, classes = 1;
  bool regression = false; // the network returns numbers, `classes` of them, and learns numbers
  std::vector<Parameter> parameters;
  std::vector<ObservedNeuron> neurons; // both empty in programs without @observe
  std::vector<ObservedSynapses> synapses;
  std::vector<SpikeRange> ranges; // mostly none
  Recipe recipe;
  nlohmann::ordered_json json; // all of it

  bool takes_images() const { return input.size() == 3; }
  int64_t pixels() const { return channels * height * width; } // floats of one frame
  // What the parameters are that are packed into bits: "signs", or with ternary ones "binary or ternary".
  const char* packed_kind() const;
};

// Failure(internal) when the text is not a manifest: the compiler wrote it, the user cannot have broken it.
Manifest parse_manifest(const std::string& text);

} // namespace rvb::runtime
