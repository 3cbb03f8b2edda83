#include "network/function.h"

#include "base/failure.h"
#include "core/way_out.h"

#include <algorithm>
#include <new>
#include <utility>

namespace rvb::runtime {

namespace {

const rvb_function& need_function(const rvb_program& program, const Manifest& manifest, const std::string& name,
                                  const char* advice = "") {
  const rvb_function* function = find_function(program, name);
  if (function == nullptr)
    throw Failure(Exit::usage, "`" + manifest.name + "` was compiled without its function `" + name + "`" + advice);
  return *function;
}

// Results that show what happens inside, which may be much.
bool shows(const rvb_port& port) {
  return port.role == RVB_SPIKES || port.role == RVB_MEMBRANE || port.role == RVB_EVENTS || port.role == RVB_RANGE;
}

} // namespace

Function::Function(const rvb_program& program, const Manifest& manifest, const std::string& name, int64_t max_batch,
                   const ParameterSet* parameters)
    : function_(&need_function(program, manifest, name)), name_(name), max_batch_(max_batch),
      labels_(max_batch * (manifest.regression ? manifest.classes : 1)) {
  for (int32_t i = 0; i < function_->argument_count; ++i)
    arguments_.push_back(argument(function_->arguments[i], parameters));
  for (int32_t i = 0; i < function_->result_count; ++i)
    results_.emplace_back(rvb_port_floats(&function_->results[i], max_batch));
  for (Floats& result : results_)
    result_pointers_.push_back(result.data());
  block_.reset(static_cast<unsigned char*>(rvb_allocate(static_cast<size_t>(block_bytes()) + 64)));
  if (block_ == nullptr)
    throw std::bad_alloc();
}

int64_t fitting_batch(const rvb_program& program, const Manifest& manifest, const std::string& name, int64_t batch) {
  constexpr int64_t most = int64_t{256} << 20;
  const rvb_function& function =
      need_function(program, manifest, name, name == "observe" ? ": deploy it with `rvbc deploy --observe`" : "");
  int64_t sample = function.sample_bytes;
  for (int32_t i = 0; i < function.result_count; ++i)
    if (shows(function.results[i]))
      sample += rvb_port_elements(&function.results[i], 1) * 4;
  return std::max<int64_t>(1, std::min(batch, (most - function.static_bytes) / std::max<int64_t>(1, sample)));
}

const void* Function::argument(const rvb_port& port, const ParameterSet* parameters) {
  switch (static_cast<rvb_role>(port.role)) {
  case RVB_INPUT:
    inputs_.push_back({port.name, Floats(rvb_port_floats(&port, max_batch_))});
    return inputs_.back().values.data();
  case RVB_LABELS: return labels_.data();
  case RVB_KEY: return key_.data();
  case RVB_PROGRESS: return &progress_;
  case RVB_STATE: return add_state(port);
  case RVB_PARAMETER:
    if (const int index = parameters == nullptr ? -1 : parameters->find(port.name); index >= 0)
      return (*parameters)[index].data();
    break;
  default: break;
  }
  throw Failure(Exit::internal, "`" + name_ + "` takes an unknown argument `" + port.name + "`");
}

const void* Function::add_state(const rvb_port& port) {
  const int32_t result = rvb_find_port(function_->results, function_->result_count, RVB_STATE, port.name);
  if (result < 0)
    throw Failure(Exit::internal, std::string("`") + name_ + "` does not return its state `" + port.name + "`");
  states_.push_back({static_cast<size_t>(&port - function_->arguments), static_cast<size_t>(result),
                     Floats(rvb_port_floats(&port, max_batch_))});
  return states_.back().values.data();
}

void Function::reset_states() {
  for (State& state : states_)
    rvb_begin_state(&function_->arguments[state.argument], state.values.data(), max_batch_);
}

void Function::advance_states() {
  for (State& state : states_) {
    std::swap(state.values, results_[state.result]);
    arguments_[state.argument] = state.values.data();
    result_pointers_[state.result] = results_[state.result].data();
  }
}

int64_t Function::block_bytes() const {
  return function_->static_bytes + max_batch_ * function_->sample_bytes;
}

float* Function::input(const std::string& name) {
  for (Input& input : inputs_)
    if (input.name == name)
      return input.values.data();
  return nullptr;
}

const float* Function::result(rvb_role role, const std::string& name) const {
  const int32_t at = rvb_find_port(function_->results, function_->result_count, role, name.c_str());
  return at < 0 ? nullptr : results_[static_cast<size_t>(at)].data();
}

const float* Function::result(rvb_role role) const {
  const int32_t at = rvb_find_port(function_->results, function_->result_count, role, nullptr);
  return at < 0 ? nullptr : results_[static_cast<size_t>(at)].data();
}

void Function::run(int64_t batch) {
  rvb_frame frame{batch, arguments_.data(), result_pointers_.data(), block_.get()};
  rvb_clear_error();
  int code = rvb_call(function_->run, &frame);
  if (code == RVB_CODE_OUT_OF_MEMORY)
    throw std::bad_alloc();
  if (code == RVB_BATCH_TOO_LARGE)
    throw Failure(Exit::user, "a batch of " + std::to_string(batch) + " is too large for `" + name_ +
                                  "`: a tensor would have more than 2^31 elements; take a smaller --batch");
  if (code != 0) {
    std::string detail = rvb_last_error();
    throw Failure(Exit::internal, "a kernel of `" + name_ + "` failed with code " + std::to_string(code) +
                                      (detail.empty() ? "" : ": " + detail));
  }
}

} // namespace rvb::runtime
