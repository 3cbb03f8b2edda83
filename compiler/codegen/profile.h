// Profiles: a second copy of a plan, whose kernels are called through functions that tell the runtime when they begin
// and end. The plan itself keeps its code.
#pragma once

#include "codegen/plan.h"

#include <functional>
#include <string>

namespace rvb::codegen {

struct KernelCall {
  const ir::Function& function; // that `call.op` is an operation of
  const Plan& plan;             // that its buffers are of
  const Call& call;
  int64_t times; // in one run: once a step in loops
};
// The kernels of a plan and of its loops, in the order of their numbers in a profile.
void for_each_kernel(const ir::Function& function, const Plan& plan, const std::function<void(const KernelCall&)>& see);

bool has_profile(const Plan& plan);              // inference, and the gradient of a training step
std::string profile_name(const std::string& of); // of the function: "infer.profiled"
Plan profiled(const Plan& plan);

// A function that calls the kernel and tells the runtime, as a name that says both (timers.h writes it).
std::string timer_symbol(int64_t number, const std::string& kernel);
bool read_timer_symbol(const std::string& symbol, int64_t& number, std::string& kernel);

} // namespace rvb::codegen
