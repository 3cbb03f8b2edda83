#include "build/weights.h"

#include "files/weights.h"
#include "irgen/generate.h"
#include "network/weights_check.h"
#include "support/diagnostics.h"
#include "support/fnv.h"
#include "support/result.h"
#include "support/text.h"

#include <filesystem>

namespace rvb::build {

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

// The runtime's check, its message as a diagnostic. Names in a file may be anything.
runtime::Safetensors read(const std::vector<runtime::ExpectedTensor>& expected, const std::string& path,
                          const std::string& strip, Range where, Diagnostics& diagnostics, Exit& exit) {
  try {
    runtime::Safetensors file = runtime::read_weights(path, strip);
    runtime::check_weights(file, expected, path);
    return file;
  } catch (const runtime::WrongWeights& wrong) {
    Diagnostic& diagnostic = diagnostics.report(Code::wrong_tensors, where, printable(wrong.summary, 400));
    for (const std::string& fault : wrong.faults)
      diagnostic.notes.push_back(printable(fault, 300));
    if (!wrong.advice.empty())
      diagnostic.helps.push_back(printable(wrong.advice, 600));
    exit = static_cast<Exit>(wrong.exit);
    return {};
  } catch (const runtime::Failure& failure) {
    throw Failure(static_cast<Exit>(failure.exit), failure.what());
  }
}

ir::Constant constant(const sema::Parameter& p, const runtime::Tensor& tensor) {
  return ir::Constant::from_floats(irgen::memory_type(p).dims, transposed(tensor.values, tensor.shape, p.order));
}

// Arguments that are parameters of the network become constants of their names.
void bind(ir::Function& function) {
  std::vector<ir::Op> constants;
  std::vector<ir::Value> kept;
  for (ir::Value parameter : function.parameters) {
    const ir::Port port = function.values[parameter].port;
    if (port.role != ir::Role::parameter) {
      kept.push_back(parameter);
      continue;
    }
    ir::Op op;
    op.opcode = ir::Opcode::constant;
    op.results = {parameter};
    op.attributes["name"] = port.name;
    function.values[parameter].port = {};
    constants.push_back(std::move(op));
  }
  function.parameters = kept;
  function.ops.insert(function.ops.begin(), constants.begin(), constants.end());
}

std::vector<runtime::ExpectedTensor> expected_tensors(const sema::Program& program) {
  std::vector<runtime::ExpectedTensor> expected;
  for (const sema::Parameter& p : program.parameters)
    expected.push_back({p.name, p.shape, p.role == sema::Role::running_variance});
  return expected;
}

} // namespace

runtime::Safetensors read_weights(const sema::Program& program, const std::string& path, const std::string& strip,
                                  Diagnostics& diagnostics, Exit& exit) {
  return read(expected_tensors(program), path, strip, {}, diagnostics, exit);
}

std::string bind_weights(ir::Module& module, const sema::Program& program, const runtime::Safetensors& file) {
  uint64_t hash = fnv_start;
  for (const sema::Parameter& p : program.parameters) {
    const runtime::Tensor& tensor = *file.find(p.name);
    hash = fnv(p.name, hash);
    hash = fnv(tensor.values.data(), tensor.values.size() * sizeof(float), hash);
    module.constants[p.name] = constant(p, tensor);
  }
  for (ir::Function& function : module.functions)
    bind(function);
  return hex_digits(hash);
}

std::string bind_weights(ir::Module& module, const sema::Program& program, const std::string& path,
                         const std::string& strip, Diagnostics& diagnostics, Exit& exit) {
  const runtime::Safetensors file = read_weights(program, path, strip, diagnostics, exit);
  return diagnostics.has_errors() ? "" : bind_weights(module, program, file);
}

std::vector<float> disk_order(const sema::Parameter& parameter, const std::vector<float>& memory) {
  std::vector<int64_t> shape;
  std::vector<int> back(parameter.order.size());
  for (size_t d = 0; d < parameter.order.size(); ++d) {
    shape.push_back(parameter.shape[static_cast<size_t>(parameter.order[d])]);
    back[static_cast<size_t>(parameter.order[d])] = static_cast<int>(d);
  }
  return transposed(memory, shape, back);
}

void bind_teachers(ir::Module& module, const sema::Program& program, const Sources& sources, Diagnostics& diagnostics,
                   Exit& exit) {
  for (size_t i = 0; i < program.teachers.size(); ++i) {
    const layers::Teacher& teacher = program.teachers[i];
    std::vector<const sema::Parameter*> own;
    std::vector<runtime::ExpectedTensor> expected;
    for (const sema::Parameter& p : program.frozen)
      if (program.layers[static_cast<size_t>(p.layer)].teacher == static_cast<int>(i)) {
        own.push_back(&p);
        expected.push_back({p.name.substr(teacher.prefix.size()), p.shape, p.role == sema::Role::running_variance});
      }
    if (own.empty()) // what is minimised does not ask for it
      continue;
    const auto folder = std::filesystem::path(sources[teacher.range.file].path).parent_path();
    const runtime::Safetensors file =
        read(expected, (folder / teacher.path).string(), "", teacher.range, diagnostics, exit);
    for (const sema::Parameter* p : own)
      if (const runtime::Tensor* tensor = file.find(p->name.substr(teacher.prefix.size())))
        module.constants[p->name] = constant(*p, *tensor);
  }
}

void blank_teachers(ir::Module& module, const sema::Program& program) {
  for (const sema::Parameter& p : program.frozen) {
    const ir::Type type = irgen::memory_type(p);
    module.constants[p.name] =
        ir::Constant::from_floats(type.dims, std::vector<float>(static_cast<size_t>(type.elements_per_sample())));
  }
}

} // namespace rvb::build
