// operators FOLDER SEEDS: single operations of random modules as ONNX models, in FOLDER/N.onnx, with inputs N.x.npy
// (all in a row, as the model orders them) and the interpreter's results N.y.npy. Fails when an operator that has a
// form was not met.
#include "export/onnx/translate.h"
#include "files/npy.h"
#include "random_module.h"
#include "support/result.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <stdexcept>

using namespace rvb;

namespace {

constexpr int64_t batch = 2;

// The operation alone, its operands parameters of the function; constants stay.
ir::Function alone(const ir::Function& function, const ir::Op& op, bool images) {
  ir::Function made = function;
  made.ops.clear();
  made.parameters.clear();
  made.results.assign(op.results.begin(), op.results.end());
  made.result_ports.clear();
  for (size_t r = 0; r < op.results.size(); ++r)
    made.result_ports.push_back({ir::Role::other, "result" + std::to_string(r)});
  std::set<ir::Value> seen;
  for (const ir::Operand& operand : op.operands) {
    if (operand.is_literal() || !seen.insert(operand.value).second)
      continue;
    const auto constant = std::find_if(function.ops.begin(), function.ops.end(), [&](const ir::Op& each) {
      return each.opcode == ir::Opcode::constant && each.results[0] == operand.value;
    });
    if (constant != function.ops.end() && function.type(operand.value).element == ir::Element::f32) {
      made.ops.push_back(*constant);
      continue;
    }
    made.parameters.push_back(operand.value);
    made.values[static_cast<size_t>(operand.value)].port = {images ? ir::Role::input : ir::Role::other, "x"};
  }
  made.ops.push_back(op);
  const auto has_batch = [&](ir::Value value) { return function.type(value).has_batch(); };
  if (std::none_of(made.parameters.begin(), made.parameters.end(),
                   has_batch)) // the size of the batch comes from an input
    made.parameters.push_back(*std::find_if(function.parameters.begin(), function.parameters.end(), has_batch));
  return made;
}

// A tensor's numbers in another order of its dimensions.
void add(std::vector<float>& row, const interpreter::Tensor& tensor, const std::vector<int>& order) {
  const std::vector<int64_t>& dims = tensor.type.dims;
  std::vector<int64_t> stride(dims.size(), 1), index(dims.size(), 0);
  for (size_t d = dims.size(); d-- > 1;)
    stride[d - 1] = stride[d] * dims[d];
  for (size_t i = 0; i < tensor.data.size(); ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < dims.size(); ++d)
      at += index[d] * stride[static_cast<size_t>(order[d])];
    row.push_back(static_cast<float>(tensor.data[static_cast<size_t>(at)]));
    for (size_t d = dims.size(); d-- > 0;) {
      if (++index[d] < dims[static_cast<size_t>(order[d])])
        break;
      index[d] = 0;
    }
  }
}

void note(const std::vector<ir::Op>& ops, std::set<std::string>& met) {
  for (const ir::Op& op : ops) {
    met.insert(ir::info(op.opcode).name);
    for (const ir::Body& body : op.body)
      note(body.ops, met);
  }
}

int run(const std::string& folder, uint64_t seeds) {
  std::set<std::string> met;
  int count = 0;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const ir::Module module = interpreter::random_module(seed);
    const ir::Function& function = module.functions[0];
    for (const ir::Op& op : function.ops) {
      const ir::Function one = alone(function, op, seed % 2 == 0);
      exporting::Graph graph;
      try {
        graph = exporting::Translator(module, one, seed % 3 == 0).run("one");
      } catch (const Failure&) { // training's
        continue;
      } catch (const std::logic_error&) { // integers of 16 bits, packed signs
        continue;
      }
      std::vector<interpreter::Tensor> arguments = interpreter::random_arguments(one, batch, seed);
      std::vector<float> inputs, results;
      for (size_t p = 0; p < arguments.size(); ++p) {
        for (double& number : arguments[p].data)
          number = static_cast<float>(number);
        add(inputs, arguments[p], exporting::input_order(one.values[static_cast<size_t>(one.parameters[p])]));
      }
      for (const interpreter::Tensor& result : interpreter::evaluate(module, one, batch, arguments))
        results.insert(results.end(), result.data.begin(), result.data.end());
      const std::string name = folder + "/" + std::to_string(count++);
      std::ofstream(name + ".onnx", std::ios::binary)
          << exporting::onnx_model(graph, exporting::Message().bytes(2, "N")).text();
      for (const auto& [ending, row] : {std::pair(".x.npy", &inputs), std::pair(".y.npy", &results)})
        std::ofstream(name + ending, std::ios::binary) // not write_npy, which waits for the disk
            << runtime::print_npy({static_cast<int64_t>(row->size())}, row->data());
      note({op}, met);
    }
  }
  int missing = 0;
  const auto want = [&](const char* name) {
    if (met.count(name) == 0)
      std::printf("not met: %s\n", name), ++missing;
  };
#define RVB_ONNX(name) want(#name);
#include "export/onnx/operators.def"
#undef RVB_ONNX
  for (const ir::OperatorInfo& each : ir::all_operators())
    if (const std::string name = each.name; (each.traits & ir::elementwise) != 0 && name != "quantize" &&
                                            name != "dequantize" && name != "rescale" && name != "saturate")
      want(each.name);
  std::printf("%d models\n", count);
  return missing == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  return argc == 3 ? run(argv[1], std::stoull(argv[2])) : 2;
}
