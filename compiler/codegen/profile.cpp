#include "codegen/profile.h"

#include <cstdlib>
#include <utility>

namespace rvb::codegen {

namespace {

const std::string prefix = "rvb_timed_";

Plan with_timers(Plan plan, int64_t& number) {
  plan.function = profile_name(plan.function);
  for (Call& call : plan.calls) {
    if (call.loop != nullptr) {
      auto loop = std::make_shared<Loop>(*call.loop);
      loop->plan = with_timers(std::move(loop->plan), number);
      call.loop = std::move(loop);
    } else if (call.op >= 0) {
      call.symbol = timer_symbol(number++, call.symbol);
    }
  }
  return plan;
}

void walk(const ir::Function& function, const Plan& plan, int64_t times,
          const std::function<void(const KernelCall&)>& see) {
  for (const Call& call : plan.calls) {
    if (call.loop != nullptr)
      walk(call.loop->body, call.loop->plan, times * call.loop->steps, see);
    else if (call.op >= 0)
      see({function, plan, call, times});
  }
}

} // namespace

void for_each_kernel(const ir::Function& function, const Plan& plan,
                     const std::function<void(const KernelCall&)>& see) {
  walk(function, plan, 1, see);
}

bool has_profile(const Plan& plan) {
  return plan.function == "infer" || plan.function == "gradient";
}

std::string profile_name(const std::string& of) {
  return of + ".profiled";
}

Plan profiled(const Plan& plan) {
  int64_t number = 0;
  return with_timers(plan, number);
}

std::string timer_symbol(int64_t number, const std::string& kernel) {
  return prefix + std::to_string(number) + "_" + kernel;
}

bool read_timer_symbol(const std::string& symbol, int64_t& number, std::string& kernel) {
  if (symbol.compare(0, prefix.size(), prefix) != 0)
    return false;
  char* end = nullptr;
  number = std::strtoll(symbol.c_str() + prefix.size(), &end, 10);
  kernel = end + 1;
  return true;
}

} // namespace rvb::codegen
