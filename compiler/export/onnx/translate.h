// A function of the IR as an ONNX graph, operation by operation. Values keep their dimensions in the graph in any
// order: images lie as [N, C, H, W] there, the IR has channels innermost, and what does not care (neurons) takes what
// it gets. A Transpose stands only where an operator wants another order.
#pragma once

#include "export/onnx/graph.h"

#include <optional>

namespace rvb::exporting {

// A value in the graph: dimension i there is dimension order[i] of the IR's type.
struct Tensor {
  std::string name; // "": not in the graph yet (known numbers)
  ir::Type type;
  std::vector<int> order;

  int place(int64_t axis) const; // of a dimension of the type
  Dims dims() const;             // in the graph
};
std::vector<int> identity_order(int rank);
std::vector<int> channels_first(const ir::Type& type, int leading); // leading dimensions, then channels, then the rest

// What a value of the IR stands for while operations are written.
struct Bound {
  std::optional<double> literal;
  std::shared_ptr<const std::vector<float>> known; // numbers that are made of constants alone
  Tensor tensor;
};

std::vector<int> input_order(const ir::ValueInfo& parameter); // of the model's input

class Translator {
public:
  // `scan`: time is a Scan instead of a copy of the body for every step.
  Translator(const ir::Module& module, const ir::Function& function, bool scan)
      : module_(module), function_(function), scan_(scan) {}

  Graph run(const std::string& name);

  // For the operators' files.
  using Attributes = std::map<std::string, Node::Attribute>;
  const ir::Function& function() const { return function_; }
  const ir::Type& type(const ir::Operand& operand) const;
  Bound bound(const ir::Operand& operand) const;
  void bind(ir::Value value, Bound bound) { bound_[value] = std::move(bound); }
  void bind(ir::Value value, std::string name, std::vector<int> order);

  Tensor tensor(const ir::Operand& operand); // in the graph, in any order
  Tensor arranged(const Tensor& tensor, const std::vector<int>& order);
  Tensor plain(const ir::Operand& operand) { // in the IR's order
    return arranged(tensor(operand), identity_order(type(operand).rank()));
  }
  // An operand of an elementwise operation whose result has this type and order; literals are of `element`.
  std::string spread(const ir::Operand& operand, const ir::Type& result, const std::vector<int>& order,
                     ir::Element element);
  // In the graph with every dimension of `type` in this order.
  Tensor whole(const Bound& bound, const ir::Type& type, const std::vector<int>& order);
  std::shared_ptr<const std::vector<float>> known(const ir::Operand& operand) const { return bound(operand).known; }

  // Masks `u >= number`, for those who select by them.
  void note_mask(ir::Value mask, ir::Value u, double least) { masks_[mask] = {u, least}; }
  std::optional<double> least_of(const ir::Operand& mask, const ir::Operand& u) const;

  void set_layer(const std::string& layer) { layer_ = layer; }
  std::string node(const std::string& type, const std::vector<std::string>& inputs, const std::string& hint,
                   Attributes attributes = {});
  std::vector<std::string> nodes(const std::string& type, const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& hints, Attributes attributes = {});
  std::string reshaped(const std::string& name, const Dims& dims, const std::string& hint);
  std::string integers(const Dims& values); // a constant
  std::string integer(int64_t value);       // a constant without dimensions
  std::string number(double value, ir::Element element);
  // Weights; -1, 0 and 1 are kept in 8 bits.
  std::string weights(const Dims& dims, const std::vector<float>& values, const std::string& hint);
  std::string shape_of(const Dims& dims); // as a value: the batch is asked for when the model runs
  std::string unique(const std::string& hint);

  void emit(const std::vector<ir::Op>& ops);
  void begin_part(Graph& part) { graphs_.push_back(&part); }
  void end_part() { graphs_.pop_back(); }
  bool scans() const { return scan_; }

private:
  Tensor as_bound(const ir::Operand& operand);
  std::string constant(Numbers numbers, const std::string& hint);

  const ir::Module& module_;
  const ir::Function& function_;
  const bool scan_;
  Graph root_;
  std::vector<Graph*> graphs_{&root_};
  std::vector<Node> first_; // what every part may read: widened signs, the size of the batch
  std::map<ir::Value, Bound> bound_;
  std::map<std::pair<std::string, std::vector<int>>, std::string> arranged_;
  std::map<ir::Value, std::pair<ir::Value, double>> masks_;
  std::map<std::string, std::string> scalars_; // by kind and bytes
  std::set<std::string> names_;
  std::map<std::string, int> counts_;
  std::string layer_, batch_; // batch_: [N], once asked for
  Tensor image_;              // an input with the batch
};

// An operator's nodes. The table is in translate.cpp: operators of training have none.
using Emit = void (*)(Translator& out, const ir::Op& op);
void emit_elementwise(Translator& out, const ir::Op& op);
namespace emits {
#define RVB_ONNX(operator) void operator(Translator& out, const ir::Op& op);
#include "export/onnx/operators.def"
#undef RVB_ONNX
} // namespace emits

} // namespace rvb::exporting
