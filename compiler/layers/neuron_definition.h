// What a neuron's definition says, its arguments filled in. sema makes it of the text, layers/rows/neuron.cpp a scan of
// it.
#pragma once

#include <string>
#include <vector>

namespace rvb::layers {

// Names of locals are numbered; operators are those of the IR's elementwise rows, by name ("add", "greater_equal",
// "select", "step", "detach", ...).
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

} // namespace rvb::layers
