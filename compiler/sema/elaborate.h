// Unrolls the network: runs its statements, calls blocks, and writes down one layer for every layer call. Values are
// dynamically typed; after a mistake a value is `error` and everything that reads it stays silent, so that one run
// finds several mistakes. The work is bounded (Limits): no text can make this run for long or fill the memory.
//
// The class is spread over the files named in the comments below.
#pragma once

#include "layers/layer.h"
#include "sema/builtins.h"
#include "sema/modules.h"

#include <set>
#include <tuple>

namespace rvb::sema {

struct Limits {
  static constexpr int64_t steps = 400000; // expressions evaluated
  static constexpr int64_t layers = 10000;
  static constexpr int64_t iterations = 10000;               // of one `repeat`
  static constexpr int depth = 250;                          // of evaluation, through calls
  static constexpr int calls = 50;                           // blocks in blocks
  static constexpr int64_t elements = layers::most_elements; // of a tensor
  static constexpr size_t dimensions = ir::max_rank - 2;     // of the input: time and batch come on top
  static constexpr int64_t parameters = int64_t(1) << 31;    // of the model
  static constexpr int64_t extent = 1 << 20;                 // kernel, stride, padding, channels, steps
  static constexpr size_t path = 500;                        // bytes of a layer's path
  static constexpr size_t neuron_nodes = 2000;               // of one neuron
  static constexpr size_t all_neuron_nodes = 100000;         // of all different neurons
};

// The variables and the layer names of one call of a block, of the network, or of a neuron's or file's expressions.
struct Scope {
  std::map<std::string, Value> names;
  std::string path;                                     // "unit1." before the names of its layers
  std::set<std::string> taken;                          // layer names in this scope
  std::map<std::string, Range> places;                  // where a taken name was given
  std::map<std::string, int> counters;                  // conv2d, conv2d_2, …
  std::vector<int64_t> repeats;                         // the variables of the `repeat`s around, outermost first
  std::optional<Value> result;                          // of `return`
  std::optional<Value> first;                           // a block's first tensor
  bool cell = false;                                    // of a cell's step
  std::vector<std::pair<std::string, Value>> states;    // of a cell, as a step begins
  const ast::Item* function = nullptr;                  // whose body it is
  std::vector<std::pair<std::string, Value>> gradients; // of a function, by a parameter
  bool command_line = false;                            // of -D: the model's values are not known yet
  bool unsure = false;                                  // a mistake hid some assignments: unknown names are no news
};

// Arguments sorted to parameters.
struct Bound {
  bool ok = true; // names and number fit
  std::vector<std::optional<Value>> values;
  std::vector<Range> ranges;
};

// The arguments of a call as written, evaluated; what a pipeline brings stands first.
struct Actuals {
  const ast::Expr* call = nullptr;
  const Value* flow = nullptr;
  Range flow_range;
  std::vector<Value> values; // one an argument of the call
};

// Counts a level of recursion as long as it lives.
struct Level {
  int& depth;
  explicit Level(int& depth) : depth(depth) { ++depth; }
  ~Level() { --depth; }
};

class Elaborator {
public:
  Elaborator(const Sources& sources, Modules& modules, Diagnostics& diagnostics);

  void evaluate_values(const std::map<std::string, Value>& defines); // params and lets; statements.cpp
  std::optional<Program> run();                                      // network.cpp
  Diagnostic& report(Code code, Range where, std::string message, std::string label = "");

  Value one_of(const Value& value, const ast::Item& item); // statements.cpp

  // evaluate.cpp
  Value evaluate(const ast::Expr& expr, Scope& scope);
  Value lookup(const std::string& name, Range range, const Scope& scope);
  Value binary_numbers(const std::string& sign, const Value& a, const Value& b, Range range);

  layers::Tensor tensor_of(const Value& tensor) const {
    return program_.layers[static_cast<size_t>(tensor.layer)].tensor();
  }

private:
  friend class NeuronBuilder;
  friend class RecipeReader;

  // evaluate.cpp
  Value dispatch(const ast::Expr& expr, Scope& scope);
  Value list(const ast::Expr& expr, Scope& scope);
  Value index(const ast::Expr& expr, Scope& scope);
  Value unary(const ast::Expr& expr, Scope& scope);
  Value binary(const ast::Expr& expr, Scope& scope);
  Value comparison(const ast::Expr& expr, const Value& a, const Value& b);
  std::optional<bool> truth(const Value& value, Range range);
  std::vector<std::string> visible_names(const Scope& scope) const;

  // weights.cpp
  Value call_weights(const ast::Expr& expr, Scope& scope);
  bool weights_of(const ast::Argument& argument, Scope& scope, Value& value);
  bool make_weights(Layer& layer, const ast::Expr& expr, const Value& kind);

  // calls.cpp
  Value call(const ast::Expr& expr, const Value* flow, Range flow_range, Scope& scope);
  Bound bind(const std::string& what, const std::vector<Slot>& slots, const Actuals& actuals);
  Value call_function(const FunctionInfo& function, const Bound& bound, const ast::Expr& expr);
  Value call_on_numbers(const FunctionInfo& function, const Bound& bound, const ast::Expr& expr);
  Value call_block(const ast::Item& item, const Actuals& actuals, Scope& scope);
  Value call_neuron(const Value& neuron, const Actuals& actuals, Scope& scope);
  bool only_a_value(const std::string& name, const Scope& scope) const;
  Value unknown_callee(const ast::Expr& expr, const Scope& scope);
  bool no_instance(const ast::Expr& expr);

  // tensors.cpp: elementwise operations
  struct Surrogate {
    std::string name;
    double width;
  };
  Value operation(const std::string& name, const std::vector<Value>& operands, Range range, Scope& scope,
                  const Surrogate& surrogate = {"", 1});
  Value tensor_binary(const ast::Expr& expr, const Value& a, const Value& b, Scope& scope);
  Value tensor_function(const FunctionInfo& function, const Bound& bound, const ast::Expr& expr, Scope& scope);
  Value with_gradients(const Value& result, Range range, Scope& scope);
  Value axes(const ast::Expr& expr, Scope& scope);
  void trained(const ast::Statement& statement, Scope& scope);
  bool trained_shape(const ast::Expr& over, Layer& layer, Scope& scope);

  // cells.cpp
  bool enter_cell(const ast::Item& item, const ast::Expr& expr, Scope& inner);
  Value call_cell(const ast::Item& item, const ast::Expr& expr, Scope& inner);
  void state(const ast::Statement& statement, Scope& scope);

  // teachers.cpp
  bool same_input(const ast::Item& network, const Value& given, const ast::Expr& expr);
  Value call_teacher(const ast::Item& network, const Actuals& actuals, Scope& scope);
  void find_loss(const Scope& scope);
  void find_task();
  void check_for_loss(const Layer& layer);

  // statements.cpp
  void execute(const ast::Body& body, Scope& scope);
  void execute(const ast::Statement& statement, Scope& scope);
  void repeat(const ast::Statement& statement, Scope& scope);
  void gradient(const ast::Statement& statement, Scope& scope);

  bool read_arguments(Layer& layer, const ast::Expr& call, const Bound& bound); // arguments.cpp

  // layers.cpp
  Value call_layer(const layers::Row& row, const ast::Expr& expr, const Bound& bound, Scope& scope);
  Value add_tensors(int a, int b, Range range, Scope& scope);
  Value finish(Layer layer, Range name);
  void refuse(const layers::Fault& fault, const Layer& layer, Range name);
  Value append(Layer layer);
  std::string layer_name(const ast::Expr& expr, const std::string& base, Scope& scope);
  std::string shapes_so_far(int layer) const;

  // network.cpp
  bool input(const ast::Item& network, Scope& scope);
  bool output(const ast::Item& network, const Scope& scope);
  void drop_unused();
  void make_parameters();
  void check_unused_neurons();

  int neuron_index(const ast::Item& item, const std::vector<Value>& arguments); // neuron.cpp
  void read_recipe();                                                           // recipe.cpp

  const Sources& sources_;
  Modules& modules_;
  Diagnostics& diagnostics_;
  bool dropped_ = false; // the last report: there are too many, nobody reads it
  Program program_;
  Scope globals_;
  int64_t steps_ = 0;
  int depth_ = 0;
  int cell_ = -1;        // the cell whose step is at hand
  int teacher_ = -1;     // the trained network at hand
  bool stopped_ = false; // a limit was reached and reported
  struct Frame {
    std::string block;
    Range site;
  };
  std::vector<Frame> frames_; // the calls of blocks at hand
  std::set<std::tuple<int, int, uint32_t, uint32_t>> reported_;
  std::map<std::string, int> neuron_cache_;
  std::set<const ast::Item*> used_neurons_;
  std::vector<Range> recipe_ranges_;
  size_t neuron_nodes_ = 0;
  Diagnostic repeated_; // what reports about a place already reported write to

  void stop(Code code, Range where, const std::string& message, const std::string& label);
};

using layers::elements;
using layers::text_of;

} // namespace rvb::sema
