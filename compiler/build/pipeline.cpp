// How a network becomes a program: the page to read first. The text has been parsed (syntax/), checked (sema/) and
// written as IR (irgen/); `deploy` has put the trained weights in. --print-after=PASS shows the IR after each pass,
// --emit=ir, plan, stmt, llvm and asm what the stages from `plan` on make; compile.h carries the actions out.
#include "build/pipeline.h"

namespace rvb::build {

namespace {

const Stage& lower_for_use() {
  static const Stage stage{
      "lower",
      {"canonicalize", "hoist_loops", {"collapse_time", &Facts::collapse_time}, "hoist", "canonicalize", "cse", "dce"}};
  return stage;
}
// From the IR of the layers to that of the kernels.
const Stage& fuse_once() {
  static const Stage stage{"fuse", {"fuse_and_keep", "canonicalize", "cse", "dce"}};
  return stage;
}
const Stage& fixed_point() { // neurons between layers on integers have no floating point
  static const Stage stage{"fixed point", {{"fixed_point", &Facts::at_rest}, "cse", "dce"}};
  return stage;
}
const Stage& share() { // neurons that differ in their numbers are one kernel
  static const Stage stage{"share", {"share_literals"}};
  return stage;
}

const Stage& join() { // synapses and the neuron after them are one kernel, where there are lookups
  static const Stage stage{"join", {{"join_neurons", &Facts::lookups}}};
  return stage;
}

} // namespace

const Pipeline& training() {
  static const Pipeline stages = {
      {"lower",
       {"canonicalize",
        "hoist_loops",
        {"collapse_time", &Facts::collapse_time},
        "canonicalize",
        "cse",
        "dce"}}, // time: once, if
                 // alike
      {"differentiate",
       {"differentiate", "hoist_loops", "expand_batchnorm", "canonicalize", "fold_constants", "cse", "dce"}},
      {"choose kernels", {{"sign_synapses", &Facts::lookups}, "cse", "dce"}}, // signs are packed once a step
      {"fuse", {"fuse", "canonicalize", "cse", "dce"}},                       // cheap values are computed again
      share(),
      join(),
      {"plan", Action::plan},                 // buffers and calls
      {"limit memory", Action::limit_memory}, // recomputation, until the plan fits
      {"emit", Action::emit},                 // texts, when they are asked for; then this is the end
      {"kernels", Action::compile_kernels},
      {"write", Action::write},
      {"link", Action::link},
  };
  return stages;
}

const Pipeline& deployment() {
  static const Pipeline stages = {
      lower_for_use(),
      {"fold", // BatchNorm is one scale and one shift, alpha leaves the weights, signs become bits
       {"fold_batchnorm",
        "sink_weights",
        {"fold_alpha=at_rest", &Facts::at_rest},
        unless("fold_alpha", &Facts::at_rest),
        "canonicalize",
        "pack_weights",
        "fold_constants",
        "expand_batchnorm",
        "canonicalize",
        "fold_constants",
        "select_masks",
        "cse",
        "dce"}},
      {"calibrate", Action::calibrate}, // how large spikes become, how many are silent
      {"quantize", {{"quantize_spikes", &Facts::spikes}, "cse", {"add_ranges", &Facts::held}}},
      {"choose kernels", Action::choose_kernels, {{"sparse_synapses", &Facts::sparse}}},
      fuse_once(),
      fixed_point(),
      share(),
      join(),
      {"plan", Action::plan},
      {"emit", Action::emit},
      {"kernels", Action::compile_kernels},
      {"verify", Action::verify}, // no multiplication in binary layers
      {"write", Action::write},
      {"link", Action::link},
  };
  return stages;
}

const Pipeline& freestanding() {
  static const Pipeline stages = [] {
    Pipeline all = part(deployment(), "", "plan");
    all.push_back({"C", Action::write_c});
    return all;
  }();
  return stages;
}

const Pipeline& exchange() {
  static const Pipeline stages = {lower_for_use(),
                                  {"fold", // as in deployment, the weights as numbers
                                   {unless("fold_constants", &Facts::signs),
                                    "fold_batchnorm",
                                    {"fold_alpha=at_rest", &Facts::at_rest},
                                    unless("fold_alpha", &Facts::at_rest),
                                    "canonicalize",
                                    "fold_constants",
                                    "expand_batchnorm",
                                    "canonicalize",
                                    "fold_constants",
                                    "cse",
                                    "dce"}}};
  return stages;
}

const Pipeline& calibration() {
  static const Pipeline stages = {{"show", {"add_ranges"}}, fuse_once(), fixed_point(), share(), join()};
  return stages;
}

const Stage& recomputation() {
  static const Stage stage{
      "limit memory",
      {{"recompute", &Facts::memory}, "dce", {"join_neurons", &Facts::lookups}}}; // dce: what dropped values needed
  return stage;
}

} // namespace rvb::build
