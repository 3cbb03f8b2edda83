// Any well-formed module through every pass, one at a time: no pass crashes on it, and what it makes is well formed
// (run() verifies after every change and throws otherwise). A pass may refuse a module; it says so as a Failure that is
// the user's, never as an internal one.
#include "analysis/verify.h"
#include "ir/text.h"
#include "passes/passes.h"
#include "support/result.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rvb;
  ir::Module module;
  try {
    module = ir::parse(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const ir::ParseError&) {
    return 0;
  }
  if (!analysis::verify(module).empty())
    return 0;
  for (const passes::Pass& pass : passes::all_passes()) {
    ir::Module changed = module;
    try {
      passes::run(changed, {pass.name}, {});
    } catch (const Failure& failure) {
      if (failure.exit != Exit::internal)
        continue;
      std::fprintf(stderr, "pass %s: %s\n%s\n", pass.name, failure.what(), ir::print(module).c_str());
      std::abort();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "pass %s throws: %s\n%s\n", pass.name, error.what(), ir::print(module).c_str());
      std::abort();
    }
  }
  return 0;
}
