#include "driver/inspect.h"

#include "analysis/verify.h"
#include "build/compile.h"
#include "host/output.h"
#include "ir/text.h"
#include "machine/disassemble.h"
#include "passes/passes.h"
#include "support/result.h"

#include <fmt/format.h>

namespace rvb::driver {

namespace {

std::string plans_text(const ir::Module& module, const build::Options& options) {
  const kernels::Target target = build::resolve_target(options);
  std::string text;
  try {
    for (const codegen::Plan& plan : build::plan_all(module, target))
      text += codegen::print(plan);
  } catch (const std::logic_error& error) { // an operator that passes should have replaced
    throw Failure(Exit::user, error.what());
  }
  return text;
}

} // namespace

int run_opt(const std::string& file, const std::vector<std::string>& names, const build::Options& options) {
  ir::Module module;
  try {
    module = ir::parse(read_text(file));
  } catch (const ir::ParseError& error) {
    throw Failure(Exit::user, fmt::format("{}:{}:{}: {}", file, error.line, error.column, error.message));
  }
  std::vector<std::string> faults = analysis::verify(module);
  for (const std::string& fault : faults)
    tell("{}: {}\n", file, fault);
  if (!faults.empty())
    return static_cast<int>(Exit::user);
  for (const std::string& name : names)
    if (passes::find_pass(name) == nullptr)
      throw Failure(Exit::usage, "unknown pass `" + name + "`");
  passes::run(module, names, {});
  if (options.emit.empty() || options.wants("ir"))
    put_text(ir::print(module));
  if (options.wants("plan"))
    put_text(plans_text(module, options));
  return 0;
}

int run_inspect(const std::string& object, const std::string& symbol) {
  machine::KernelReport report;
  try {
    report = machine::inspect_object(object, symbol);
  } catch (const Failure&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Failure(Exit::user, error.what());
  }
  put("{}: {} instructions, {} multiplies on data, {} in address arithmetic\n", symbol, report.instructions,
      report.multiplies.size(), report.address_arithmetic.size());
  for (const machine::Multiply& multiply : report.multiplies)
    put("  {:#x}: {}\n", multiply.address, multiply.text);
  return static_cast<int>(report.multiplies.empty() ? Exit::ok : Exit::verification);
}

} // namespace rvb::driver
