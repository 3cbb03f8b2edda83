// The middle of every compilation: IR through the passes to plans, plans to objects. pipeline.cpp says in which order.
#pragma once

#include "build/objects.h"
#include "build/options.h"
#include "build/pipeline.h"
#include "codegen/emit.h"
#include "codegen/plan.h"
#include "ir/ir.h"
#include "sema/program.h"

#include <string>
#include <vector>

namespace rvb::build {

kernels::Target resolve_target(const Options& options); // of --target; prints RVB0401 and throws Failure(usage)

// The functions to make; the pipeline turns `train` into `gradient`.
struct Wanted {
  bool infer = false, train = false, step = false, observe = false;
};
ir::Module generate(const sema::Program& program, const Wanted& wanted);
// What options, target and network say before the first stage.
Facts facts_of(const sema::Program& program, const kernels::Target& target, const Options& options);
// --print-after=irgen; Failure(usage) where --print-after names no pass.
void print_generated(const ir::Module& module, const Options& options);
// With --print-after and --time-passes.
void run_passes(ir::Module& module, const std::vector<std::string>& passes, const Options& options);
std::vector<codegen::Plan> plan_all(const ir::Module& module, const kernels::Target& target);

codegen::ProgramInfo program_info(const sema::Program& program);

std::vector<KernelRequest> kernel_requests(const ir::Module& module, const std::vector<codegen::Plan>& plans);

// The program's objects in `folder`, to be linked: the table of functions with `info`, the constants, the kernels.
// Gives the files in order.
std::vector<std::string> write_program(const std::string& folder, const ir::Module& module,
                                       std::vector<codegen::Plan> plans, codegen::ProgramInfo info,
                                       const kernels::Target& target, const KernelObjects& objects);

// One of --emit=ir, plan, stmt, llvm, asm was asked for.
bool emits_text(const Options& options);
// These texts: to the output file, or standard output. True when one of them was asked for.
bool emit_text(const ir::Module& module, const std::vector<codegen::Plan>& plans, const codegen::ProgramInfo& info,
               const kernels::Target& target, const Options& options);

} // namespace rvb::build
