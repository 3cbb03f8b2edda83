// An ONNX graph that is being made: nodes in order, the numbers they read, inputs and outputs. What reaches no output
// is left out when it is written. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto has the fields.
#pragma once

#include "export/onnx/message.h"
#include "ir/ir.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace rvb::exporting {

enum class Kind : int { f32 = 1, i8 = 3, i32 = 6, i64 = 7, boolean = 9 }; // of numbers, as TensorProto.DataType
Kind kind_of(ir::Element element);

using Dims = std::vector<int64_t>; // -1: the batch

struct Graph;

struct Node {
  using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::shared_ptr<Graph>>;

  std::string type; // the operator
  std::vector<std::string> inputs, outputs;
  std::map<std::string, Attribute> attributes;
};

struct Numbers {
  Kind kind = Kind::f32;
  Dims dims;
  std::string bytes; // little-endian, row-major
};

struct Port {
  std::string name;
  Kind kind = Kind::f32;
  Dims dims;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<std::pair<std::string, Numbers>> constants;
  std::vector<Port> inputs, outputs;

  // GraphProto; `batch` is what the batch's dimension says, "" for nothing: parts of a graph, whose types follow.
  Message written(const Message& batch) const;
  // Every name that it reads from outside, its parts' too.
  std::set<std::string> reads() const;
  void drop_unused(); // nodes and constants
};

// ModelProto (onnx.cpp).
Message onnx_model(const Graph& graph, const Message& batch);

} // namespace rvb::exporting
