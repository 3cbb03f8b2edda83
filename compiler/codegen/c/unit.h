// A function of the IR as calls of C functions on buffers: what runs when, where values lie, how large tables are.
#pragma once

#include "codegen/c/operation.h"

namespace rvb::codegen::c {

enum class Place { none, input, logits, state, constant, arena };

struct Buffer {
  Place place = Place::none;
  ir::Type type;
  std::string constant; // its name in the module
  int64_t offset = 0;   // among the states, or in the rest of the arena
  int64_t bytes = 0;
};

struct Call {
  const ir::Op* op = nullptr; // null: `from` is copied to `to`
  const ir::Op* neuron = nullptr;
  std::vector<Tables> choices; // of a binary layer, the fastest first
  size_t chosen = 0;
  std::vector<int> reads, writes; // buffers
  int scratch = -1;               // a buffer
  bool turns = false;             // the copy: of an input, whose channels become the innermost
  std::string text;               // the call in C

  const Tables* tables() const { return choices.empty() ? nullptr : &choices[chosen]; }
};

class Unit {
public:
  // `ram`: bytes for the states and the rest of the arena, 0 for no limit.
  Unit(Writer& writer, const ir::Function& function, int64_t ram);

  int64_t state_bytes() const { return state_bytes_; }
  int64_t arena_bytes() const { return state_bytes_ + work_bytes_; }
  std::string calls() const;  // lines of C, in order
  std::string resets() const; // states as they are before the first step

private:
  int add(Place place, const ir::Type& type);
  int buffer_of(ir::Value value) const { return buffer_of_.at(value); }
  void take_parameters();
  void take_results();
  void find_neurons();
  void plan_calls();
  void plan_call(const ir::Op& op, const ir::Op* neuron);
  void copy(int from, int to, bool turns = false);
  bool stays_in_place(const Call& call, ir::Value before, ir::Value after) const;
  void place();
  void choose_tables();
  [[noreturn]] void too_large() const;
  void write(Call& call);
  std::string pointer(int buffer, bool constant) const;

  Writer& writer_;
  const ir::Function& function_;
  const int64_t ram_;
  std::vector<Buffer> buffers_;
  std::vector<Call> calls_;
  std::map<ir::Value, int> buffer_of_;
  std::map<ir::Value, ir::Value> states_; // by the value after the step, the one before
  std::map<const ir::Op*, const ir::Op*> neuron_of_, synapse_of_;
  std::vector<int> uses_;
  int64_t state_bytes_ = 0, work_bytes_ = 0;
};

} // namespace rvb::codegen::c
