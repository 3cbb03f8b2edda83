#include "network/function.h"

#include "base/failure.h"
#include "core/way_out.h"

#include <algorithm>
#include <new>
#include <utility>

namespace rvb::runtime {

const rvb_function* find_function(const rvb_program& program, const std::string& name) {
  for (int32_t i = 0; i < program.function_count; ++i)
    if (name == program.functions[i].name)
      return &program.functions[i];
  return nullptr;
}

namespace {

int64_t image_elements(const Manifest& manifest, const std::string& function, int64_t batch) {
  int64_t frames = manifest.sequence && function != "step" ? manifest.steps : 1;
  return batch * frames * manifest.pixels();
}

// Without its prefix ("grad:", "batch:"), the parameter that a result belongs to.
int64_t result_elements(const Manifest& manifest, const rvb_program& program, const std::string& name, int64_t batch) {
  if (name == "loss")
    return 1;
  if (name == "logits")
    return batch * manifest.classes;
  if (name.rfind("state:", 0) == 0) {
    int64_t index = std::stoll(name.substr(6));
    if (index >= 0 && index < program.state_count)
      return batch * program.state_elements[index];
  }
  if (int64_t elements = manifest.observed_elements(name); elements > 0)
    return batch * elements;
  std::string parameter = name.substr(name.find(':') + 1);
  for (const Parameter& p : manifest.parameters)
    if (p.name == parameter)
      return p.elements;
  throw Failure(Exit::internal, "the manifest names an unknown result `" + name + "`");
}

} // namespace

Function::Function(const rvb_program& program, const Manifest& manifest, const std::string& name, int64_t max_batch,
                   const ParameterSet* parameters)
    : function_(find_function(program, name)), name_(name), max_batch_(max_batch),
      image_(image_elements(manifest, name, max_batch)), labels_(max_batch) {
  const FunctionInfo* info = manifest.find(name);
  if (function_ == nullptr || info == nullptr)
    throw Failure(Exit::usage, "`" + manifest.name + "` was compiled without its function `" + name + "`");
  if (function_->arguments != static_cast<int32_t>(info->arguments.size()) ||
      function_->results != static_cast<int32_t>(info->results.size()))
    throw Failure(Exit::internal, "the manifest and the program disagree about `" + name + "`");
  for (const std::string& argument : info->arguments) {
    int index = parameters == nullptr ? -1 : parameters->find(argument);
    if (argument.rfind("state:", 0) == 0)
      add_state(program, *info, argument);
    else if (argument == "labels")
      arguments_.push_back(labels_.data());
    else if (index >= 0)
      arguments_.push_back((*parameters)[index].data());
    else if (argument == "image")
      arguments_.push_back(image_.data());
    else
      throw Failure(Exit::internal, "the manifest names an unknown argument `" + argument + "` of `" + name + "`");
  }
  result_names_ = info->results;
  for (const std::string& result : info->results)
    results_.emplace_back(result_elements(manifest, program, result, max_batch));
  for (Floats& result : results_)
    result_pointers_.push_back(result.data());
  block_.reset(static_cast<unsigned char*>(rvb_allocate(static_cast<size_t>(block_bytes()) + 64)));
  if (block_ == nullptr)
    throw std::bad_alloc();
}

int64_t fitting_batch(const rvb_program& program, const Manifest& manifest, const std::string& name, int64_t batch) {
  constexpr int64_t most = int64_t{256} << 20;
  const FunctionInfo* info = manifest.find(name);
  const rvb_function* function = find_function(program, name);
  if (info == nullptr || function == nullptr)
    throw Failure(Exit::usage, "`" + manifest.name + "` was compiled without its function `" + name + "`" +
                                   (name == "observe" ? ": deploy it with `rvbc deploy --observe`" : ""));
  int64_t sample = function->sample_bytes;
  for (const std::string& result : info->results)
    sample += manifest.observed_elements(result) * 4;
  return std::max<int64_t>(1, std::min(batch, (most - function->static_bytes) / std::max<int64_t>(1, sample)));
}

void Function::add_state(const rvb_program& program, const FunctionInfo& info, const std::string& name) {
  int64_t index = std::stoll(name.substr(6));
  auto result = std::find(info.results.begin(), info.results.end(), name);
  if (index < 0 || index >= program.state_count || result == info.results.end())
    throw Failure(Exit::internal, "the manifest names an unknown state `" + name + "` of `" + name_ + "`");
  states_.push_back({arguments_.size(), static_cast<size_t>(result - info.results.begin()),
                     program.state_initial[index], Floats(max_batch_ * program.state_elements[index])});
  arguments_.push_back(states_.back().values.data());
}

void Function::reset_states() {
  for (State& state : states_)
    std::fill_n(state.values.data(), state.values.size(), state.initial);
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

const float* Function::result(const std::string& name) const {
  for (size_t i = 0; i < result_names_.size(); ++i)
    if (result_names_[i] == name)
      return results_[i].data();
  return nullptr;
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
