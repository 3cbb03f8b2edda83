#include "export/onnx/graph.h"

#include <algorithm>
#include <stdexcept>

namespace rvb::exporting {

Kind kind_of(ir::Element element) {
  switch (element) {
  case ir::Element::f32: return Kind::f32;
  case ir::Element::boolean: return Kind::boolean;
  case ir::Element::i32: return Kind::i32;
  case ir::Element::u32:
  case ir::Element::i16: break;
  }
  throw std::logic_error("packed signs and narrow spikes are not exported");
}

namespace {

Message tensor_of(const std::string& name, const Numbers& numbers) {
  Message tensor;
  for (const int64_t extent : numbers.dims)
    tensor.integer(1, extent);
  tensor.integer(2, static_cast<int>(numbers.kind));
  tensor.bytes(8, name).bytes(9, numbers.bytes);
  return tensor;
}

Message port_of(const Port& port, const Message& batch) {
  Message shape, tensor, type, info;
  for (const int64_t extent : port.dims)
    shape.message(1, extent == ir::batch ? batch : Message().integer(1, extent));
  tensor.integer(1, static_cast<int>(port.kind)).message(2, shape);
  type.message(1, tensor);
  info.bytes(1, port.name).message(2, type);
  return info;
}

Message attribute_of(const std::string& name, const Node::Attribute& value, const Message& batch) {
  enum Type { real = 1, integer = 2, text = 3, graph = 5, integers = 7 };
  Message attribute;
  attribute.bytes(1, name);
  if (const auto* number = std::get_if<int64_t>(&value))
    attribute.integer(3, *number).integer(20, integer);
  else if (const auto* single = std::get_if<float>(&value))
    attribute.real(2, *single).integer(20, real);
  else if (const auto* word = std::get_if<std::string>(&value))
    attribute.bytes(4, *word).integer(20, text);
  else if (const auto* part = std::get_if<std::shared_ptr<Graph>>(&value))
    attribute.message(6, (*part)->written(batch)).integer(20, graph);
  else {
    for (const int64_t each : std::get<std::vector<int64_t>>(value))
      attribute.integer(8, each);
    attribute.integer(20, integers);
  }
  return attribute;
}

Message node_of(const Node& node, const Message& batch) {
  Message message;
  for (const std::string& input : node.inputs)
    message.bytes(1, input);
  for (const std::string& output : node.outputs)
    message.bytes(2, output);
  message.bytes(3, node.outputs.front()).bytes(4, node.type);
  for (const auto& [name, value] : node.attributes)
    message.message(5, attribute_of(name, value, batch));
  return message;
}

} // namespace

Message Graph::written(const Message& batch) const {
  Message graph;
  for (const Node& node : nodes)
    graph.message(1, node_of(node, batch));
  graph.bytes(2, name);
  for (const auto& [constant, numbers] : constants)
    graph.message(5, tensor_of(constant, numbers));
  for (const Port& port : inputs)
    graph.message(11, port_of(port, batch));
  for (const Port& port : outputs)
    graph.message(12, port_of(port, batch));
  return graph;
}

std::set<std::string> Graph::reads() const {
  std::set<std::string> names;
  for (const Port& output : outputs)
    names.insert(output.name);
  for (const Node& node : nodes) {
    names.insert(node.inputs.begin(), node.inputs.end());
    for (const auto& [name, value] : node.attributes)
      if (const auto* part = std::get_if<std::shared_ptr<Graph>>(&value))
        for (const std::string& read : (*part)->reads())
          names.insert(read);
  }
  return names;
}

void Graph::drop_unused() {
  std::set<std::string> needed;
  for (const Port& output : outputs)
    needed.insert(output.name);
  std::vector<Node> kept;
  for (size_t i = nodes.size(); i-- > 0;) {
    Node& node = nodes[i];
    if (std::none_of(node.outputs.begin(), node.outputs.end(),
                     [&](const std::string& name) { return needed.count(name) != 0; }))
      continue;
    needed.insert(node.inputs.begin(), node.inputs.end());
    for (const auto& [name, value] : node.attributes)
      if (const auto* part = std::get_if<std::shared_ptr<Graph>>(&value)) {
        (*part)->drop_unused();
        for (const std::string& read : (*part)->reads())
          needed.insert(read);
      }
    kept.push_back(std::move(node));
  }
  std::reverse(kept.begin(), kept.end());
  nodes = std::move(kept);
  constants.erase(std::remove_if(constants.begin(), constants.end(),
                                 [&](const auto& constant) { return needed.count(constant.first) == 0; }),
                  constants.end());
}

} // namespace rvb::exporting
