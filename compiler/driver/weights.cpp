#include "driver/weights.h"

#include "irgen/generate.h"
#include "safetensors.h"
#include "support/diagnostics.h"
#include "support/fnv.h"
#include "support/result.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace rvb::driver {

namespace {

// From disk order to memory order: dimension i in memory is dimension order[i] on disk.
std::vector<float> transposed(const std::vector<float>& from, const std::vector<int64_t>& shape,
                              const std::vector<int>& order) {
  size_t rank = shape.size();
  std::vector<int64_t> stride(rank, 1);
  for (size_t d = rank; d-- > 1;)
    stride[d - 1] = stride[d] * shape[d];
  std::vector<float> to(from.size());
  std::vector<int64_t> index(rank, 0); // in memory order
  for (float& value : to) {
    int64_t at = 0;
    for (size_t d = 0; d < rank; ++d)
      at += index[d] * stride[order[d]];
    value = from[static_cast<size_t>(at)];
    for (size_t d = rank; d-- > 0;) {
      if (++index[d] < shape[order[d]])
        break;
      index[d] = 0;
    }
  }
  return to;
}

runtime::Safetensors read(const std::string& path, const std::string& strip) {
  try {
    return runtime::read_weights(path, strip);
  } catch (const runtime::Failure& failure) {
    throw Failure(static_cast<Exit>(failure.exit), failure.what());
  }
}

// Every tensor that does not fit, in one message. Names in a file may be anything.
void check_tensors(const runtime::Safetensors& file, const sema::Program& program, const std::string& path,
                   Diagnostics& diagnostics) {
  std::vector<std::string> complaints;
  auto complain = [&](const std::string& name, const std::string& what) {
    complaints.push_back("`" + printable(name, 200) + "` " + what);
  };
  std::set<std::string> expected;
  for (const sema::Parameter& p : program.parameters) {
    expected.insert(p.name);
    const runtime::Tensor* tensor = file.find(p.name);
    if (tensor == nullptr)
      complain(p.name, runtime::shape_text(p.shape) + " is missing");
    else if (tensor->shape != p.shape)
      complain(p.name, fmt::format("has shape {}, expected {}", runtime::shape_text(tensor->shape),
                                   runtime::shape_text(p.shape)));
    else if (tensor->values.empty())
      complain(p.name, "has type " + printable(tensor->dtype, 20) + ", expected F32");
    else if (!std::all_of(tensor->values.begin(), tensor->values.end(),
                          [](float value) { return std::isfinite(value); }))
      complain(p.name, "holds a value that is not finite");
    else if (p.role == sema::Role::running_variance &&
             std::any_of(tensor->values.begin(), tensor->values.end(), [](float value) { return value < 0; }))
      complain(p.name, "holds a negative variance");
  }
  for (const runtime::Tensor& tensor : file.tensors) {
    bool optimizer = tensor.name.rfind("optimizer.", 0) == 0; // a training checkpoint's own
    bool counter = tensor.name.size() > 20 && tensor.name.find("num_batches_tracked") != std::string::npos; // PyTorch's
    if (expected.count(tensor.name) == 0 && !optimizer && !counter)
      complain(tensor.name, runtime::shape_text(tensor.shape) + " is no parameter of the network");
  }
  if (complaints.empty())
    return;
  Diagnostic& diagnostic = diagnostics.report(
      Code::wrong_tensors, {},
      fmt::format("{}: the weights do not belong to network `{}`", printable(path, 300), program.name));
  diagnostic.notes = std::move(complaints);
  if (std::string advice = runtime::prefix_advice(file, {expected.begin(), expected.end()}); !advice.empty())
    diagnostic.helps.push_back(printable(advice, 600));
}

void bind(ir::Function& function, const std::set<std::string>& names) {
  std::vector<ir::Op> constants;
  std::vector<ir::Value> kept;
  for (ir::Value parameter : function.parameters) {
    const std::string& name = function.values[parameter].name;
    if (names.count(name) == 0) {
      kept.push_back(parameter);
      continue;
    }
    ir::Op op;
    op.opcode = ir::Opcode::constant;
    op.results = {parameter};
    op.attributes["name"] = name;
    constants.push_back(std::move(op));
  }
  function.parameters = kept;
  function.ops.insert(function.ops.begin(), constants.begin(), constants.end());
}

} // namespace

std::string bind_weights(ir::Module& module, const sema::Program& program, const std::string& path,
                         const std::string& strip, Diagnostics& diagnostics) {
  runtime::Safetensors file = read(path, strip);
  check_tensors(file, program, path, diagnostics);
  if (diagnostics.has_errors())
    return "";
  uint64_t hash = fnv_start;
  std::set<std::string> names;
  for (const sema::Parameter& p : program.parameters) {
    const runtime::Tensor& tensor = *file.find(p.name);
    hash = fnv(p.name, hash);
    hash = fnv(tensor.values.data(), tensor.values.size() * sizeof(float), hash);
    module.constants[p.name] = ir::Constant::from_floats(
        irgen::memory_type(p).dims, transposed(tensor.values, tensor.shape, irgen::memory_order(p)));
    names.insert(p.name);
  }
  for (ir::Function& function : module.functions)
    bind(function, names);
  return hex_digits(hash);
}

} // namespace rvb::driver
