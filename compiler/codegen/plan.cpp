#include "codegen/plan.h"

#include "analysis/definitions.h"
#include "analysis/joins.h"
#include "analysis/loop_memory.h"
#include "codegen/memory.h"
#include "layerkernels/layer.h"

#include <map>
#include <sstream>
#include <stdexcept>

namespace rvb::codegen {

namespace {

ir::Port result_port(const ir::Function& function, size_t result) {
  if (result < function.result_ports.size())
    return function.result_ports[result];
  return {ir::Role::other, "result" + std::to_string(result)};
}

class Planner {
public:
  Planner(const ir::Function& function, const targets::Target& target) : function_(function), target_(target) {
    plan_.function = function.name;
  }

  Plan run() {
    for (size_t p = 0; p < function_.parameters.size(); ++p) {
      buffer_of_[function_.parameters[p]] = add(function_.parameters[p], Place::argument, static_cast<int64_t>(p));
      const ir::ValueInfo& parameter = function_.values[function_.parameters[p]];
      plan_.arguments.push_back({parameter.port, parameter.type});
    }
    choose_result_places();
    find_joined();
    for (size_t i = 0; i < function_.ops.size(); ++i)
      call(function_.ops[i], static_cast<int>(i));
    copy_results();
    assign_offsets(plan_);
    return std::move(plan_);
  }

private:
  int add(ir::Value value, Place place, int64_t index = 0) {
    const ir::ValueInfo& info = function_.values[value];
    Buffer buffer;
    buffer.place = place;
    buffer.index = index;
    int64_t bytes = info.type.elements_per_sample() * ir::bytes_of(info.type.element);
    (info.type.has_batch() ? buffer.sample_bytes : buffer.static_bytes) = bytes;
    buffer.value = info.name;
    plan_.buffers.push_back(buffer);
    return static_cast<int>(plan_.buffers.size()) - 1;
  }

  // A value that an operation makes and the function returns is written straight into the caller's array, once; a value
  // returned twice, or one that is a parameter or a constant, is copied at the end.
  void choose_result_places() {
    for (size_t r = 0; r < function_.results.size(); ++r) {
      const ir::Operand& result = function_.results[r];
      if (result.is_literal())
        throw std::logic_error("function " + function_.name + " returns a literal");
      plan_.results.push_back({result_port(function_, r), function_.type(result.value)});
      result_of_.emplace(result.value, static_cast<int64_t>(r));
    }
  }

  // The synapses that run with a neuron, as the pass join_neurons has marked them.
  void find_joined() {
    for (size_t i = 0; i < function_.ops.size(); ++i)
      if (const ir::Op& op = function_.ops[i];
          analysis::is_joined(op) && layerkernels::has_layer(function_, op, target_)) {
        const ir::Op* neuron = analysis::neuron_behind(function_, op);
        if (neuron == nullptr || !synapse_of_.emplace(neuron, static_cast<int>(i)).second)
          throw std::logic_error("@" + function_.name + ": synapses are joined to no neuron of their own");
      }
  }

  int define(ir::Value value) {
    auto result = result_of_.find(value);
    int buffer = result != result_of_.end()          ? add(value, Place::result, result->second)
                 : function_.type(value).has_batch() ? add(value, Place::sample_block)
                                                     : add(value, Place::static_block);
    buffer_of_[value] = buffer;
    return buffer;
  }

  void call(const ir::Op& op, int index) {
    if (op.opcode == ir::Opcode::constant) {
      int buffer = add(op.results[0], Place::constant);
      plan_.buffers[buffer].constant = op.text("name");
      buffer_of_[op.results[0]] = buffer;
      return;
    }
    if (op.opcode == ir::Opcode::count) { // the batch itself: no kernel can see it, none is needed
      Call call;
      call.symbol = "count";
      call.number = op.integer("per_sample");
      call.outputs = {define(op.results[0])};
      plan_.calls.push_back(call);
      return;
    }
    if (op.opcode == ir::Opcode::loop)
      return loop_call(op);
    if (layerkernels::has_layer(function_, op, target_)) {
      if (!analysis::is_joined(op)) // else it runs where the neuron stands: by then all that it reads is there
        layer_call(layerkernels::layer(function_, op, nullptr), index, -1);
      return;
    }
    auto synapse = synapse_of_.find(&op);
    if (synapse != synapse_of_.end()) {
      layer_call(layerkernels::layer(function_, function_.ops[static_cast<size_t>(synapse->second)], &op),
                 synapse->second, index);
      return;
    }
    if (!kernels::has_kernel(op.opcode))
      throw std::logic_error(std::string("operator ") + ir::info(op.opcode).name +
                             " reached the plan without a kernel");
    Call call;
    call.symbol = kernels::symbol(function_, op, target_);
    call.layer = op.layer;
    call.views = kernels::interface_of(function_, op);
    call.op = index;
    for (const ir::Operand& operand : op.operands)
      if (!operand.is_literal())
        call.inputs.push_back(buffer_of_.at(operand.value));
    for (ir::Value result : op.results)
      call.outputs.push_back(define(result));
    plan_.calls.push_back(std::move(call));
  }

  void loop_call(const ir::Op& op) {
    const analysis::ScanParts p = analysis::parts(op);
    auto loop = std::make_shared<Loop>();
    loop->body = analysis::body_function(function_, op, function_.name + ".loop" + std::to_string(loops_++));
    loop->plan = plan(loop->body, target_);
    loop->steps = function_.type(op.operands[0].value).dims[0];
    loop->reverse = op.integer("reverse") != 0;
    loop->sequences = p.sequences;
    loop->invariants = p.invariants;
    loop->states = p.states;
    loop->emits = p.emits;
    Call call;
    call.symbol = "loop";
    call.layer = op.layer;
    for (size_t i = 0; i < op.operands.size(); ++i) {
      const ir::Operand& operand = op.operands[i];
      loop->arguments.push_back(operand.is_literal() ? -1 : buffer_of_.at(operand.value));
      if (static_cast<int>(i) >= p.first_state())
        loop->initial.push_back(operand.number);
      if (!operand.is_literal())
        call.inputs.push_back(loop->arguments.back());
    }
    for (ir::Value result : op.results) {
      call.outputs.push_back(define(result));
      loop->results.push_back(call.outputs.back());
    }
    const auto scratch = [&](const analysis::LoopBuffer& bytes, const std::string& name) {
      if (!bytes.needed())
        return -1;
      Buffer buffer;
      buffer.place = bytes.sample != 0 ? Place::sample_block : Place::static_block;
      buffer.static_bytes = bytes.fixed;
      buffer.sample_bytes = bytes.sample;
      buffer.value = name;
      plan_.buffers.push_back(buffer);
      call.scratch.push_back(static_cast<int>(plan_.buffers.size()) - 1);
      return call.scratch.back();
    };
    const analysis::LoopMemory memory = analysis::loop_memory(function_, op);
    for (const analysis::LoopBuffer& slice : memory.slices)
      loop->slice.push_back(scratch(slice, loop->body.name + ".slice"));
    for (const analysis::LoopBuffer& other : memory.others)
      loop->other.push_back(scratch(other, loop->body.name + ".state"));
    loop->static_block = scratch({loop->plan.static_bytes, 0}, loop->body.name);
    loop->sample_block = scratch({0, loop->plan.sample_bytes}, loop->body.name);
    call.loop = std::move(loop);
    plan_.calls.push_back(std::move(call));
  }

  void layer_call(const layerkernels::Layer& l, int op, int neuron) {
    Call call;
    call.symbol = symbol(l, target_);
    call.layer = l.synapse->layer;
    call.views = interface_of(l);
    call.op = op;
    call.layer_kernel = true;
    call.neuron = neuron;
    for (ir::Value value : inputs_of(l))
      call.inputs.push_back(buffer_of_.at(value));
    for (ir::Value value : outputs_of(l))
      call.outputs.push_back(define(value));
    plan_.calls.push_back(std::move(call));
  }

  void copy_results() {
    for (size_t r = 0; r < function_.results.size(); ++r) {
      ir::Value value = function_.results[r].value;
      const Buffer& from = plan_.buffers[buffer_of_.at(value)];
      if (from.place == Place::result && from.index == static_cast<int64_t>(r))
        continue;
      Call copy;
      copy.symbol = "copy";
      copy.inputs = {buffer_of_.at(value)};
      copy.outputs = {add(value, Place::result, static_cast<int64_t>(r))};
      plan_.calls.push_back(copy);
    }
  }

  const ir::Function& function_;
  const targets::Target& target_;
  Plan plan_;
  std::map<ir::Value, int> buffer_of_;
  std::map<ir::Value, int64_t> result_of_;
  int loops_ = 0;
  std::map<const ir::Op*, int> synapse_of_; // of a neuron that runs with its synapses
};

void print_buffer(std::ostream& out, const Buffer& buffer) {
  out << "%" << buffer.value << "@";
  switch (buffer.place) {
  case Place::argument: out << "argument " << buffer.index; break;
  case Place::result: out << "result " << buffer.index; break;
  case Place::constant: out << "constant " << buffer.constant; break;
  case Place::static_block: out << buffer.offset; break;
  case Place::sample_block: out << "batch*" << buffer.offset; break;
  }
}

void print_list(std::ostream& out, const Plan& plan, const std::vector<int>& buffers) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    out << (i ? ", " : "");
    print_buffer(out, plan.buffers[buffers[i]]);
  }
}

} // namespace

Plan plan(const ir::Function& function, const targets::Target& target) {
  return Planner(function, target).run();
}

std::string print(const Plan& plan) {
  std::ostringstream out;
  out << "plan @" << plan.function << ": block of " << plan.static_bytes << " + batch * " << plan.sample_bytes
      << " bytes, " << plan.calls.size() << " calls\n";
  for (const Call& call : plan.calls) {
    out << "  " << call.symbol << "(";
    print_list(out, plan, call.inputs);
    out << ") -> (";
    print_list(out, plan, call.outputs);
    out << ")";
    if (!call.layer.empty())
      out << "  // " << call.layer << (call.neuron >= 0 ? " with its neuron" : "");
    out << "\n";
  }
  return out.str();
}

} // namespace rvb::codegen
