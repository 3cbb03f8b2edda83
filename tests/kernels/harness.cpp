#include "harness.h"

#include "analysis/verify.h"
#include "ir/text.h"

#include <algorithm>
#include <cstring>

namespace rvb::kernels {

namespace {

int64_t elements(const ir::Type& type) {
  int64_t product = 1;
  for (int64_t dim : type.dims)
    product *= dim;
  return product;
}

size_t element_size(ir::Element element) {
  return static_cast<size_t>(ir::bytes_of(element));
}

// A tensor in its own bytes.
std::vector<uint8_t> pack(const Tensor& tensor) {
  size_t size = element_size(tensor.type.element);
  std::vector<uint8_t> bytes(tensor.data.size() * size);
  for (size_t i = 0; i < tensor.data.size(); ++i) {
    uint8_t* place = bytes.data() + i * size;
    float f = static_cast<float>(tensor.data[i]);
    switch (tensor.type.element) {
    case ir::Element::f32: memcpy(place, &f, 4); break;
    case ir::Element::boolean: *place = tensor.data[i] != 0; break;
    case ir::Element::i32: {
      auto v = static_cast<int32_t>(tensor.data[i]);
      memcpy(place, &v, 4);
      break;
    }
    case ir::Element::i16: {
      auto v = static_cast<int16_t>(tensor.data[i]);
      memcpy(place, &v, 2);
      break;
    }
    case ir::Element::u32: {
      auto v = static_cast<uint32_t>(tensor.data[i]);
      memcpy(place, &v, 4);
      break;
    }
    }
  }
  return bytes;
}

Tensor unpack(const ir::Type& type, const std::vector<uint8_t>& bytes) {
  Tensor tensor{type, std::vector<double>(static_cast<size_t>(elements(type)))};
  size_t size = element_size(type.element);
  for (size_t i = 0; i < tensor.data.size(); ++i) {
    const uint8_t* place = bytes.data() + i * size;
    if (type.element == ir::Element::f32) {
      float f = 0;
      memcpy(&f, place, 4);
      tensor.data[i] = f;
    } else if (type.element == ir::Element::boolean) {
      tensor.data[i] = *place;
    } else if (tensor.type.element == ir::Element::i16) {
      int16_t v = 0;
      memcpy(&v, place, 2);
      tensor.data[i] = v;
    } else if (tensor.type.element == ir::Element::u32) {
      uint32_t v = 0;
      memcpy(&v, place, 4);
      tensor.data[i] = v;
    } else {
      int32_t v = 0;
      memcpy(&v, place, 4);
      tensor.data[i] = v;
    }
  }
  return tensor;
}

void round_to_float(Tensor& tensor) {
  if (tensor.type.element == ir::Element::f32)
    for (double& v : tensor.data)
      v = static_cast<float>(v);
}

} // namespace

std::vector<Tensor> run(const ir::Function& function, const ir::Op& op, int64_t batch,
                        const std::vector<Tensor>& operands, bool scheduled) {
  // After every array lies a canary: a kernel that writes past its results is found even where no page ends.
  constexpr size_t canary = 64;
  std::vector<std::vector<uint8_t>> in, out;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  for (const Tensor& tensor : operands)
    in.push_back(pack(tensor));
  for (auto& bytes : in)
    inputs.push_back(bytes.data());
  for (ir::Value value : op.results) {
    ir::Type type = interpreter::resolve(function.type(value), batch);
    size_t size = static_cast<size_t>(elements(type)) * element_size(type.element);
    out.emplace_back(size + canary, 0xa5);
  }
  for (auto& bytes : out)
    outputs.push_back(bytes.data());
  Options options;
  options.scheduled = scheduled;
  run(function, op, options, batch, inputs, outputs);
  std::vector<Tensor> results;
  for (size_t i = 0; i < out.size(); ++i) {
    results.push_back(unpack(interpreter::resolve(function.type(op.results[i]), batch), out[i]));
    for (size_t k = out[i].size() - canary; k < out[i].size(); ++k)
      if (out[i][k] != 0xa5)
        results.back().data.assign(results.back().data.size(), -12345.678); // nothing agrees with this
  }
  return results;
}

std::string differences(const ir::Module& module, int64_t batch, uint64_t seed, double low, double high) {
  const ir::Function& function = module.functions.at(0);
  std::vector<Tensor> arguments = interpreter::random_arguments(function, batch, seed, low, high);
  std::vector<Tensor> values(function.values.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    round_to_float(arguments[i]);
    values[static_cast<size_t>(function.parameters[i])] = arguments[i];
  }
  std::string report;
  for (const ir::Op& op : function.ops) {
    std::vector<Tensor> operands, kernel_operands;
    for (const ir::Operand& operand : op.operands) {
      operands.push_back(operand.is_literal() ? interpreter::scalar(operand.number)
                                              : values[static_cast<size_t>(operand.value)]);
      if (!operand.is_literal())
        kernel_operands.push_back(operands.back());
    }
    std::vector<Tensor> expected = interpreter::evaluate(module, function, op, batch, operands);
    for (size_t i = 0; i < expected.size(); ++i) {
      round_to_float(expected[i]);
      values[static_cast<size_t>(op.results[i])] = expected[i];
    }
    if (!has_kernel(op.opcode))
      continue;
    const bool real = std::any_of(expected.begin(), expected.end(),
                                  [](const Tensor& tensor) { return tensor.type.element == ir::Element::f32; });
    const double tolerance = real ? 1e-5 : 0;
    for (bool scheduled : {false, true}) {
      std::string what =
          interpreter::difference(expected, run(function, op, batch, kernel_operands, scheduled), tolerance);
      if (!what.empty())
        report += std::string(ir::info(op.opcode).name) + (scheduled ? " (scheduled): " : " (bare): ") + what + "\n";
    }
  }
  return report;
}

std::string differences(const std::string& text, int64_t batch, uint64_t seed) {
  ir::Module module;
  try {
    module = ir::parse(text);
  } catch (const ir::ParseError& error) {
    return "line " + std::to_string(error.line) + ": " + error.message + "\n" + text;
  }
  for (const std::string& fault : analysis::verify(module))
    return fault + "\n" + text;
  return differences(module, batch, seed);
}

std::string pair(int64_t a, int64_t b) {
  return "[" + std::to_string(a) + ", " + std::to_string(b) + "]";
}

std::string function(const std::vector<std::pair<std::string, std::string>>& parameters, const std::string& operation,
                     const std::string& types) {
  std::string text = "func @f(";
  for (size_t i = 0; i < parameters.size(); ++i)
    text += (i == 0 ? "%" : ", %") + parameters[i].first + ": " + parameters[i].second;
  text += ") -> (" + types + ") {\n  ";
  size_t results = 1;
  int depth = 0;
  for (char c : types) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    results += c == ',' && depth == 0 ? 1 : 0;
  }
  std::string names;
  for (size_t i = 0; i < results; ++i)
    names += (i == 0 ? "%r" : ", %r") + std::to_string(i);
  return text + names + " = " + operation + " : " + types + "\n  ret(" + names + ")\n}\n";
}

} // namespace rvb::kernels
