// The command line of rvbc.
#include "base/failure.h"
#include "build/build.h"
#include "build/deployment/freestanding.h"
#include "driver/deploy.h"
#include "driver/exchange.h"
#include "driver/inspect.h"
#include "driver/summary.h"
#include "driver/texts.h"
#include "driver/tools.h"
#include "export/export.h"
#include "host/output.h"
#include "host/process.h"
#include "kernels/kernels.h"
#include "support/result.h"
#include "support/text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>

using namespace rvb;
using namespace rvb::build;
using namespace rvb::driver;

namespace {

// The options of build whose value is the next word.
const std::vector<std::string> take_next = {
    "-o", "--output", "-D", "-j", "--jobs", "--mem-limit", "--emit", "--target", "--print-after", "--diagnostics"};

// `rvbc model.rvb …` means `rvbc build model.rvb …`: the first word that is no option decides. After `--` it is a
// model.
std::vector<std::string> with_subcommand(std::vector<std::string> words, const std::vector<std::string>& subcommands) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      words.insert(words.begin(), "build");
      return words;
    }
    if (std::find(take_next.begin(), take_next.end(), word) != take_next.end()) {
      ++i;
      continue;
    }
    if (word.size() > 1 && word[0] == '-')
      continue;
    if (std::find(subcommands.begin(), subcommands.end(), word) != subcommands.end()) {
      std::rotate(words.begin(), words.begin() + static_cast<long>(i), words.begin() + static_cast<long>(i) + 1);
      return words;
    }
    bool file = word == "-" || word.find('/') != std::string::npos ||
                std::filesystem::path(word).extension() == ".rvb" || std::filesystem::exists(word);
    if (!file) {
      std::string nearest = rvb::nearest(word, subcommands);
      throw Failure(Exit::usage, "unknown command `" + word + "`" +
                                     (nearest.empty() ? "" : "; did you mean `" + nearest + "`?") +
                                     "\nrun `rvbc --help` for the commands");
    }
    words.insert(words.begin(), "build");
    return words;
  }
  return words;
}

void split_define(const std::vector<std::string>& words, Options& options) {
  for (const std::string& word : words) {
    size_t equal = word.find('=');
    if (equal == 0 || equal == std::string::npos || equal + 1 == word.size())
      throw Failure(Exit::usage, "-D takes NAME=VALUE, not `" + word + "`");
    options.defines[word.substr(0, equal)] = word.substr(equal + 1);
  }
}

std::vector<std::string> split_commas(const std::vector<std::string>& words) {
  std::vector<std::string> result;
  for (const std::string& word : words)
    for (const std::string& part : CLI::detail::split(word, ','))
      if (!part.empty())
        result.push_back(part);
  return result;
}

class CommandLine {
public:
  CommandLine()
      : app_("rvbc compiles ReverB spiking networks to native programs.\n\n"
             "  rvbc fashion.rvb -o fashion          compile\n"
             "  ./fashion train --data DIR           train, evaluate, infer, benchmark\n"
             "  rvbc deploy fashion.rvb --weights W.safetensors -o fashion.infer\n",
             "rvbc") {
    app_.set_version_flag("--version", std::string("rvbc ") + RVB_VERSION);
    app_.require_subcommand(1);
    add_build();
    add_deploy();
    add_reports();
    add_exchange();
    add_inspection();
    tools_.declare(
        app_, [this](CLI::App* sub) { add_model(sub); }, action_);
  }

  int run(std::vector<std::string> words) {
    std::vector<std::string> names;
    for (const CLI::App* sub : app_.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(sub->get_name());
    std::vector<std::string> all = with_subcommand(std::move(words), names);
    std::reverse(all.begin(), all.end()); // CLI11 takes them from the back
    try {
      // An empty value is a variable of a script that was not set, and would count as not given.
      for (CLI::App* sub : app_.get_subcommands([](CLI::App*) { return true; }))
        for (CLI::Option* option : sub->get_options())
          if (option->get_items_expected_max() > 0 && !option->get_lnames().empty())
            option->check([](const std::string& value) { return std::string(value.empty() ? "needs a value" : ""); });
      app_.parse(all);
    } catch (const CLI::ParseError& error) {
      return report(error);
    }
    split_define(defines_, options_);
    options_.emit = split_commas(emit_);
    options_.print_after = split_commas(print_after_);
    options_.sparse_layers = split_commas(sparse_);
    options_.dense_layers = split_commas(dense_);
    return action_();
  }

private:
  CLI::App* command(const char* name, const char* help, int (CommandLine::*action)()) {
    CLI::App* sub = app_.add_subcommand(name, help);
    sub->callback([this, action] { action_ = [this, action] { return (this->*action)(); }; });
    return sub;
  }

  void add_model(CLI::App* sub) {
    sub->add_option("model", options_.model, "the network, a .rvb file (- for standard input)")->required();
    sub->add_option("-D", defines_, "override `param NAME` of the model")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    sub->add_option("--diagnostics", options_.diagnostics, "how mistakes are printed")
        ->check(CLI::IsMember({"text", "short", "json"}))
        ->capture_default_str();
  }

  void add_output(CLI::App* sub) {
    sub->add_option("-o,--output", options_.output, "the file to write (default: standard output)");
  }

  void add_compilation(CLI::App* sub) {
    sub->add_option("-o,--output", options_.output, "the file to write");
    sub->add_option("--target", options_.target, "instruction set (rvbc targets lists them)")->capture_default_str();
    sub->add_option("--emit", emit_,
                    "what to write: exe, so, ast, ir, plan, stmt, llvm, asm; deploy also lib, header, c")
        ->type_name("KIND")
        ->allow_extra_args(false);
    sub->add_option("--print-after", print_after_, "print the IR after a pass (irgen, a pass, all)")
        ->type_name("PASS")
        ->allow_extra_args(false);
    add_collapse(sub);
    sub->add_flag("--time-passes", options_.time_passes, "say where the time went: passes, stages, kernels");
    sub->add_option("-j,--jobs", options_.jobs, "kernels compiled at a time (default: one a core)")
        ->check(CLI::Range(1, 256));
    sub->add_flag("-q,--quiet", options_.quiet, "print nothing but mistakes");
  }

  void add_weights(CLI::App* sub) {
    sub->add_option("--weights", options_.weights, "trained weights, .safetensors or .npz")->required();
    sub->add_option("--strip-prefix", options_.strip_prefix,
                    "take P (module. of DataParallel, _orig_mod. of torch.compile) off the front of the weights' names")
        ->type_name("P");
  }

  void add_collapse(CLI::App* sub) {
    sub->add_flag("!--no-collapse-time", options_.collapse_time,
                  "compute every time step, also where the steps are proven to be alike");
  }

  void add_memory_limit(CLI::App* sub) {
    sub->add_option("--mem-limit", options_.mem_limit,
                    "compute values again in the backward pass until the block of a training step, at the recipe's "
                    "batch, fits: --mem-limit 300MB (KB, MB, GB, KiB, MiB, GiB)")
        ->type_name("SIZE");
  }

  void add_build() {
    CLI::App* sub = command("build", "compile a network to a program (the default)", &CommandLine::build);
    add_model(sub);
    add_compilation(sub);
    add_memory_limit(sub);
  }

  void add_deploy() {
    CLI::App* sub = command("deploy", "make an addition-only program from trained weights", &CommandLine::deploy);
    add_model(sub);
    add_compilation(sub);
    add_weights(sub);
    add_deploy_settings(*sub, options_, sparse_, dense_);
  }

  void add_reports() {
    add_model(command("check", "parse, check names, types and shapes", &CommandLine::check));
    CLI::App* summary = command("summary", "layers, shapes, parameters, operations, memory", &CommandLine::summary);
    add_model(summary);
    summary->add_flag("--json", options_.json, "as JSON");
    add_collapse(summary);
    summary->add_option("--target", options_.target, "instruction set")->capture_default_str();
    add_memory_limit(summary);
    CLI::App* graph = command("graph", "draw the network", &CommandLine::graph);
    add_model(graph);
    add_output(graph);
    std::vector<std::string> names;
    for (const exporting::Format& each : exporting::formats())
      names.emplace_back(each.name);
    graph->add_option("--format", format_, fmt::format("{} (svg needs Graphviz)", fmt::join(names, ", ")))
        ->check(CLI::IsMember(names))
        ->capture_default_str();
    CLI::App* format = command("fmt", "format files in place (- for standard input to output)", &CommandLine::format);
    format->add_option("files", files_, "the files")->required();
    format->add_flag("--check", check_only_, "change nothing; exit 1 when a file is not formatted");
    CLI::App* explain = command("explain", "a page about a diagnostic, by its code", &CommandLine::explain);
    explain->add_option("code", code_, "RVB0203 or 203")->required();
    command("targets", "list the instruction sets", &CommandLine::targets);
  }

  void add_exchange() {
    CLI::App* sub = command("export", "write a trained network in a format of others", &CommandLine::export_model);
    add_model(sub);
    add_weights(sub);
    add_output(sub);
    add_export_settings(*sub, format_, export_);
    add_collapse(sub);
    CLI::App* in = command("import", "bring weights of others to a network", &CommandLine::import_file);
    add_import_settings(*in, options_, defines_, import_);
  }

  void add_inspection() {
    CLI::App* opt = command("opt", "run passes over IR text", &CommandLine::opt);
    opt->add_option("file", file_, "IR text (- for standard input)")->required();
    opt->add_option("--pass", passes_, "passes, in order")->type_name("NAME,…")->allow_extra_args(false);
    opt->add_option("--emit", emit_, "what to print: ir (the default), plan")
        ->type_name("KIND")
        ->allow_extra_args(false);
    opt->add_option("--target", options_.target, "instruction set that is planned for")->capture_default_str();
    CLI::App* inspect = command("inspect", "list the multiplies in an object's machine code", &CommandLine::inspect);
    inspect->add_option("object", file_, "an object file")->required();
    inspect->add_option("symbol", code_, "the function it must define")->required();
  }

  int report(const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) { // --help, --version
      std::ostringstream text;
      app_.exit(error, text, text);
      put_text(text.str());
      return 0;
    }
    std::string message = error.what();
    std::vector<std::string> known;
    for (CLI::App* sub : app_.get_subcommands())
      for (const CLI::Option* option : sub->get_options())
        for (const std::string& name : option->get_lnames())
          known.push_back("--" + name);
    std::string hint;
    for (CLI::App* sub : app_.get_subcommands())
      for (const std::string& word : sub->remaining())
        if (std::string near = nearest(word.substr(0, word.find('=')), known); hint.empty() && !near.empty())
          hint = "; did you mean `" + near + "`?";
    tell("rvbc: {}{}\nrun `rvbc --help` or `rvbc COMMAND --help`\n", message, hint);
    return static_cast<int>(Exit::usage);
  }

  // One -o holds one thing: an executable, a library with its header, or texts.
  void check_emit(const std::vector<std::string>& known) {
    for (const std::string& kind : options_.emit)
      if (std::find(known.begin(), known.end(), kind) == known.end()) {
        const std::string near = nearest(kind, known);
        throw Failure(Exit::usage, fmt::format("--emit takes {}, not `{}`{}", fmt::join(known, ", "), kind,
                                               near.empty() ? "" : "; did you mean `" + near + "`?"));
      }
    for (const char* alone : {"exe", "c"})
      if (options_.wants(alone) && options_.emit.size() > 1)
        throw Failure(Exit::usage, std::string("--emit=") + alone + " stands alone: one -o holds one of them");
  }

  int build() {
    check_emit({"exe", "so", "ast", "ir", "plan", "stmt", "llvm", "asm"});
    // Without any wish: an executable named after the model.
    if (options_.output.empty() && (emit_.empty() || options_.wants("exe")) && print_after_.empty() &&
        !options_.time_passes)
      options_.output = named_after_model("");
    if (options_.output.empty() && options_.wants("so"))
      options_.output = named_after_model("");
    keep_inputs();
    if (options_.wants("so"))
      refuse_device("--emit=so writes a file");
    return options_.wants("ast") ? run_ast(options_) : run_build(options_);
  }
  int deploy() {
    check_emit({"exe", "ast", "ir", "plan", "stmt", "llvm", "asm", "lib", "header", "so", "c"});
    if (options_.output.empty() && (emit_.empty() || options_.wants("exe")) && print_after_.empty() &&
        !options_.time_passes)
      options_.output = named_after_model(".infer");
    if (options_.output.empty() && options_.wants("c"))
      options_.output = named_after_model("");
    keep_inputs();
    check_freestanding(options_);
    if (options_.wants("lib") || options_.wants("header") || options_.wants("so"))
      refuse_device("--emit=lib,header,so writes files");
    return run_deploy(options_);
  }
  std::string named_after_model(const char* ending) {
    if (options_.model == "-")
      throw Failure(Exit::usage, "a model from standard input gives the program no name: -o FILE is needed");
    return std::filesystem::path(options_.model).stem().string() + ending;
  }
  void refuse_device(const std::string& what) {
    if (is_device(options_.output))
      throw Failure(Exit::usage, what + ", named after -o, which is no regular file: " + options_.output);
  }
  // A program is never written over what it is made from.
  void keep_inputs() {
    for (const std::string& input : {options_.model, options_.weights}) {
      std::error_code none; // of a file that is not there yet
      if (!options_.output.empty() && std::filesystem::equivalent(options_.output, input, none))
        throw Failure(Exit::usage, "the output would replace " + input + ": name another with -o");
    }
  }
  int check() { return run_check(options_); }
  int summary() { return run_summary(options_); }
  int graph() { return run_graph(options_, format_); }
  int export_model() {
    keep_inputs();
    return run_export(options_, format_, export_);
  }
  int import_file() { return run_import(options_, import_); }
  int format() { return run_format(files_, check_only_); }
  int explain() { return run_explain(code_); }
  int targets() { return run_targets(); }
  int opt() {
    check_emit({"ir", "plan"});
    return run_opt(file_, split_commas(passes_), options_);
  }
  int inspect() { return run_inspect(file_, code_); }

  CLI::App app_;
  Options options_;
  std::vector<std::string> defines_, emit_, print_after_, passes_, files_, sparse_, dense_;
  std::string format_ = "svg", code_, file_;
  exporting::ModelSettings export_;
  importing::Request import_;
  bool check_only_ = false;
  std::function<int()> action_;
  Tools tools_{options_};
};

} // namespace

int main(int argc, char** argv) {
  begin_process();
  auto failed = [](Exit exit, const char* message) {
    try {
      finish_output();                  // what was found before it went wrong
    } catch (const runtime::Failure&) { // the first failure counts
    }
    if (*message != 0)
      tell("rvbc: {}\n", message);
    return static_cast<int>(exit);
  };
  try {
    const int code = CommandLine().run(std::vector<std::string>(argv + 1, argv + argc));
    finish_output();
    return code;
  } catch (const Failure& failure) {
    return failed(failure.exit, failure.what());
  } catch (const runtime::Failure& failure) {
    return failed(static_cast<Exit>(failure.exit), failure.what());
  } catch (const std::bad_alloc&) {
    return failed(Exit::io, out_of_memory().c_str());
  } catch (const std::exception& error) {
    // Libraries report memory that is refused in their own ways, too.
    if (memory_is_exhausted())
      return failed(Exit::io, out_of_memory().c_str());
    tell("rvbc: this is a bug in rvbc {}: {}\nplease report it with the model and this command\n", RVB_VERSION,
         error.what());
    return static_cast<int>(Exit::internal);
  }
}
