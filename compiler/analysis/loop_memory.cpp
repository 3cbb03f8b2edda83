#include "analysis/loop_memory.h"

#include "analysis/definitions.h"

namespace rvb::analysis {

namespace {

LoopBuffer buffer_of(const ir::Type& type) {
  const int64_t bytes = type.elements_per_sample() * ir::bytes_of(type.element);
  return type.has_batch() ? LoopBuffer{0, bytes} : LoopBuffer{bytes, 0};
}

} // namespace

LoopMemory loop_memory(const ir::Function& function, const ir::Op& loop) {
  const ScanParts p = parts(loop);
  const ir::Body& body = loop.body[0];
  const int64_t steps = function.type(loop.operands[0].value).dims[0];
  LoopMemory memory;
  for (int i = 0; i < p.sequences + p.emits; ++i) {
    const ir::Value slice = i < p.sequences ? body.parameters[i] : body.yields[i - p.sequences].value;
    const LoopBuffer buffer = buffer_of(function.type(slice));
    const bool direct = steps == 1 || (buffer.fixed + buffer.sample) % alignment == 0;
    memory.slices.push_back(direct ? LoopBuffer{} : buffer);
  }
  for (int s = 0; s < p.states; ++s) {
    const bool one = steps == 1 && !loop.operands[p.first_state() + s].is_literal();
    memory.others.push_back(one ? LoopBuffer{} : buffer_of(function.type(body.parameters[p.first_state() + s])));
  }
  return memory;
}

ir::Function body_function(const ir::Function& function, const ir::Op& loop, const std::string& name) {
  ir::Function body;
  body.name = name;
  body.values = function.values;
  body.parameters = loop.body[0].parameters;
  body.ops = loop.body[0].ops;
  body.results = loop.body[0].yields;
  return body;
}

} // namespace rvb::analysis
