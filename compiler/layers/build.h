// What a layer's file sees while its operations are made: what flows in, its parameters, the builder.
#pragma once

#include "ir/builder.h"
#include "layers/network.h"

#include <map>
#include <memory>
#include <tuple>

namespace rvb::layers {

// What a function shows in addition to its output.
struct Shown {
  ir::Port port;
  ir::Value value;
};

// The loop of a cell while its layers are made: they stand in its body.
struct Loop {
  ir::Op op;
  std::vector<ir::Operand> sequences, initial; // operands, in the order of the body's parameters
  std::vector<ir::Value> slices, states;       // the parameters
  std::vector<Shown> shown;                    // values of the body
  std::vector<ir::Op>* outside = nullptr;      // where operations went before
};

class Build {
public:
  // The two readings of a network: with the batch's statistics and noise, or as it is used.
  enum class Phase { training, inference };

  Build(const Network& network, Phase phase, ir::Builder& builder) : ir(builder), network(network), phase_(phase) {}

  ir::Builder& ir;
  const Network& network;
  bool training() const { return phase_ == Phase::training && layer().teacher < 0; }
  bool in_training() const { return phase_ == Phase::training; } // the function, whatever the layer

  const Layer& layer() const { return network.layers[values.size()]; }
  ir::Value input(int i = 0) const;
  const ir::Type& type(ir::Value value) const { return ir.function().type(value); }
  ir::Value parameter(Role role, int slot = 0) const;

  // Inference: a value that is looked at (traces, counts of events). Training: what a running statistic moves to.
  void show(ir::Role role, ir::Value value);
  void update(Role statistic, int slot, ir::Value value);

  // An operation with one result; with several.
  ir::Value make(ir::Opcode opcode, std::vector<ir::Operand> operands, ir::Attributes attributes = {},
                 const std::string& hint = "") {
    return ir.build(opcode, std::move(operands), std::move(attributes), hint);
  }

  // The layers of a cell come in a row: from here on operations go into the body of a loop, until it is closed.
  void open_loop();
  // Ends the loop, which gives `emitted` of every step as a sequence and goes on with the states `next`.
  ir::Value close_loop(ir::Value emitted, const std::vector<ir::Value>& next, const std::string& hint);

  std::unique_ptr<Loop> loop;
  ir::Value labels = ir::no_value; // in training
  ir::Value image = ir::no_value;
  ir::Value progress = ir::no_value;                          // of training, 0 to 1; where a layer reads it
  ir::Value key = ir::no_value;                               // of random numbers: [seed, step]; where a layer draws
  std::vector<ir::Value> values;                              // one a layer that is made already
  std::map<std::tuple<int, Role, int>, ir::Value> parameters; // layer, role, slot
  std::vector<Shown> shown;

private:
  Phase phase_;
};

// The type of a tensor: the channels, first in a shape, are innermost: [C, H, W] becomes [H, W, C] after time and
// batch.
ir::Type type_of(const Network& network, const Tensor& tensor);

} // namespace rvb::layers
