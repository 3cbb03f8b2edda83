#include "call.h"
#include "ir/text.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace rvb::interpreter {

ir::Type resolve(const ir::Type& type, int64_t batch) {
  ir::Type result = type;
  for (int64_t& dim : result.dims)
    if (dim == ir::batch)
      dim = batch;
  return result;
}

Tensor zeros(const ir::Type& type, int64_t batch) {
  Tensor tensor{resolve(type, batch), {}};
  tensor.data.assign(static_cast<size_t>(tensor.type.elements_per_sample()), 0.0);
  return tensor;
}

Tensor scalar(double value) {
  return {ir::Type{}, {value}};
}

namespace {

template <typename T> void copy_numbers(const std::vector<uint8_t>& bytes, std::vector<double>& numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    numbers[i] = static_cast<double>(value);
  }
}

void evaluate_constant(Call& call) {
  std::string name = call.op.text("name");
  auto found = call.module.constants.find(name);
  if (found == call.module.constants.end())
    throw std::runtime_error("the module has no constant @" + name);
  const ir::Constant& constant = found->second;
  std::vector<double>& numbers = call.out[0].data;
  if (constant.bytes.size() != numbers.size() * static_cast<size_t>(ir::bytes_of(constant.type.element)))
    throw std::runtime_error("the bytes of constant @" + name + " are not in the module");
  switch (constant.type.element) {
  case ir::Element::f32: return copy_numbers<float>(constant.bytes, numbers);
  case ir::Element::i32: return copy_numbers<int32_t>(constant.bytes, numbers);
  case ir::Element::u32: return copy_numbers<uint32_t>(constant.bytes, numbers);
  case ir::Element::i16: return copy_numbers<int16_t>(constant.bytes, numbers);
  case ir::Element::boolean: return copy_numbers<uint8_t>(constant.bytes, numbers);
  }
}

// The values of a function, or of a body, while it runs.
class Environment {
public:
  Environment(const ir::Module& module, const ir::Function& function, int64_t batch, Options options)
      : module_(module), function_(function), batch_(batch), options_(options), values_(function.values.size()) {}

  void set(ir::Value value, Tensor tensor) { values_[value] = std::move(tensor); }
  Tensor get(const ir::Operand& operand) const {
    return operand.is_literal() ? scalar(operand.number) : values_[operand.value];
  }

  void run(const std::vector<ir::Op>& ops) {
    for (const ir::Op& op : ops) {
      std::vector<Tensor> operands;
      for (const ir::Operand& operand : op.operands)
        operands.push_back(get(operand));
      std::vector<Tensor> results = evaluate(module_, function_, op, batch_, operands, options_);
      for (size_t i = 0; i < results.size(); ++i)
        set(op.results[i], std::move(results[i]));
    }
  }

private:
  const ir::Module& module_;
  const ir::Function& function_;
  int64_t batch_;
  Options options_;
  std::vector<Tensor> values_;
};

// `tensor` has `shape`, or is one number a channel, or a scalar.
Tensor broadcast(const Tensor& tensor, const ir::Type& shape) {
  Tensor result{shape, std::vector<double>(static_cast<size_t>(shape.elements_per_sample()))};
  result.type.element = tensor.type.element;
  for (size_t i = 0; i < result.data.size(); ++i)
    result.data[i] = tensor.data[i % tensor.data.size()];
  return result;
}

Tensor slice(const Tensor& sequence, int64_t t) {
  Tensor result{sequence.type, {}};
  result.type.dims.erase(result.type.dims.begin());
  int64_t size = result.type.elements_per_sample();
  result.data.assign(sequence.data.begin() + t * size, sequence.data.begin() + (t + 1) * size);
  return result;
}

void evaluate_scan(Call& call) {
  const ir::Op& op = call.op;
  const ir::Body& body = op.body.at(0);
  size_t states = static_cast<size_t>(op.integer("states")), invariants = static_cast<size_t>(op.integer("invariants"));
  size_t sequences = op.operands.size() - invariants - states, emits = body.yields.size() - states;
  int64_t steps = call.in[0].type.dims[0];
  ir::Type shape = slice(call.in[0], 0).type;
  shape.element = ir::Element::f32;
  std::vector<Tensor> state;
  for (size_t s = 0; s < states; ++s)
    state.push_back(broadcast(call.in[sequences + invariants + s], shape));
  for (int64_t step = 0; step < steps; ++step) {
    int64_t t = op.integer("reverse") ? steps - 1 - step : step;
    Environment environment(call.module, call.function, call.batch, call.options);
    for (size_t i = 0; i < sequences; ++i)
      environment.set(body.parameters[i], slice(call.in[i], t));
    for (size_t i = 0; i < invariants; ++i)
      environment.set(body.parameters[sequences + i], call.in[sequences + i]);
    for (size_t s = 0; s < states; ++s)
      environment.set(body.parameters[sequences + invariants + s], state[s]);
    environment.run(body.ops);
    for (size_t e = 0; e < emits; ++e) {
      Tensor emitted = broadcast(environment.get(body.yields[e]), shape);
      std::copy(emitted.data.begin(), emitted.data.end(),
                call.out[e].data.begin() + t * static_cast<int64_t>(emitted.data.size()));
    }
    for (size_t s = 0; s < states; ++s)
      state[s] = broadcast(environment.get(body.yields[emits + s]), shape);
  }
  for (size_t s = 0; s < states; ++s)
    call.out[emits + s].data = std::move(state[s].data);
}

// As it is written: the states go from step to step, every step sees its slices.
void evaluate_loop(Call& call) {
  const ir::Op& op = call.op;
  const ir::Body& body = op.body.at(0);
  const auto states = static_cast<size_t>(op.integer("states"));
  const size_t first_state = op.operands.size() - states;
  const size_t sequences = first_state - static_cast<size_t>(op.integer("invariants"));
  const size_t emits = body.yields.size() - states;
  std::vector<Tensor> state;
  for (size_t s = 0; s < states; ++s) {
    const ir::Type type = resolve(call.function.type(body.parameters[first_state + s]), call.batch);
    state.push_back(broadcast(call.in[first_state + s], type));
  }
  const int64_t steps = call.in[0].type.dims[0];
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t t = op.integer("reverse") ? steps - 1 - step : step;
    Environment environment(call.module, call.function, call.batch, call.options);
    for (size_t i = 0; i < first_state; ++i)
      environment.set(body.parameters[i], i < sequences ? slice(call.in[i], t) : call.in[i]);
    for (size_t s = 0; s < states; ++s)
      environment.set(body.parameters[first_state + s], state[s]);
    environment.run(body.ops);
    for (size_t e = 0; e < emits; ++e) {
      const Tensor emitted = environment.get(body.yields[e]);
      std::copy(emitted.data.begin(), emitted.data.end(),
                call.out[e].data.begin() + t * static_cast<int64_t>(emitted.data.size()));
    }
    for (size_t s = 0; s < states; ++s)
      state[s] = environment.get(body.yields[emits + s]);
  }
  for (size_t s = 0; s < states; ++s)
    call.out[emits + s].data = std::move(state[s].data);
}

} // namespace

std::vector<Tensor> evaluate(const ir::Module& module, const ir::Function& function, const ir::Op& op, int64_t batch,
                             const std::vector<Tensor>& operands, Options options) {
  std::vector<Tensor> out;
  for (ir::Value result : op.results)
    out.push_back(zeros(function.type(result), batch));
  Call call{module, function, op, batch, operands, out, options};
  if (op.opcode == ir::Opcode::scan)
    evaluate_scan(call);
  else if (op.opcode == ir::Opcode::loop)
    evaluate_loop(call);
  else if (op.opcode == ir::Opcode::constant)
    evaluate_constant(call);
  else if (!evaluate_elementwise(call) && !evaluate_synapses(call) && !evaluate_space(call) && !evaluate_sums(call) &&
           !evaluate_arrangement(call) && !evaluate_random(call))
    throw std::runtime_error(std::string("the interpreter does not know `") + ir::info(op.opcode).name + "`");
  // Whole numbers must fit: what a program makes of one that does not is not defined.
  for (const Tensor& tensor : out)
    if (tensor.type.element == ir::Element::i32)
      for (double number : tensor.data)
        if (std::fabs(number) > INT32_MAX)
          throw std::runtime_error(std::string("`") + ir::info(op.opcode).name +
                                   "` overflows: " + std::to_string(number));
  return out;
}

std::vector<Tensor> evaluate(const ir::Module& module, const ir::Function& function, int64_t batch,
                             const std::vector<Tensor>& arguments, Options options) {
  if (arguments.size() != function.parameters.size())
    throw std::runtime_error("@" + function.name + " takes " + std::to_string(function.parameters.size()) +
                             " arguments, " + std::to_string(arguments.size()) + " are given");
  Environment environment(module, function, batch, options);
  for (size_t i = 0; i < arguments.size(); ++i) {
    ir::Type expected = resolve(function.type(function.parameters[i]), batch);
    if (arguments[i].type != expected ||
        static_cast<int64_t>(arguments[i].data.size()) != expected.elements_per_sample())
      throw std::runtime_error("argument " + std::to_string(i) + " has type " + ir::print(arguments[i].type) +
                               ", expected " + ir::print(expected));
    environment.set(function.parameters[i], arguments[i]);
  }
  environment.run(function.ops);
  std::vector<Tensor> results;
  for (const ir::Operand& result : function.results)
    results.push_back(environment.get(result));
  return results;
}

} // namespace rvb::interpreter
