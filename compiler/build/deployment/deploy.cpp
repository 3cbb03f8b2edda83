#include "analysis/spike_grids.h"
#include "analysis/value_products.h"
#include "build/build.h"
#include "build/compilation.h"
#include "build/deployment/calibrate.h"
#include "build/deployment/freestanding.h"
#include "build/deployment/sparsity.h"
#include "build/linking/link.h"
#include "build/manifest.h"
#include "build/profile.h"
#include "host/output.h"
#include "machine/disassemble.h"
#include "network/verification.h"
#include "passes/deployment/sparse_synapses.h"
#include "passes/fixed/fixed_point.h"
#include "support/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

namespace rvb::build {

using nlohmann::ordered_json;

namespace {

// One binary layer's kernel in each of the functions that call it.
struct Verified {
  std::string layer;
  machine::KernelReport report;
};

std::vector<Verified> verify_addition_only(const ir::Module& module, const std::vector<codegen::Plan>& plans,
                                           const std::string& folder) {
  std::vector<Verified> verified;
  for (size_t p = 0; p < plans.size(); ++p)
    for (const codegen::Call& call : plans[p].calls)
      if (call.op >= 0 && (ir::info(module.functions[p].ops[call.op].opcode).traits & ir::addition_only) != 0)
        verified.push_back({call.layer, machine::inspect_object(folder + "/" + call.symbol + ".o", call.symbol)});
  return verified;
}

// Binary and ternary layers that still multiply with real weights: a mistake of the passes, which would go unseen
// among the kernels that were verified.
std::vector<std::string> unpacked_layers(const ir::Module& module, const sema::Program& program) {
  std::set<std::string> packed, found;
  for (const sema::Layer& layer : program.layers)
    if (!layer.weights().real())
      packed.insert(layer.path);
  for (const ir::Function& function : module.functions)
    for (const ir::Op& op : function.ops)
      if ((op.opcode == ir::Opcode::conv2d || op.opcode == ir::Opcode::linear) && packed.count(op.layer) != 0)
        found.insert(op.layer);
  return {found.begin(), found.end()};
}

// With what no kernel speaks for: layers whose weights are real, and products of values with values.
ordered_json as_json(const std::vector<Verified>& verified, const sema::Program& program, const ir::Module& module) {
  ordered_json j = {{"kernels", ordered_json::array()}, {"multiplies", 0}};
  int64_t multiplies = 0;
  for (const Verified& v : verified) {
    ordered_json list = ordered_json::array();
    for (const machine::Multiply& multiply : v.report.multiplies)
      list.push_back(multiply.text);
    j["kernels"].push_back({{"symbol", v.report.symbol},
                            {"layer", v.layer},
                            {"instructions", v.report.instructions},
                            {"multiplies", v.report.multiplies.size()},
                            {"address_arithmetic", v.report.address_arithmetic.size()},
                            {"found", list}});
    multiplies += static_cast<int64_t>(v.report.multiplies.size());
  }
  j["multiplies"] = multiplies;
  const std::vector<analysis::ValueProducts> products = analysis::value_products(*module.find("infer"));
  const std::vector<LayerRow> rows = layer_rows(program);
  // A matrix product of two values is among the products; one with what is learned is not, nor are synapses, after
  // which a product may be named.
  const auto real = [&](const LayerRow& row) {
    const auto at = [&](const analysis::ValueProducts& each) { return each.layer == row.layer->path; };
    const bool named = !row.layer->synaptic() && std::any_of(products.begin(), products.end(), at);
    return named ? 0 : row.multiply_adds;
  };
  int64_t all = 0; // of one sample, all steps together
  for (const LayerRow& row : rows)
    all += program.input.steps * (row.additions + real(row));
  for (const analysis::ValueProducts& each : products)
    all += each.count;
  const auto share = [&](int64_t part) { return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all); };
  int64_t additions = 0;
  j["multiplying_layers"] = ordered_json::array();
  for (const LayerRow& row : rows) {
    additions += program.input.steps * row.additions;
    if (real(row) > 0)
      j["multiplying_layers"].push_back({{"layer", row.layer->path},
                                         {"multiply_adds", real(row)},
                                         {"share", share(program.input.steps * real(row))}});
  }
  j["binary_share"] = share(additions);
  j["value_products"] = ordered_json::array();
  for (const analysis::ValueProducts& each : products)
    j["value_products"].push_back({{"layer", each.layer}, {"products", each.count}, {"share", share(each.count)}});
  return j;
}

void print_verification(const std::vector<Verified>& verified, const ordered_json& report) {
  if (!verified.empty())
    put("multiplies, fused multiply-adds and divides in the machine code of the binary layers:\n");
  for (const Verified& v : verified) {
    put("  {:<24} {} instructions, {} on data, {} in address arithmetic (general-purpose registers)\n", v.layer,
        v.report.instructions, v.report.multiplies.size(), v.report.address_arithmetic.size());
    for (const machine::Multiply& multiply : v.report.multiplies)
      put("    {:#x}: {}\n", multiply.address, multiply.text);
  }
  put("{}\n", runtime::verification_summary(report));
}

struct Bytes {
  int64_t all = 0;
  int64_t binary = 0; // packed signs
};
Bytes constant_bytes(const ir::Module& module) {
  Bytes bytes;
  for (const auto& [name, constant] : module.constants) {
    bytes.all += static_cast<int64_t>(constant.bytes.size());
    if (constant.type.element == ir::Element::u32)
      bytes.binary += static_cast<int64_t>(constant.bytes.size());
  }
  return bytes;
}

// The network's own name for its program: rvb_program_NAME.
std::string network_accessor(const sema::Program& program) {
  return "rvb_program_" + identifier(program.name);
}

std::string header_text(const sema::Program& program, const std::string& library) {
  const std::string guard = "RVB_LIBRARY_" + library + "_H", network = "RVB_NETWORK_" + identifier(program.name);
  const sema::Input& input = program.input;
  return fmt::format(
      "/* {0}: a compiled ReverB network, deployed. Input: {1} floats a {2} ([{3}], normalised){4}; {5} {10}.\n"
      "   How to run it: rvb.h. Link with the archive this header was made with, -fopenmp and -lm. */\n"
      "#ifndef {6}\n#define {6}\n\n#include \"rvb.h\"\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
      "const rvb_program* {7}(void);\n\n"
      "/* The same by the network's name; where headers of two of its libraries are read, only the above tell them "
      "apart. "
      "*/\n#ifndef {8}\n#define {8}\nconst rvb_program* {9}(void);\n#else\n"
      "#define {9} {9}_stands_in_two_libraries\n#endif\n\n#ifdef __cplusplus\n}}\n#endif\n#endif\n",
      program.name,
      [&] {
        int64_t n = 1;
        for (int64_t extent : input.shape)
          n *= extent;
        return n;
      }(),
      input.sequence ? "frame" : "image", fmt::join(input.shape, ", "),
      input.sequence ? fmt::format(", {} frames a sample", input.steps) : "", program.classes, guard,
      codegen::accessor_name(library), network, network_accessor(program), program.answers());
}

} // namespace

namespace {

bool wants_library(const Options& options) {
  return options.wants("lib") || options.wants("header") || options.wants("so") || options.wants("c");
}

class Deployment : public Compilation {
public:
  explicit Deployment(const Options& options) : Compilation(options), library_(wants_library(options)) {
    check_layer_names(program, options);
    choose_target();
    facts.lookups = facts.lookups || options.wants("c"); // C has tables, whatever this machine has
    times.lap("syntax, sema");
    module = generate(program, {true, false, program.streams(), options.observe});
    hash_ = take_weights();
    times.lap("irgen, weights");
    if (integers() && options.calibrate.empty())
      throw Failure(Exit::usage,
                    "--spikes " + options.spikes + " needs --calibrate, a data folder or an .npy of inputs");
  }

private:
  bool perform(Action action) override {
    switch (action) {
    case Action::calibrate: calibrate(); return true;
    case Action::choose_kernels:
      grids_ = analysis::spike_grids(module);
      if (options.wants("c")) // one kernel a layer
        return true;
      kernels_ = choose_kernels(module, target, options, calibration_.get());
      facts.sparse = passes::sparse_synapses_argument(sparse_layers(kernels_));
      return true;
    case Action::emit: return emit();
    case Action::verify: verify(); return true;
    case Action::write:
      if (!options.output.empty())
        write();
      return true;
    case Action::link:
      if (!options.output.empty())
        link();
      times.lap("program, link");
      report();
      return true;
    case Action::write_c:
      write_freestanding(program, module, options);
      real_neurons_ = passes::neurons_in_floating_point(*module.find("infer"));
      if (options.time_passes)
        times.print(output());
      tell_calibration();
      return true;
    case Action::none:
    case Action::limit_memory:
    case Action::plan:
    case Action::compile_kernels: break;
    }
    return Compilation::perform(action);
  }

  bool integers() const { return options.spikes != "f32"; } // spikes

  // What a calibration measures decides the grids of integer spikes, and between kernels.
  void calibrate() {
    if (options.calibrate.empty())
      return;
    const kernels::Target runs = target.runs_here() ? target : targets::host();
    calibration_ = std::make_unique<Calibration>(program, module, runs, options);
    facts.held =
        integers() && !library_ &&
        !calibration_->ranges().empty(); // a program counts what is held at the limits; the C interface does not
    if (integers())
      facts.spikes = passes::quantize_spikes_argument(options.spikes == "i16" ? 16 : 32, calibration_->ranges());
  }

  bool emit() {
    info.deployed = true;
    info.profiled = !library_;
    if (library_)
      info.library =
          identifier(options.output.empty() ? program.name : std::filesystem::path(options.output).stem().string());
    if (emit_text(module, plans, info, target, options))
      return false;
    times.lap("plan");
    return true;
  }

  void verify() {
    if (const std::vector<std::string> left = unpacked_layers(module, program); !left.empty())
      throw Failure(Exit::internal,
                    fmt::format("this is a bug in rvbc: the weights of {} were not packed", fmt::join(left, ", ")));
    verified_ = verify_addition_only(module, plans, folder->path());
    verification_ = as_json(verified_, program, module);
    bytes_ = constant_bytes(module);
    real_neurons_ = passes::neurons_in_floating_point(*module.find("infer"));
    info.manifest = described().dump();
    times.lap("addition-only check");
  }

  ordered_json described() const {
    ordered_json m = manifest(program, module, plans, target, true);
    m["deployment"] = {{"weights_hash", hash_},
                       {"weight_bytes", bytes_.all},
                       {"binary_bytes", bytes_.binary},
                       {"spikes", options.spikes},
                       {"floating_point_neurons", real_neurons_},
                       {"synaptic_multiplies", verification_.at("multiplies")},
                       {"verification", verification_}};
    if (info.profiled)
      m["profile"] = profile_list(module, plans, target);
    describe_kernels(m, kernels_);
    if (calibration_ != nullptr)
      m["deployment"]["calibration_samples"] = calibration_->count();
    if (const ir::Function* ranges = module.find("ranges"); ranges != nullptr)
      m["ranges"] = range_list(*ranges, grids_, calibration_->ranges());
    return m;
  }

  void write() {
    Compilation::perform(Action::write);
    if (!library_)
      return;
    codegen::emit_network_name(info, network_accessor(program), target, folder->path() + "/network.o");
    files.insert(files.begin() + 1, "network.o");
  }

  void link() const {
    const std::string base = without_extension(options.output);
    const bool archive = options.wants("lib") || options.wants("header");
    if (options.wants("so"))
      make_shared_library(folder->path(), files, codegen::accessor_name(info.library), target, base + ".so");
    if (archive) {
      make_library(folder->path(), files, target, base + ".a");
      write_text(base + ".h", header_text(program, info.library));
      const std::filesystem::path place = std::filesystem::path(base).parent_path();
      for (const char* header : {"rvb.h", "program.h"})
        write_copy((place / header).string(), include_folder() + "/" + header);
    }
    if (!library_)
      link_executable(folder->path(), files, Kind::deployed, target, options.output);
    if (!options.quiet)
      tell("{}: {} bytes of weights ({} packed signs), {} kernels ({} cached), block {} + {} a sample\n",
           !library_ ? options.output : base + (archive ? ".a" : ".so"), bytes_.all, bytes_.binary,
           objects.files.size(), objects.cached, plans[0].static_bytes, plans[0].sample_bytes);
  }

  void report() const {
    if (options.time_passes)
      times.print(output());
    const bool sparse = std::any_of(kernels_.begin(), kernels_.end(), [](const auto& k) { return k.sparse; });
    if (!options.quiet && (calibration_ != nullptr || sparse))
      tell("{}", kernel_table(kernels_));
    tell_calibration();
    if (!options.quiet && integers() && !library_ && !options.output.empty())
      compare();
    const bool multiplies = verification_.at("multiplies") != 0;
    if (options.verify_addonly || multiplies)
      print_verification(verified_, verification_);
    if (multiplies)
      throw Failure(Exit::verification, "the binary layers' code multiplies");
    if (options.verify_addonly && verified_.empty())
      throw Failure(Exit::verification,
                    "--verify-addonly: " + program.name + " has no binary or ternary layer to verify");
  }

  void tell_calibration() const {
    if (!options.quiet && !grids_.empty())
      tell("{}", coverage_table(*calibration_, grids_));
    if (!options.quiet && !real_neurons_.empty())
      tell("neurons after sums of integers that compute in floating point: {}\n", fmt::join(real_neurons_, ", "));
  }

  void compare() const {
    if (!target.runs_here()) {
      tell("calibrated in a program for {}; one for {} does not run here, and its decisions were not compared\n",
           targets::host().name, target.name);
      return;
    }
    if (std::string line = calibration_->compare(folder->path() + "/program"); !line.empty())
      tell("{}\n", line);
  }

  const bool library_;
  std::string hash_;                         // of the weights
  std::unique_ptr<Calibration> calibration_; // null: none was asked for
  std::vector<KernelChoice> kernels_;
  std::map<std::string, analysis::Grid> grids_; // of integer spikes
  std::vector<Verified> verified_;
  ordered_json verification_;
  Bytes bytes_;
  std::vector<std::string> real_neurons_;
};

} // namespace

int run_deploy(const Options& options) {
  Deployment(options).run(options.wants("c") ? freestanding() : deployment());
  return 0;
}

} // namespace rvb::build
