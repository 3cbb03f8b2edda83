#include "build/profile.h"

#include "codegen/profile.h"
#include "ir/text.h"
#include "ops/ops.h"

#include <algorithm>

namespace rvb::build {

using nlohmann::ordered_json;

namespace {

// Synapses under signs that one addition stands for: a table has the sums of so many spikes (layerkernels/layer.h).
int64_t synapses_an_addition(const ir::Type& spikes, const targets::Target& target) {
  if (target.tables == "neon" && spikes.element == ir::Element::f32)
    return 3;
  return target.tables == "avx512" && spikes.element == ir::Element::i16 ? 5 : 4;
}

struct Work {
  int64_t multiply_adds = 0, additions = 0, other = 0; // of one sample; of all where nothing is batched
  int64_t synapses = 1;                                // an addition
  bool batched = false;
  ir::Element element = ir::Element::f32; // that synapses read

  // Counted as in `summary`; everything else is an operation an element, in bodies one for each of theirs.
  void add(const ir::Function& function, const ir::Op& op) {
    int64_t elements = 0;
    const auto look = [&](ir::Value value) {
      const ir::Type& type = function.type(value);
      batched = batched || type.has_batch();
      elements = std::max(elements, type.elements_per_sample());
    };
    for (const ir::Operand& operand : op.operands)
      if (!operand.is_literal())
        look(operand.value);
    std::for_each(op.results.begin(), op.results.end(), look);
    const ops::CountRule rule = ops::meaning(op.opcode).count;
    const ops::Count count = rule == nullptr ? ops::Count{} : rule(function, op);
    multiply_adds += count.multiply_adds;
    additions += count.additions;
    if (count.multiply_adds + count.additions == 0)
      other += elements * (op.body.empty() ? 1 : static_cast<int64_t>(op.body[0].ops.size()));
    else if (!op.operands[0].is_literal())
      element = function.type(op.operands[0].value).element;
  }
};

ordered_json describe(const codegen::KernelCall& each, const targets::Target& target) {
  const ir::Op& op = each.function.ops[static_cast<size_t>(each.call.op)];
  Work work;
  std::string operation = ir::info(op.opcode).name;
  work.add(each.function, op);
  if (op.integer("sparse") != 0) { // as many additions as there are events, which nobody knows before
    work.additions = 0;
    operation += " (sparse)";
  }
  if (each.call.layer_kernel && !op.operands[0].is_literal())
    work.synapses = synapses_an_addition(each.function.type(op.operands[0].value), target);
  if (each.call.neuron >= 0) {
    const ir::Op& neuron = each.function.ops[static_cast<size_t>(each.call.neuron)];
    operation += std::string(" + ") + ir::info(neuron.opcode).name;
    work.add(each.function, neuron);
  }
  int64_t fixed = 0, sample = 0; // every buffer once
  for (const std::vector<int>* list : {&each.call.inputs, &each.call.outputs}) {
    std::vector<int> buffers = *list;
    std::sort(buffers.begin(), buffers.end());
    buffers.erase(std::unique(buffers.begin(), buffers.end()), buffers.end());
    for (int buffer : buffers) {
      fixed += each.plan.buffers[static_cast<size_t>(buffer)].static_bytes;
      sample += each.plan.buffers[static_cast<size_t>(buffer)].sample_bytes;
    }
  }
  return {{"layer", each.call.layer},
          {"kernel", each.call.symbol},
          {"operation", operation},
          {"times", each.times},
          {"bytes", {fixed, sample}},
          {"batched", work.batched},
          {"multiply_adds", work.multiply_adds},
          {"additions", work.additions},
          {"synapses_an_addition", work.synapses},
          {"element", ir::element_name(work.element)},
          {"other", work.other}};
}

} // namespace

ordered_json profile_list(const ir::Module& module, const std::vector<codegen::Plan>& plans,
                          const targets::Target& target) {
  ordered_json profile = ordered_json::object();
  for (size_t p = 0; p < plans.size(); ++p) {
    if (!codegen::has_profile(plans[p]))
      continue;
    ordered_json& list = profile[plans[p].function] = ordered_json::array();
    codegen::for_each_kernel(module.functions[p], plans[p],
                             [&](const codegen::KernelCall& each) { list.push_back(describe(each, target)); });
  }
  return profile;
}

} // namespace rvb::build
