// What a command of rvbc was asked to do.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace rvb::build {

struct Options {
  std::string model; // the .rvb file
  std::string output;
  std::string weights;      // deploy
  std::string strip_prefix; // deploy: of the weights' names
  std::map<std::string, std::string> defines;
  std::string target = "native";
  std::vector<std::string> emit;        // exe, lib, header, so, c, ast, ir, plan, stmt, llvm, asm
  std::vector<std::string> print_after; // passes
  bool time_passes = false;
  bool verify_addonly = false;
  std::string spikes = "f32"; // deploy: f32, i32, i16
  std::string calibrate;      // deploy: a data folder, an .npy of inputs or a picture
  int64_t calibration_samples = 1024;
  std::string sparsity = "auto";                        // deploy: auto, dense, sparse
  std::vector<std::string> sparse_layers, dense_layers; // deploy: chosen by hand
  std::string mem_limit;                                // build, summary: of the training step's block; "" for none
  std::string ram;                                      // deploy --emit=c: of an arena; "" for no limit
  bool observe = false;                                 // deploy: with the function that shows spikes and membranes
  bool collapse_time = true;                            // false: every time step is computed
  bool half = false;                                    // pack: all real numbers in half precision
  std::string data; // pack: where half precision must change no decision; "": nowhere
  bool json = false;
  bool quiet = false;
  std::string diagnostics = "text"; // text, short, json
  int jobs = 0;                     // 0: as many as there are cores

  bool wants(const std::string& kind) const {
    for (const std::string& e : emit)
      if (e == kind)
        return true;
    return false;
  }
};

} // namespace rvb::build
