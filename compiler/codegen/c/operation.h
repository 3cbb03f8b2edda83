// One operation of the IR as one function of C: its parameters as the operators' files ask for them, and its body. An
// operation that is made of synapses and the neuron after them is one function, too.
#pragma once

#include "codegen/c/text.h"
#include "codegen/c/writer.h"

#include <optional>

namespace rvb::codegen::c {

// How a binary layer's tables lie in RAM: `lanes` neighbouring words an entry, in each one pixel, or two as halves of
// 16 bits; tables of `words` * 8 groups of four spikes at a time.
struct Tables {
  int lanes = 1;
  bool halves = false; // of words
  int64_t words = 1;
  int64_t bytes = 0;
  int64_t pixels() const { return lanes * (halves ? 2 : 1); }
};

// What a function reads and writes besides what it computes with.
struct Argument {
  enum class Kind { value, tables, sums, states } kind = Kind::value;
  ir::Value value = ir::no_value;
};

class Operation {
public:
  Operation(Writer& writer, const ir::Function& function, const ir::Op& op, const ir::Op* neuron, const Tables* tables)
      : writer(writer), function(function), op(op), neuron(neuron), tables(tables) {}

  Writer& writer;
  const ir::Function& function;
  const ir::Op& op;
  const ir::Op* neuron; // that runs with the synapses `op`; null: none
  const Tables* tables; // of a binary layer
  Text body{1};         // between the function's braces

  ir::Type type(const ir::Operand& operand) const {
    return operand.is_literal() ? ir::Type{} : function.type(operand.value);
  }
  const ir::Type& result(size_t i = 0) const { return function.type(op.results[i]); }

  std::string read(const ir::Operand& operand); // a pointer to its first element
  std::string write(ir::Value value);
  std::string scratch(Argument::Kind kind, const std::string& type);
  bool wanted(ir::Value value) const { return unread.count(value) == 0; }

  std::set<ir::Value> unread; // results that nobody reads
  std::vector<Argument> arguments;

  std::string finish(const std::string& hint); // the function's name

  [[noreturn]] void refuse(const std::string& why) const;

private:
  std::string parameter(const Argument& argument, const std::string& type);

  std::map<ir::Value, std::string> names_;
  std::string parameters_;
};

using Emit = void (*)(Operation& out);
namespace emits {
#define RVB_C(operator) void operator(Operation& out);
#include "codegen/c/operators.def"
#undef RVB_C
} // namespace emits
void emit_elementwise(Operation& out); // an operation by itself, as the body of a scan with nothing else in it
Emit find_emit(ir::Opcode opcode);     // null: the operator has no C form

// An elementwise operation on expressions of C; names of variables or constants.
std::string expression(const Operation& out, const ir::Op& op, const std::vector<std::string>& operands,
                       ir::Element element);
// The body of a scan at one element: `value` gives the expression of a parameter or of a literal. Writes a line an
// operation and returns the expressions of what it yields.
std::vector<std::string> write_body(Operation& out, const ir::Op& scan, std::map<ir::Value, std::string> values);

// Synapses that are summed for a few pixels at a time, at the places of one output row.
struct Sums {
  std::string function; // void(const x*, at, top, left, [tables,] sums); at, top and left are of the first tap
  ir::Element spikes = ir::Element::f32, sum = ir::Element::f32;
  int64_t pixels = 1; // at a time
  bool tables = false;
};
Sums binary_sums(Operation& out);
Sums real_sums(Operation& out);
void emit_layer(Operation& out, const Sums& sums); // all pixels and time steps, with the neuron
// Bytes that such a function works in.
struct Scratch {
  int64_t tables = 0, sums = 0, states = 0;
  int64_t bytes() const { return tables + sums + states; }
};
Scratch scratch_of(const ir::Function& function, const ir::Op& op, const ir::Op* neuron, const Tables* tables);

// Geometry of a convolution; a linear layer is one of a single pixel.
struct Window {
  int64_t height = 1, width = 1, in = 1, out_height = 1, out_width = 1, out = 1;
  int64_t kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1, pad_y = 0, pad_x = 0, tap_y = 1, tap_x = 1;
  int64_t taps() const { return kernel_y * kernel_x; }
  int64_t groups() const { return (in + 3) / 4; }               // of four channels
  int64_t words() const { return (taps() * groups() + 7) / 8; } // of eight groups
};
Window window_of(const ir::Function& function, const ir::Op& op);
// The ways to lay out a binary layer's tables, the fastest first.
std::vector<Tables> table_choices(const ir::Function& function, const ir::Op& op);

} // namespace rvb::codegen::c
