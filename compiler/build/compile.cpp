#include "build/compile.h"

#include "build/frontend.h"
#include "build/linking/link.h"
#include "build/manifest.h"
#include "codegen/data.h"
#include "codegen/ports.h"
#include "codegen/profile.h"
#include "core/checksum.h"
#include "host/output.h"
#include "host/paths.h"
#include "ir/text.h"
#include "irgen/generate.h"
#include "passes/passes.h"
#include "support/result.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace rvb::build {

kernels::Target resolve_target(const Options& options) {
  kernels::Target target;
  if (targets::find_target(options.target, target))
    return target;
  const std::vector<std::string> names = targets::target_names();
  Diagnostics diagnostics;
  Diagnostic& diagnostic =
      diagnostics.report(Code::unknown_target, {}, "unknown target `" + printable(options.target, 100) + "`");
  diagnostic.note(fmt::format("the targets are: {}", fmt::join(names, ", ")));
  const std::string near = nearest(options.target, names);
  if (!near.empty())
    diagnostic.help("did you mean `" + near + "`?");
  stop_with(Sources(), diagnostics, options, Exit::usage);
}

ir::Module generate(const sema::Program& program, const Wanted& wanted) {
  ir::Module module;
  if (wanted.infer)
    module.functions.push_back(irgen::generate_infer(program));
  if (wanted.train)
    module.functions.push_back(irgen::generate_train(program));
  if (wanted.step)
    module.functions.push_back(irgen::generate_step(program));
  if (wanted.observe)
    module.functions.push_back(irgen::generate_observe(program));
  return module;
}

Facts facts_of(const sema::Program& program, const kernels::Target& target, const Options& options) {
  Facts facts;
  facts.collapse_time = options.collapse_time;
  facts.lookups = target.has_tables();
  facts.at_rest = program.begins_at_rest();
  return facts;
}

void print_generated(const ir::Module& module, const Options& options) {
  for (const std::string& name : options.print_after) {
    if (name != "all" && name != "irgen" && passes::find_pass(name) == nullptr)
      throw Failure(Exit::usage, "unknown pass `" + name + "` in --print-after");
    if (name == "irgen" || name == "all")
      put("// after irgen\n{}\n", ir::print(module));
  }
}

void run_passes(ir::Module& module, const std::vector<std::string>& passes, const Options& options) {
  passes::RunOptions run;
  run.print_after = options.print_after;
  run.print = &output();
  run.time = options.time_passes;
  passes::run(module, passes, run);
}

std::vector<codegen::Plan> plan_all(const ir::Module& module, const kernels::Target& target) {
  std::vector<codegen::Plan> plans;
  for (const ir::Function& function : module.functions)
    plans.push_back(codegen::plan(function, target));
  return plans;
}

codegen::ProgramInfo program_info(const sema::Program& program) {
  codegen::ProgramInfo info;
  info.sequence = program.input.sequence;
  info.steps = program.input.steps;
  const sema::Shape& shape = program.input.shape;
  info.channels = shape.at(0);
  for (size_t i = 1; i < shape.size(); ++i) { // of more dimensions than an image's, all but the last are its height
    info.height *= info.width;
    info.width = shape[i];
  }
  info.classes = program.classes;
  return info;
}

namespace {

void request_kernels(const ir::Function& function, const codegen::Plan& plan, std::vector<KernelRequest>& requests) {
  for (const codegen::Call& call : plan.calls) {
    if (call.loop != nullptr)
      request_kernels(call.loop->body, call.loop->plan, requests);
    if (call.op >= 0)
      requests.push_back({call.symbol, &function, &function.ops[call.op], call.layer_kernel,
                          call.neuron < 0 ? nullptr : &function.ops[call.neuron]});
  }
}

} // namespace

std::vector<KernelRequest> kernel_requests(const ir::Module& module, const std::vector<codegen::Plan>& plans) {
  std::vector<KernelRequest> requests;
  for (size_t p = 0; p < plans.size(); ++p)
    request_kernels(module.functions[p], plans[p], requests);
  return requests;
}

namespace {

// The same program in this process's memory, for its checksum.
uint64_t checksum(const codegen::ProgramInfo& info, const ir::Module& module, const std::vector<codegen::Plan>& plans,
                  const kernels::Target& target) {
  const auto count = [](const auto& list) { return static_cast<int32_t>(list.size()); };
  std::vector<std::vector<rvb_port>> ports;
  std::vector<rvb_function> functions;
  for (const codegen::Plan& plan : plans) {
    for (const std::vector<codegen::Port>* list : {&plan.arguments, &plan.results}) {
      ports.emplace_back();
      for (const codegen::Port& port : *list)
        ports.back().push_back(codegen::describe(port));
    }
    const std::vector<rvb_port>&arguments = ports[ports.size() - 2], &results = ports.back();
    functions.push_back({plan.function.c_str(), nullptr, plan.static_bytes, plan.sample_bytes, count(arguments),
                         count(results), arguments.data(), results.data()});
  }
  const std::vector<std::string> names = target.features;
  std::vector<const char*> features;
  for (const std::string& name : names)
    features.push_back(name.c_str());
  features.push_back(nullptr);
  std::vector<rvb_data> data;
  for (const codegen::ProgramInfo::Data& each : info.data)
    data.push_back({module.constants.at(each.constant).bytes.data(), each.bytes});
  const auto number = [](int64_t value) { return static_cast<int32_t>(value); };
  rvb_program program{
      RVB_PROGRAM_VERSION, info.deployed,         info.sequence,        number(info.steps), number(info.channels),
      number(info.height), number(info.width),    number(info.classes), count(functions),   functions.data(),
      features.data(),     info.manifest.c_str(), data.data(),          count(data),        0};
  return rvb_checksum(&program);
}

} // namespace

std::vector<std::string> write_program(const std::string& folder, const ir::Module& module,
                                       std::vector<codegen::Plan> plans, codegen::ProgramInfo info,
                                       const kernels::Target& target, const KernelObjects& objects) {
  std::vector<std::string> files{"program.o"};
  for (size_t i = 0, count = plans.size(); i < count && info.profiled; ++i)
    if (codegen::has_profile(plans[i]))
      plans.push_back(codegen::profiled(plans[i]));
  for (const auto& [name, constant] : module.constants)
    info.data.push_back({name, static_cast<int64_t>(constant.bytes.size())});
  info.checksum = checksum(info, module, plans, target);
  codegen::emit_program(plans, info, target, machine::OutputKind::object, folder + "/program.o");
  if (!module.constants.empty()) {
    codegen::write_data(module, info.identity(), folder + "/data");
    assemble(folder, "data", target);
    files.push_back("data.o");
  }
  files.insert(files.end(), objects.files.begin(), objects.files.end());
  return files;
}

namespace {

std::string all_statements(const ir::Module& module, const std::vector<codegen::Plan>& plans,
                           const kernels::Target& target) {
  std::string text, last;
  std::vector<KernelRequest> requests = kernel_requests(module, plans);
  std::sort(requests.begin(), requests.end(),
            [](const KernelRequest& a, const KernelRequest& b) { return a.symbol < b.symbol; });
  for (const KernelRequest& request : requests) {
    if (request.symbol == last)
      continue;
    last = request.symbol;
    text += kernel_text(request, target) + "\n";
  }
  return text;
}

std::string program_text(const std::vector<codegen::Plan>& plans, const codegen::ProgramInfo& info,
                         const kernels::Target& target, machine::OutputKind kind) {
  TemporaryFolder folder;
  std::string path = folder.path() + "/program";
  codegen::emit_program(plans, info, target, kind, path);
  return read_text(path);
}

} // namespace

bool emits_text(const Options& options) {
  return options.wants("ir") || options.wants("plan") || options.wants("stmt") || options.wants("llvm") ||
         options.wants("asm");
}

bool emit_text(const ir::Module& module, const std::vector<codegen::Plan>& plans, const codegen::ProgramInfo& info,
               const kernels::Target& target, const Options& options) {
  if (!emits_text(options))
    return false;
  std::string text;
  for (const std::string& kind : options.emit) {
    if (kind == "ir")
      text += ir::print(module);
    else if (kind == "plan")
      for (const codegen::Plan& plan : plans)
        text += codegen::print(plan);
    else if (kind == "stmt")
      text += all_statements(module, plans, target);
    else if (kind == "llvm")
      text += program_text(plans, info, target, machine::OutputKind::llvm_ir);
    else if (kind == "asm")
      text += program_text(plans, info, target, machine::OutputKind::assembly);
  }
  write_text(options.output, text);
  return true;
}

} // namespace rvb::build
