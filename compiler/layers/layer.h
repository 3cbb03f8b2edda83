// A layer of the language is one row of layers.def and one file here, which says all that is known of it: how it is
// called, what shape it gives, what it learns, which operations it is made of. sema, irgen and the summary ask the row.
#pragma once

#include "layers/build.h"
#include "layers/network.h"

#include <optional>

namespace rvb::layers {

// What summaries, graphs and counts tell apart.
enum class Family { input, synapses, normalisation, neuron, other };

// Why a call is refused; sema makes a diagnostic of it.
struct Fault {
  Code code = Code::wrong_rank;
  std::string message;
  std::string label;
  std::string note, help;    // may be empty
  bool at_name = false;      // points at the layer's name instead of the whole call
  bool shows_inputs = false; // points at what flows in, too
  bool shows_way = false;    // the shapes on the way from the network's input
};

struct Row {
  const char* name;
  Family family = Family::other;
  std::vector<Slot> slots; // of a call, tensors first

  // The output for `layer`, whose inputs and arguments are known; nothing and a fault where it cannot be. Null: it is
  // the first input's.
  std::optional<Tensor> (*output)(const Network& network, const Layer& layer, Fault& fault) = nullptr;

  // What it learns, `name` being what follows the layer's path. Null: nothing.
  std::vector<Parameter> (*parameters)(const Network& network, const Layer& layer) = nullptr;

  // Appends its operations and gives the output. Types are checked against `output` by the caller.
  ir::Value (*build)(Build& build) = nullptr;

  bool reserved = true;         // no definition of a program may have its name
  bool listed = true;           // in summaries; steps of an expression are not
  bool called = true;           // by its name in a program; the input and neurons are made otherwise
  bool keeps_values = false;    // the output is the input in another order: an event there is an event here
  bool reads_labels = false;    // in training alone
  bool reads_numbers = false;   // the labels are numbers, not classes
  bool draws = false;           // random numbers in training
  bool reads_progress = false;  // of training, in training
  bool reads_sizes = false;     // of its inputs the sizes alone: they are none in the network
  bool for_all_samples = false; // reads, too, what is learned: tensors that are the same for all samples
  // Whether all time steps are treated alike, so that it can be run step by step. Null: yes.
  bool (*alike_in_time)(const Network& network, const Layer& layer) = nullptr;
};

// A row that is called, with what most layers say of themselves.
Row called_row(const char* name, std::vector<Slot> slots,
               std::optional<Tensor> (*output)(const Network& network, const Layer& layer, Fault& fault),
               ir::Value (*build)(Build& build));

namespace rows {
#define LAYER(name) extern const Row name;
#include "layers/layers.def"
#undef LAYER
} // namespace rows

const std::vector<const Row*>& table();
const Row* find(const std::string& name); // one that programs may call; null when there is none

// Where @observe shows what enters a synaptic layer: the input, a neuron's spikes, or the layer's events.
ir::Port observed_input(const Network& network, const Layer& layer);

// `alike_in_time` of layers of several inputs: what a sample has for all its steps, a mean over time, is known only
// after the last step.
bool alike_with_inputs(const Network& network, const Layer& layer);

// Faults of several layers.
bool is_image(const Tensor& tensor);
bool is_vector(const Tensor& tensor);
Fault wrong_rank(const Tensor& found, const std::string& wanted, const std::string& help = "");
Fault no_time(const Tensor& found, const std::string& to_do);

} // namespace rvb::layers
