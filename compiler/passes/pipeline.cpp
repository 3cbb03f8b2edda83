// The table of contents: what happens to the IR on its way to a program.
#include "passes/passes.h"

#include <algorithm>

namespace rvb::passes {

// @infer, @train and @step as irgen makes them -> @infer, @gradient and @step of kernels' operations only.
std::vector<std::string> training_pipeline(bool signs) {
  std::vector<std::string> passes = {
      "canonicalize",     // one way to write each thing
      "collapse_time",    // what does not vary with time is computed once,
      "canonicalize",     //
      "cse",              //
      "dce",              //
      "differentiate",    // forward and backward
      "expand_batchnorm", // statistics stay one operation, the rest is arithmetic
      "canonicalize",     //
      "fold_constants",   //
      "cse",              //
      "dce",              //
      "sign_synapses",    // signs are packed once a step, synapses only add
      "cse",              //
      "dce",              //
      "fuse",             // arithmetic joins the neurons
      "canonicalize",     // operands read twice are passed once
      "cse",              //
      "dce",              //
      "share_literals",   // neurons with numbers of their own are one kernel
  };
  if (!signs)
    passes.erase(std::remove(passes.begin(), passes.end(), "sign_synapses"), passes.end());
  return passes;
}

// The trained parameters are constants by now: @infer and @step -> additions only in the binary layers.
std::vector<std::string> deployment_pipeline(bool at_rest) {
  std::vector<std::string> passes = {
      "canonicalize",     //
      "collapse_time",    //
      "hoist",            // what is the same at every step is a constant, as it is in @step
      "canonicalize",     //
      "cse",              //
      "dce",              //
      "fold_batchnorm",   // one scale and one shift a channel; none behind real-valued weights
      "fold_alpha",       // alpha leaves the weights, so that they are signs,
      "canonicalize",     //
      "pack_weights",     // and the signs become bits
      "fold_constants",   //
      "expand_batchnorm", // where statistics were not constant
      "canonicalize",     //
      "fold_constants",   //
      "cse",              //
      "dce",              //
      "fuse_and_keep",    //
      "canonicalize",     //
      "cse",              //
      "dce",              //
      "fixed_point",      // whole spikes: neurons without floating point
      "cse",              //
      "dce",              //
      "share_literals",   //
  };
  const auto fold_alpha = std::find(passes.begin(), passes.end(), "fold_alpha");
  if (at_rest)
    *fold_alpha = "fold_alpha=at_rest";
  else
    passes.erase(std::find(passes.begin(), passes.end(), "fixed_point"));
  return passes;
}

} // namespace rvb::passes
