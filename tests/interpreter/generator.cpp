#include "generator.h"

#include "ir/text.h"
#include "ops/ops.h"

#include <algorithm>

namespace rvb::interpreter {

using ir::Opcode;
using ir::Operand;
using ir::Type;
using ir::Value;

Generator::Generator(uint64_t seed, const RandomOptions& options)
    : random_(seed), options_(options), outermost_(function_, function_.ops, &ops::infer) {
  function_.name = options.name;
}

ir::Module Generator::run() {
  const int64_t height = random_.between(3, 6), width = random_.between(3, 6), channels = random_.between(1, 4);
  const Value image = parameter({ir::Element::f32, {ir::batch, height, width, channels}}, "image");
  pools_.tensors.push_back(emit(Opcode::repeat, {image}, {{"times", options_.steps}}));
  for (int i = 0; i < options_.operations; ++i) {
    builder_->set_layer(random_.one_in(3) ? "" : "layer" + std::to_string(random_.below(5)) + ".part");
    grow();
  }
  finish();
  module_.functions.push_back(std::move(function_));
  return std::move(module_);
}

Value Generator::emit(Opcode opcode, std::vector<Operand> operands, ir::Attributes attributes) {
  return builder_->build(opcode, std::move(operands), std::move(attributes), random_.one_in(2) ? "x" : "");
}

Value Generator::parameter(Type type, const std::string& hint) {
  const Value value = function_.add_value(std::move(type), hint);
  ir::ValueInfo& info = function_.values[static_cast<size_t>(value)];
  info.port = ir::port_of_value(info.name);
  function_.parameters.push_back(value);
  return read(value);
}

Value Generator::labels() {
  if (labels_ != ir::no_value)
    return read(labels_);
  const Value labels = parameter({ir::Element::i32, {ir::batch}}, "labels");
  labels_ = function_.parameters.back();
  return labels;
}

Value Generator::key() {
  if (key_ != ir::no_value)
    return read(key_);
  const Value key = parameter({ir::Element::i32, {2}}, "key");
  key_ = function_.parameters.back();
  return key;
}

Value Generator::constant(const ir::Constant& constant) {
  if (!options_.constants && constant.type.element != ir::Element::u32)
    return parameter(constant.type, "w" + std::to_string(random_.below(3)) + ".numbers");
  const std::string name = "c" + std::to_string(module_.constants.size());
  module_.constants[name] = constant;
  if (loop_ != nullptr && random_.one_in(2)) // outside of the loop
    return read(outermost_.constant(name, constant.type));
  return builder_->constant(name, constant.type);
}

Value Generator::weights(const std::vector<int64_t>& dims) {
  const Type type{ir::Element::f32, dims};
  if (!options_.constants || random_.one_in(2))
    return parameter(type, "w" + std::to_string(random_.below(3)) + ".weight");
  std::vector<float> numbers;
  for (int64_t i = 0; i < type.elements_per_sample(); ++i)
    numbers.push_back(static_cast<float>(random_.real(-1, 1)));
  return constant(ir::Constant::from_floats(dims, numbers));
}

Value Generator::whole_numbers(const std::vector<int64_t>& dims, int64_t bound) {
  std::vector<int32_t> numbers(static_cast<size_t>(Type{ir::Element::i32, dims}.elements_per_sample()));
  for (int32_t& number : numbers)
    number = static_cast<int32_t>(random_.between(-bound, bound));
  return constant(ir::Constant::from_integers(dims, numbers));
}

Value Generator::narrow_numbers(const std::vector<int64_t>& dims) {
  ir::Constant numbers{{ir::Element::i16, dims}, {}};
  for (int64_t i = 0; i < numbers.type.elements_per_sample(); ++i) {
    const auto bits = static_cast<uint16_t>(random_.between(-1023, 1023));
    numbers.bytes.push_back(static_cast<uint8_t>(bits & 0xff));
    numbers.bytes.push_back(static_cast<uint8_t>(bits >> 8));
  }
  return constant(numbers);
}

Value Generator::mask(int64_t channels) {
  ir::Constant mask{{ir::Element::boolean, {channels}}, {}};
  for (int64_t c = 0; c < channels; ++c)
    mask.bytes.push_back(random_.one_in(2) ? 1 : 0);
  return constant(mask);
}

Value Generator::bits(int64_t taps, int64_t in, int64_t out) {
  if (random_.one_in(3)) {
    const bool transposed = random_.one_in(2);
    const int64_t rows = transposed ? out : in, columns = transposed ? in : out;
    ir::Attributes attributes;
    if (transposed)
      attributes["transposed"] = int64_t{1};
    const Value latent = weights(taps == 1 && random_.one_in(2) ? std::vector<int64_t>{rows, columns}
                                                                : std::vector<int64_t>{1, taps, rows, columns});
    return emit(Opcode::pack_signs, {latent}, attributes);
  }
  const std::vector<int64_t> dims{taps, (in + 31) / 32, out};
  std::vector<uint32_t> words(static_cast<size_t>(Type{ir::Element::u32, dims}.elements_per_sample()));
  for (uint32_t& word : words)
    word = static_cast<uint32_t>(random_.next());
  return constant(ir::Constant::from_words(dims, words));
}

bool Generator::is_image(Value value) const {
  const Type& t = type(value);
  return t.rank() >= 4 && t.dims.end()[-3] != ir::batch && t.dims.end()[-2] != ir::batch;
}

Value Generator::pick() {
  const size_t window = std::min<size_t>(pools_.tensors.size(), 6);
  return pools_.tensors[pools_.tensors.size() - 1 - static_cast<size_t>(random_.below(static_cast<int64_t>(window)))];
}

std::optional<Value> Generator::pick_image() {
  std::vector<Value> images;
  for (const Value value : pools_.tensors)
    if (is_image(value))
      images.push_back(value);
  return images.empty() ? std::nullopt : std::optional(random_.of(images));
}

std::optional<Generator::Whole> Generator::pick_whole() {
  if (pools_.wholes.empty())
    quantize(pick());
  return pools_.wholes.empty() ? std::nullopt : std::optional(random_.of(pools_.wholes));
}

Operand Generator::partner(const Type& wanted) {
  std::vector<Value> same;
  for (const Value value : pools_.tensors)
    if (type(value) == wanted)
      same.push_back(value);
  if (!same.empty() && !random_.one_in(3))
    return random_.of(same);
  if (random_.one_in(2))
    return weights({wanted.channels()});
  return literal();
}

Operand Generator::literal() {
  // Exact in single precision, in which programs have them, and in its text.
  static const std::vector<double> numbers{0, 1, -1, 0.25, 0.5, 2, -0.75, 0x1p-10, 3.140625};
  return Operand::literal(random_.of(numbers));
}

void Generator::keep(Value value) {
  const Type& t = type(value);
  const bool useful = t.element == ir::Element::f32 && t.has_batch() && t.rank() >= 2 && t.rank() < ir::max_rank &&
                      t.dims.back() != ir::batch && t.elements_per_sample() <= 2048;
  (useful ? pools_.tensors : pools_.shown).push_back(value);
}

void Generator::grow() {
  const Value x = pick();
  switch (random_.below(24)) {
  case 0:
  case 1:
  case 2: return convolve(x);
  case 3: return pool(x);
  case 4: return normalise(x);
  case 5:
  case 6:
  case 7: return scan(x);
  case 8: return random_.one_in(3) ? loop(x) : scan(x);
  case 9: return change_time(x);
  case 10: return to_features(x);
  case 11: // an equal operation, for cse; one that differs in numbers alone, for share_literals
    return random_.one_in(2) ? repeat_operation() : scan_alike();
  case 12: return arrange(x);
  case 13: return arrange(x);
  case 14: return synapse_gradient(x);
  case 15: return random_.one_in(2) ? pool_gradient(x) : to_image(x);
  case 16: return random_.one_in(2) ? statistics(x) : drop_out(x);
  case 17: return classify(x);
  case 18: return random_.one_in(3) ? quantize(x) : whole_synapses();
  case 19: return random_.one_in(2) ? whole_space() : whole_scan();
  case 20: return whole_arithmetic();
  default: pools_.tensors.push_back(elementwise(*builder_, type(x), {x})); return;
  }
}

void Generator::repeat_operation() {
  if (builder_->ops().empty())
    return;
  const ir::Op op = random_.of(builder_->ops());
  if (!op.body.empty() || op.opcode == Opcode::constant)
    return;
  const std::vector<Value> results = builder_->build_many(op.opcode, op.operands, op.attributes);
  // What was only shown, since it mixes samples, stays shown.
  if (std::find(pools_.tensors.begin(), pools_.tensors.end(), op.results[0]) != pools_.tensors.end())
    keep(results[0]);
  else if (random_.one_in(2))
    show(results[0]);
}

void Generator::finish() {
  for (size_t i = pools_.tensors.size() > 3 ? pools_.tensors.size() - 3 : 0; i < pools_.tensors.size(); ++i)
    if (i + 1 == pools_.tensors.size() || random_.one_in(2))
      give("out" + std::to_string(i), pools_.tensors[i]);
  for (const Value value : pools_.shown)
    if (!random_.one_in(4))
      give("batch:" + std::to_string(function_.results.size()) + ".mean", value);
}

void Generator::give(const std::string& name, Value value) {
  function_.results.push_back(value);
  function_.result_ports.push_back(ir::port_of_label(name));
}

} // namespace rvb::interpreter
