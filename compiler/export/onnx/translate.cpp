#include "export/onnx/translate.h"

#include "analysis/known.h"
#include "support/result.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace rvb::exporting {

int Tensor::place(int64_t axis) const {
  return static_cast<int>(std::find(order.begin(), order.end(), axis) - order.begin());
}

Dims Tensor::dims() const {
  Dims result;
  for (const int dimension : order)
    result.push_back(type.dims[static_cast<size_t>(dimension)]);
  return result;
}

std::vector<int> identity_order(int rank) {
  std::vector<int> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<int> channels_first(const ir::Type& type, int leading) {
  std::vector<int> order = identity_order(type.rank());
  std::rotate(order.begin() + leading, order.end() - 1, order.end());
  return order;
}

// As PyTorch has it: channels before what lies in space. The batch is the last of the leading dimensions.
std::vector<int> input_order(const ir::ValueInfo& parameter) {
  const std::vector<int64_t>& dims = parameter.type.dims;
  const auto batch = std::find(dims.begin(), dims.end(), ir::batch) - dims.begin();
  if (parameter.port.role != ir::Role::input || batch + 1 >= parameter.type.rank())
    return identity_order(parameter.type.rank());
  return channels_first(parameter.type, static_cast<int>(batch) + 1);
}

namespace {

const std::map<ir::Opcode, Emit>& table() {
  static const std::map<ir::Opcode, Emit> all = {
#define RVB_ONNX(operator) {ir::Opcode::operator, emits::operator},
#include "export/onnx/operators.def"
#undef RVB_ONNX
  };
  return all;
}

template <class Value> std::string bytes_of(const std::vector<Value>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value));
}

bool elementwise(const ir::Op& op) {
  return (ir::info(op.opcode).traits & ir::elementwise) != 0;
}

} // namespace

Graph Translator::run(const std::string& name) {
  root_.name = name;
  for (const ir::Value parameter : function_.parameters) {
    const ir::ValueInfo& info = function_.values[static_cast<size_t>(parameter)];
    const Tensor input{unique(info.name), info.type, input_order(info)};
    if (image_.name.empty() || !image_.type.has_batch())
      image_ = input;
    root_.inputs.push_back({input.name, kind_of(info.type.element), input.dims()});
    bind(parameter, {{}, nullptr, input});
  }
  std::vector<std::string> results;
  for (const ir::Port& port : function_.result_ports)
    results.push_back(unique(port.name));
  emit(function_.ops);
  layer_.clear();
  for (size_t r = 0; r < function_.results.size(); ++r) {
    const ir::Operand& result = function_.results[r];
    const Tensor value = whole(bound(result), type(result), identity_order(type(result).rank()));
    root_.nodes.push_back({"Identity", {value.name}, {results[r]}, {}});
    root_.outputs.push_back({results[r], kind_of(value.type.element), value.dims()});
  }
  root_.nodes.insert(root_.nodes.begin(), first_.begin(), first_.end());
  root_.drop_unused();
  return std::move(root_);
}

void Translator::emit(const std::vector<ir::Op>& ops) {
  for (const ir::Op& op : ops) {
    set_layer(op.layer);
    // What is made of constants alone is numbers, which the reader of the value writes as it needs them.
    if (op.opcode == ir::Opcode::constant || (graphs_.size() == 1 && elementwise(op))) {
      std::optional<std::vector<float>> numbers;
      const auto constant = module_.constants.find(op.text("name"));
      const ir::Type& type = function_.type(op.results[0]);
      if (op.opcode == ir::Opcode::constant && type.element != ir::Element::f32) {
        const std::vector<uint8_t>& bytes = constant->second.bytes;
        bind(op.results[0],
             this->constant({kind_of(type.element), type.dims, {bytes.begin(), bytes.end()}}, "constant"),
             identity_order(type.rank()));
        continue;
      }
      if (op.opcode == ir::Opcode::constant)
        numbers = constant->second.floats();
      else if (type.element == ir::Element::f32 && !type.has_batch())
        numbers = analysis::known_numbers(module_, function_, op.results[0]);
      if (numbers) {
        bind(op.results[0], {{},
                             std::make_shared<const std::vector<float>>(std::move(*numbers)),
                             {"", type, identity_order(type.rank())}});
        continue;
      }
    }
    const auto row = table().find(op.opcode);
    if (elementwise(op))
      emit_elementwise(*this, op);
    else if (row != table().end())
      row->second(*this, op);
    else
      throw Failure(Exit::user,
                    std::string("`") + ir::info(op.opcode).name + "` of layer `" + op.layer + "` has no ONNX form");
  }
}

const ir::Type& Translator::type(const ir::Operand& operand) const {
  static const ir::Type scalar;
  return operand.is_literal() ? scalar : function_.type(operand.value);
}

Bound Translator::bound(const ir::Operand& operand) const {
  if (operand.is_literal())
    return {operand.number, nullptr, {}};
  return bound_.at(operand.value);
}

std::optional<double> Translator::least_of(const ir::Operand& mask, const ir::Operand& u) const {
  const auto found = masks_.find(mask.value);
  if (mask.is_literal() || u.is_literal() || found == masks_.end() || found->second.first != u.value)
    return std::nullopt;
  return found->second.second;
}

void Translator::bind(ir::Value value, std::string name, std::vector<int> order) {
  bind(value, {{}, nullptr, {std::move(name), function_.type(value), std::move(order)}});
}

// A state may begin as a number, or be one a channel: an operator that is not elementwise wants all of it.
Tensor Translator::tensor(const ir::Operand& operand) {
  const Bound value = bound(operand);
  const ir::Type& whole_type = type(operand);
  if (value.literal ? whole_type.rank() > 0 : value.tensor.type.rank() < whole_type.rank())
    return whole(value, whole_type, identity_order(whole_type.rank()));
  return as_bound(operand);
}

Tensor Translator::as_bound(const ir::Operand& operand) {
  const Bound value = bound(operand);
  if (value.literal)
    return {number(*value.literal, ir::Element::f32), {}, {}};
  if (!value.tensor.name.empty())
    return value.tensor;
  Tensor made = value.tensor;
  made.name = weights(made.type.dims, *value.known, "constant");
  if (!operand.is_literal())
    bind(operand.value, {{}, value.known, made});
  return made;
}

Tensor Translator::arranged(const Tensor& tensor, const std::vector<int>& order) {
  if (tensor.order == order)
    return tensor;
  Tensor result{"", tensor.type, order};
  std::string local;
  std::string& name = graphs_.size() == 1 ? arranged_[{tensor.name, order}] : local; // parts are not read from outside
  if (name.empty()) {
    std::vector<int64_t> places;
    for (const int dimension : order)
      places.push_back(tensor.place(dimension));
    name = node("Transpose", {tensor.name}, "arranged", {{"perm", places}});
  }
  result.name = name;
  return result;
}

std::string Translator::spread(const ir::Operand& operand, const ir::Type& result, const std::vector<int>& order,
                               ir::Element element) {
  const Bound value = bound(operand);
  if (value.literal)
    return number(*value.literal, element);
  const ir::Type& own = value.tensor.type;
  if (value.known && value.known->size() == 1)
    return number(value.known->front(), own.element);
  if (own.rank() == result.rank())
    return arranged(as_bound(operand), order).name;
  if (own.rank() == 0)
    return as_bound(operand).name;
  // One number a channel, which is the innermost dimension of the IR.
  const Tensor place{"", result, order};
  Dims dims(static_cast<size_t>(result.rank() - place.place(result.rank() - 1)), 1);
  dims[0] = own.channels();
  return value.known ? weights(dims, *value.known, "channels") : reshaped(as_bound(operand).name, dims, "channels");
}

Tensor Translator::whole(const Bound& value, const ir::Type& type, const std::vector<int>& order) {
  if (!value.tensor.name.empty() && value.tensor.type.rank() == type.rank())
    return arranged(value.tensor, order);
  Tensor result{"", type, order};
  std::string small;
  if (value.literal)
    small = number(*value.literal, type.element);
  else {
    Dims dims(static_cast<size_t>(type.rank() - result.place(type.rank() - 1)), 1);
    if (value.tensor.type.rank() == type.rank()) // numbers that are not in the graph yet
      return arranged({weights(value.tensor.type.dims, *value.known, "constant"), type, identity_order(type.rank())},
                      order);
    if (value.tensor.type.rank() == 1)
      dims[0] = value.tensor.type.channels();
    small = value.known ? weights(dims, *value.known, "channels") : reshaped(value.tensor.name, dims, "channels");
  }
  result.name = node("Expand", {small, shape_of(result.dims())}, "whole");
  return result;
}

std::string Translator::unique(const std::string& hint) {
  std::string name = hint;
  while (!names_.insert(name).second)
    name = hint + "_" + std::to_string(++counts_[hint]);
  return name;
}

std::string Translator::node(const std::string& type, const std::vector<std::string>& inputs, const std::string& hint,
                             Attributes attributes) {
  return nodes(type, inputs, {hint}, std::move(attributes)).front();
}

std::vector<std::string> Translator::nodes(const std::string& type, const std::vector<std::string>& inputs,
                                           const std::vector<std::string>& hints, Attributes attributes) {
  Node node{type, inputs, {}, std::move(attributes)};
  for (const std::string& hint : hints)
    node.outputs.push_back(unique(layer_.empty() ? hint : layer_ + "/" + hint));
  graphs_.back()->nodes.push_back(node);
  return node.outputs;
}

std::string Translator::reshaped(const std::string& name, const Dims& dims, const std::string& hint) {
  return node("Reshape", {name, integers(dims)}, hint);
}

std::string Translator::constant(Numbers numbers, const std::string& hint) {
  const bool small = numbers.bytes.size() <= 64;
  std::string key = std::to_string(static_cast<int>(numbers.kind)) + ":" + std::to_string(numbers.dims.size()) + ":";
  for (const int64_t extent : numbers.dims)
    key += std::to_string(extent) + ",";
  key += numbers.bytes;
  if (small)
    if (const auto found = scalars_.find(key); found != scalars_.end())
      return found->second;
  const std::string name = unique(small || layer_.empty() ? hint : layer_ + "/" + hint);
  root_.constants.emplace_back(name, std::move(numbers));
  if (small)
    scalars_[key] = name;
  return name;
}

std::string Translator::integers(const Dims& values) {
  return constant({Kind::i64, {static_cast<int64_t>(values.size())}, bytes_of(values)}, "dims");
}

std::string Translator::integer(int64_t value) {
  return constant({Kind::i64, {}, bytes_of(Dims{value})}, "index");
}

std::string Translator::number(double value, ir::Element element) {
  if (element == ir::Element::i32)
    return constant({Kind::i32, {}, bytes_of(std::vector<int32_t>{static_cast<int32_t>(value)})}, "integer");
  return constant({Kind::f32, {}, bytes_of(std::vector<float>{static_cast<float>(value)})}, "number");
}

std::string Translator::weights(const Dims& dims, const std::vector<float>& values, const std::string& hint) {
  const bool signs = values.size() >= 64 && std::all_of(values.begin(), values.end(), [](float value) {
                       return value == 1 || value == -1 || (value == 0 && !std::signbit(value));
                     });
  if (!signs)
    return constant({Kind::f32, dims, bytes_of(values)}, hint);
  const std::vector<int8_t> narrow(values.begin(), values.end());
  const std::string packed = constant({Kind::i8, dims, bytes_of(narrow)}, hint + "_signs");
  const std::string name = unique(layer_ + "/" + hint);
  first_.push_back({"Cast", {packed}, {name}, {{"to", int64_t{static_cast<int>(Kind::f32)}}}});
  return name;
}

std::string Translator::shape_of(const Dims& dims) {
  const auto batch = std::find(dims.begin(), dims.end(), ir::batch);
  if (batch == dims.end())
    return integers(dims);
  if (batch_.empty()) {
    const Dims image = image_.dims();
    const int64_t place = std::find(image.begin(), image.end(), ir::batch) - image.begin();
    const std::string all = unique("shape");
    batch_ = unique("batch");
    const std::string which = integers({place});
    first_.push_back({"Shape", {image_.name}, {all}, {}});
    first_.push_back({"Gather", {all, which}, {batch_}, {{"axis", int64_t{0}}}});
  }
  std::vector<std::string> parts;
  if (batch != dims.begin())
    parts.push_back(integers(Dims(dims.begin(), batch)));
  parts.push_back(batch_);
  if (batch + 1 != dims.end())
    parts.push_back(integers(Dims(batch + 1, dims.end())));
  return parts.size() == 1 ? batch_ : node("Concat", parts, "shape", {{"axis", int64_t{0}}});
}

} // namespace rvb::exporting
