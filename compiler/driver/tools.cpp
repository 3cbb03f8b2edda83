#include "driver/tools.h"

#include "build/deployment/packing.h"
#include "driver/commands.h"
#include "driver/doctor.h"
#include "driver/new.h"
#include "host/output.h"
#include "lsp/lsp.h"
#include "support/result.h"

#include <CLI/CLI.hpp>

#include <filesystem>

namespace rvb::driver {

namespace {

// Nothing is written over what it is made from.
void keep(const std::string& input, const std::string& output) {
  std::error_code none; // of a file that is not there yet
  if (std::filesystem::equivalent(output, input, none))
    throw Failure(Exit::usage, "the output would replace " + input + ": name another with -o");
}

} // namespace

void Tools::declare(CLI::App& app, const std::function<void(CLI::App*)>& add_model, std::function<int()>& action) {
  const auto command = [&](const char* name, const char* help, std::function<int()> run) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->callback([&action, run = std::move(run)] { action = run; });
    return sub;
  };
  CLI::App* pack = command("pack", "weights as a small file: binary and ternary ones in bits", [this] {
    keep(options_.weights, options_.output);
    keep(options_.model, options_.output);
    return build::run_pack(options_);
  });
  add_model(pack);
  pack->add_option("--weights", options_.weights, "trained weights, .safetensors")->required();
  pack->add_option("-o,--output", options_.output, "the file to write, .safetensors")->required();
  pack->add_option("--strip-prefix", options_.strip_prefix, "take P off the front of the weights' names")
      ->type_name("P");
  pack->add_flag("--half", options_.half, "real numbers (BatchNorm, alpha, real layers) in half precision");
  pack->add_option("--data", options_.data,
                   "real numbers in half precision, layer by layer, as long as no decision on the test part of this "
                   "data folder changes")
      ->type_name("DIR");
  pack->add_option("--target", options_.target, "instruction set that --data is asked with")->capture_default_str();
  pack->add_flag("-q,--quiet", options_.quiet, "print nothing but mistakes");
  CLI::App* unpack = command("unpack", "packed weights as an ordinary file of single precision", [this] {
    keep(file_, options_.output);
    return build::run_unpack(file_, options_.output);
  });
  unpack->add_option("file", file_, "what rvbc pack wrote")->required();
  unpack->add_option("-o,--output", options_.output, "the file to write, .safetensors")->required();
  CLI::App* fresh = command("new", "a network of the library as a start of one's own (without anything: what there is)",
                            [this] { return run_new(file_, from_); });
  fresh->add_option("folder", file_, "the folder to make");
  fresh->add_option("--from", from_, "the network to start from")->type_name("NAME");
  CLI::App* doctor = command("doctor", "what rvbc needs of this machine, what is missing, and how to get it",
                             [this] { return run_doctor(options_); });
  doctor->add_flag("--json", options_.json, "as JSON");
  CLI::App* shell = command("completion", "a script that completes rvbc's command line in a shell", [this, &app] {
    put_text(completion(command_table(app), file_));
    return 0;
  });
  shell->add_option("shell", file_, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command("lsp", "a language server for editors, on standard input and output", [] { return lsp::serve(); });
  command("man", "this command line as a manual page: rvbc man | man -l -", [&app] {
    put_text(manual(command_table(app)));
    return 0;
  });
}

} // namespace rvb::driver
