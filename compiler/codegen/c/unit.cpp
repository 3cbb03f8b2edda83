#include "codegen/c/unit.h"

#include "analysis/definitions.h"
#include "analysis/joins.h"
#include "analysis/placement.h"
#include "support/result.h"

#include <algorithm>
#include <set>

namespace rvb::codegen::c {

namespace {

bool is_real_synapse(const ir::Op& op) {
  return op.opcode == ir::Opcode::conv2d || op.opcode == ir::Opcode::linear;
}
bool is_binary(const ir::Op& op) {
  return (ir::info(op.opcode).traits & ir::addition_only) != 0;
}

int64_t rounded(int64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

} // namespace

Unit::Unit(Writer& writer, const ir::Function& function, int64_t ram)
    : writer_(writer), function_(function), ram_(ram), uses_(analysis::count_uses(function)) {
  take_parameters();
  find_neurons();
  plan_calls();
  take_results();
  choose_tables();
  for (Call& call : calls_)
    write(call);
}

int Unit::add(Place place, const ir::Type& type) {
  Buffer buffer;
  buffer.place = place;
  buffer.type = type;
  buffer.bytes = bytes(type);
  buffers_.push_back(buffer);
  return static_cast<int>(buffers_.size()) - 1;
}

void Unit::take_parameters() {
  for (const ir::Value parameter : function_.parameters) {
    const ir::ValueInfo& info = function_.values[static_cast<size_t>(parameter)];
    const bool input = info.port.role == ir::Role::input;
    if (!input && info.port.role != ir::Role::state)
      throw Failure(Exit::user,
                    fmt::format("--emit=c: the network reads `{}`, which a C program cannot give it", info.name));
    if (input && std::any_of(buffers_.begin(), buffers_.end(), [](const Buffer& b) { return b.place == Place::input; }))
      throw Failure(Exit::user, "--emit=c: networks of several inputs have no C form");
    const int buffer = add(input ? Place::input : Place::state, info.type);
    buffer_of_[parameter] = buffer;
    if (!input) {
      buffers_.back().offset = state_bytes_;
      state_bytes_ += rounded(buffers_.back().bytes);
      continue;
    }
    // Arrays outside have channels first; one channel, or one pixel, lies alike in both.
    const int64_t frame = count(info.type) / (info.type.dims[0] == ir::batch ? 1 : info.type.dims[0]);
    if (info.type.channels() > 1 && info.type.channels() < frame) {
      buffer_of_[parameter] = add(Place::arena, info.type);
      copy(buffer, buffer_of_[parameter], true);
    }
  }
  for (const analysis::KeptMembrane& kept : analysis::kept_membranes(function_))
    if (kept.after != ir::no_value)
      states_.emplace(kept.after, kept.before);
}

// Neurons that run with the synapses before them: as join_neurons has marked binary ones; of real ones whose sums
// nobody else reads.
void Unit::find_neurons() {
  for (const ir::Op& op : function_.ops) {
    const ir::Op* neuron = nullptr;
    if (is_binary(op) && analysis::is_joined(op)) {
      neuron = analysis::neuron_behind(function_, op);
    } else if (is_real_synapse(op) && uses_[static_cast<size_t>(op.results[0])] == 1) {
      for (const ir::Op& reader : function_.ops) {
        if (reader.opcode != ir::Opcode::scan || reader.integer("reverse") != 0)
          continue;
        const analysis::ScanParts parts = analysis::parts(reader);
        const auto end = reader.operands.begin() + parts.sequences;
        const ir::Type& type = function_.type(op.results[0]);
        const bool time = parts.states == 0 || (type.rank() >= 3 && type.dims[1] == ir::batch);
        if (time && std::find(reader.operands.begin(), end, ir::Operand(op.results[0])) != end)
          neuron = &reader;
      }
    }
    if (neuron != nullptr && synapse_of_.emplace(neuron, &op).second)
      neuron_of_[&op] = neuron;
  }
}

void Unit::plan_calls() {
  for (const ir::Op& op : function_.ops) {
    if (op.opcode == ir::Opcode::constant) {
      const int buffer = add(Place::constant, function_.type(op.results[0]));
      buffers_[static_cast<size_t>(buffer)].constant = op.text("name");
      buffer_of_[op.results[0]] = buffer;
    } else if (const auto synapse = synapse_of_.find(&op); synapse != synapse_of_.end()) {
      plan_call(*synapse->second, &op);
    } else if (neuron_of_.count(&op) == 0) {
      plan_call(op, nullptr);
    }
  }
}

void Unit::plan_call(const ir::Op& op, const ir::Op* neuron) {
  Call call;
  call.op = &op;
  call.neuron = neuron;
  for (const ir::Op* each : {&op, neuron}) {
    if (each == nullptr)
      continue;
    for (const ir::Operand& operand : each->operands)
      if (!operand.is_literal() && (each == &op || operand.value != op.results[0]))
        call.reads.push_back(buffer_of(operand.value));
  }
  if (is_binary(op))
    call.choices = table_choices(function_, op);
  for (const ir::Value result : (neuron != nullptr ? neuron : &op)->results) {
    if (uses_[static_cast<size_t>(result)] == 0)
      continue;
    const auto state = states_.find(result);
    const int buffer = state != states_.end() && stays_in_place(call, state->second, result)
                           ? buffer_of(state->second)
                           : add(Place::arena, function_.type(result));
    buffer_of_[result] = buffer;
    call.writes.push_back(buffer);
  }
  if (is_binary(op) || is_real_synapse(op))
    call.scratch = add(Place::arena, {});
  calls_.push_back(std::move(call));
}

// Whether a state may be written over the one before: by the operation that reads it last, and reads of it only the
// element that it writes next.
bool Unit::stays_in_place(const Call& call, ir::Value before, ir::Value after) const {
  const ir::Op& last = call.neuron != nullptr ? *call.neuron : *call.op;
  if (last.opcode != ir::Opcode::scan || function_.type(before) != function_.type(after))
    return false;
  const ir::Operand state(before);
  if (call.neuron != nullptr && std::count(call.op->operands.begin(), call.op->operands.end(), state) != 0)
    return false;
  const analysis::ScanParts parts = analysis::parts(last);
  const auto here = std::count(last.operands.begin(), last.operands.begin() + parts.sequences, state);
  // As an operand, not as a result: what returns it unchanged needs no copy.
  return here != 0 && uses_[static_cast<size_t>(before)] == here;
}

void Unit::copy(int from, int to, bool turns) {
  Call call;
  call.reads = {from};
  call.writes = {to};
  call.turns = turns;
  calls_.push_back(call);
}

void Unit::take_results() {
  std::vector<std::pair<int, int>> copies;
  bool written = false;
  for (size_t r = 0; r < function_.results.size(); ++r) {
    const ir::Value value = function_.results[r].value;
    const int buffer = buffer_of(value);
    if (function_.result_ports.at(r).role == ir::Role::logits) {
      if (written)
        throw Failure(Exit::user, "--emit=c: networks of several results have no C form");
      written = true;
      if (buffers_[static_cast<size_t>(buffer)].place == Place::arena) {
        buffers_[static_cast<size_t>(buffer)].place = Place::logits;
        continue;
      }
      copies.emplace_back(buffer, add(Place::logits, function_.type(value)));
    } else {
      ir::Value before = ir::no_value;
      for (const ir::Value parameter : function_.parameters)
        if (function_.values[static_cast<size_t>(parameter)].port == function_.result_ports.at(r))
          before = parameter;
      if (before == ir::no_value)
        throw Failure(Exit::internal,
                      "this is a bug in rvbc: @" + function_.name + " returns a state that it does not read");
      if (buffer_of(before) != buffer)
        copies.emplace_back(buffer, buffer_of(before));
    }
  }
  for (const auto& [from, to] : copies)
    copy(from, to);
}

void Unit::place() {
  std::vector<analysis::Interval> intervals(buffers_.size());
  for (size_t b = 0; b < buffers_.size(); ++b)
    if (buffers_[b].place == Place::arena)
      intervals[b].fixed = buffers_[b].bytes;
  for (int c = 0; c < static_cast<int>(calls_.size()); ++c) {
    Call& call = calls_[static_cast<size_t>(c)];
    std::vector<int> touched = call.reads;
    touched.insert(touched.end(), call.writes.begin(), call.writes.end());
    if (call.scratch >= 0) {
      touched.push_back(call.scratch);
      intervals[static_cast<size_t>(call.scratch)].fixed =
          scratch_of(function_, *call.op, call.neuron, call.tables()).bytes();
    }
    for (const int buffer : touched) {
      analysis::Interval& interval = intervals[static_cast<size_t>(buffer)];
      if (interval.first < 0)
        interval.first = c;
      interval.last = c;
    }
  }
  work_bytes_ = analysis::place(intervals).fixed;
  for (size_t b = 0; b < buffers_.size(); ++b)
    if (buffers_[b].place == Place::arena) {
      buffers_[b].offset = intervals[b].offset;
      buffers_[b].bytes = intervals[b].fixed;
    }
}

// All as small as can be, then one after the other as large as still fits.
void Unit::choose_tables() {
  for (Call& call : calls_)
    call.chosen = ram_ == 0 || call.choices.empty() ? 0 : call.choices.size() - 1;
  place();
  if (ram_ == 0)
    return;
  if (arena_bytes() > ram_)
    too_large();
  for (Call& call : calls_) {
    const size_t smallest = call.chosen;
    for (call.chosen = 0; call.chosen < smallest; ++call.chosen) {
      place();
      if (arena_bytes() <= ram_)
        break;
    }
  }
  place();
}

void Unit::too_large() const {
  int64_t most = -1;
  const Call* worst = nullptr;
  for (size_t c = 0; c < calls_.size(); ++c) {
    std::set<int> alive;
    for (size_t other = 0; other < calls_.size(); ++other)
      for (const std::vector<int>* list : {&calls_[other].reads, &calls_[other].writes})
        for (const int buffer : *list) {
          if (buffers_[static_cast<size_t>(buffer)].place != Place::arena)
            continue;
          const auto touches = [&](const Call& call) {
            return std::count(call.reads.begin(), call.reads.end(), buffer) +
                       std::count(call.writes.begin(), call.writes.end(), buffer) !=
                   0;
          };
          if (std::any_of(calls_.begin(), calls_.begin() + static_cast<long>(c) + 1, touches) &&
              std::any_of(calls_.begin() + static_cast<long>(c), calls_.end(), touches))
            alive.insert(buffer);
        }
    if (calls_[c].scratch >= 0)
      alive.insert(calls_[c].scratch);
    int64_t sum = 0;
    for (const int buffer : alive)
      sum += buffers_[static_cast<size_t>(buffer)].bytes;
    if (sum > most && calls_[c].op != nullptr) {
      most = sum;
      worst = &calls_[c];
    }
  }
  const std::string layer = worst == nullptr || worst->op->layer.empty() ? "" : worst->op->layer;
  const int64_t tables = worst == nullptr || worst->tables() == nullptr ? 0 : worst->tables()->bytes;
  throw Failure(Exit::user,
                fmt::format("--ram: {} {} needs {} bytes with the smallest tables, and may have {}; most are needed at "
                            "layer `{}`: {} of values{}{}\n--ram {}K or more is needed",
                            writer_.prefix(), function_.name == "step" ? "step" : "run", arena_bytes(), ram_, layer,
                            most - tables, tables != 0 ? fmt::format(", {} of tables", tables) : "",
                            state_bytes_ != 0 ? fmt::format("; membranes have {}", state_bytes_) : "",
                            (arena_bytes() + 1023) / 1024));
}

std::string Unit::pointer(int index, bool constant) const {
  const Buffer& buffer = buffers_[static_cast<size_t>(index)];
  switch (buffer.place) {
  case Place::input: return "input";
  case Place::logits: return "logits";
  case Place::constant: return writer_.constant(buffer.constant);
  case Place::state:
  case Place::arena:
    return fmt::format("({}{}*)(void*)(memory + {})", constant ? "const " : "", type_name(buffer.type.element),
                       buffer.offset + (buffer.place == Place::arena ? state_bytes_ : 0));
  case Place::none: break;
  }
  return "";
}

void Unit::write(Call& call) {
  if (call.op == nullptr) {
    const ir::Type& type = buffers_[static_cast<size_t>(call.reads[0])].type;
    const char* element = type_name(type.element);
    const int64_t frames = type.rank() == 0 || type.dims[0] == ir::batch || !call.turns ? 1 : type.dims[0];
    const int64_t channels = type.channels(), pixels = count(type) / (frames * channels);
    Text text;
    text.open("static void @(const {0}* from, {0}* to)", element);
    if (call.turns) {
      text.loop("t", frames);
      text.loop("p", pixels);
      text.line("for (int32_t c = 0; c < {}; ++c)", channels);
      text.line("  *to++ = from[t * {} + c * {} + p];", pixels * channels, pixels);
    } else {
      text.line("for (int32_t i = 0; i < {}; ++i)", count(type));
      text.line("  to[i] = from[i];");
    }
    text.close_to(0);
    call.text = fmt::format("{}({}, {});", writer_.function(call.turns ? "channels_inside" : "copy", text.text()),
                            pointer(call.reads[0], true), pointer(call.writes[0], false));
    return;
  }
  const Emit emit = find_emit(call.op->opcode);
  Operation operation(writer_, function_, *call.op, call.neuron, call.tables());
  if (emit == nullptr)
    operation.refuse("");
  for (size_t v = 0; v < uses_.size(); ++v)
    if (uses_[v] == 0)
      operation.unread.insert(static_cast<ir::Value>(v));
  emit(operation);
  const std::string name =
      operation.finish(call.op->layer.empty() ? ir::info(call.op->opcode).name
                                              : std::string(ir::info(call.op->opcode).name) + "_" + call.op->layer);
  std::string arguments;
  const Scratch scratch = call.scratch < 0 ? Scratch() : scratch_of(function_, *call.op, call.neuron, call.tables());
  int64_t states = scratch.tables + scratch.sums;
  const int64_t one_state =
      call.neuron == nullptr ? 0 : scratch.states / std::max<int64_t>(1, call.neuron->integer("states"));
  for (const Argument& argument : operation.arguments) {
    arguments += arguments.empty() ? "" : ", ";
    const int64_t base = call.scratch < 0 ? 0 : state_bytes_ + buffers_[static_cast<size_t>(call.scratch)].offset;
    switch (argument.kind) {
    case Argument::Kind::value: {
      const int buffer = buffer_of(argument.value);
      const bool written = std::count(call.writes.begin(), call.writes.end(), buffer) != 0;
      arguments += pointer(buffer, !written);
      break;
    }
    case Argument::Kind::tables: arguments += fmt::format("(void*)(memory + {})", base); break;
    case Argument::Kind::sums: arguments += fmt::format("(void*)(memory + {})", base + scratch.tables); break;
    case Argument::Kind::states:
      arguments += fmt::format("(void*)(memory + {})", base + states);
      states += one_state;
      break;
    }
  }
  call.text = fmt::format("{}({});", name, arguments);
}

std::string Unit::calls() const {
  std::string text;
  for (const Call& call : calls_)
    text += "  " + call.text + "\n";
  return text;
}

std::string Unit::resets() const {
  std::string text;
  for (const ir::Value parameter : function_.parameters) {
    const ir::ValueInfo& info = function_.values[static_cast<size_t>(parameter)];
    if (info.port.role != ir::Role::state)
      continue;
    const Buffer& buffer = buffers_[static_cast<size_t>(buffer_of(parameter))];
    const char* element = type_name(info.type.element);
    Text function;
    function.open("static void @({}* states)", element);
    function.line("for (int32_t i = 0; i < {}; ++i)", count(info.type));
    function.line("  states[i] = {};", literal(info.port.initial, info.type.element));
    function.close();
    text += fmt::format("  {}(({}*)(void*)(memory + {}));\n", writer_.function("begin", function.text()), element,
                        buffer.offset);
  }
  return text;
}

} // namespace rvb::codegen::c
