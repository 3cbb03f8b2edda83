// Layers as IR text.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>
#include <vector>

namespace rvb::layerkernels {

std::string list(std::initializer_list<int64_t> numbers); // "3, 4"

struct Convolution {
  int64_t h, w, in, out, kernel, stride, pad, batch;
  std::string lead = "?"; // the axes before a picture's: "?", samples; "2,?", steps and samples

  int64_t out_height() const { return (h + 2 * pad - kernel) / stride + 1; }
  int64_t out_width() const { return (w + 2 * pad - kernel) / stride + 1; }
  std::string input(const std::string& element) const; // types: "f32[2,?,5,7,3]"
  std::string output(const std::string& element) const;
  std::string input_slice(const std::string& element) const; // what a scan sees of it
  std::string output_slice(const std::string& element) const;
  std::string bits() const;
  // The operation %r = binary_conv2d(%x, %b), a line.
  std::string synapses(const std::string& sums, bool sparse = false) const;
};
std::ostream& operator<<(std::ostream& out, const Convolution& c);

// Sizes that end inside of vectors, tiles and words, with strides, paddings, several images and steps.
std::vector<Convolution> convolutions();

// Functions @f whose first operation is a convolution's synapses; a neuron that joins them may follow.
std::string sums_text(const Convolution& c, const std::string& spikes); // "f32", "i16", "i32"
std::string alpha_text(const Convolution& c);                           // alpha on the spikes, in training
// The gradient by the input; with alpha and a mask after it.
std::vector<std::string> input_gradient_texts(const Convolution& c);
// Spikes in fixed point: sums of integers, exact; the neuron emits both kinds again.
std::string whole_numbers_text(const Convolution& c, const std::string& spikes);
// The neuron in integers as well: exact.
std::string whole_neuron_text(const Convolution& c, const std::string& spikes);
// A scale and a shift a channel, a residual, two emissions.
std::string residual_text(const Convolution& c);
// A membrane through time, from a number or from a tensor; its last value is read.
std::string membrane_text(const Convolution& c, bool given);

// @f(%x, %b), which returns the sums alone: what `synapses` names %r.
std::string sums_text(const std::string& x, const std::string& bits, const std::string& sums,
                      const std::string& synapses);

// Such a function with binary_linear.
std::string linear_text(int64_t in, int64_t out, const std::string& lead, const std::string& spikes,
                        bool sparse = false);

} // namespace rvb::layerkernels
