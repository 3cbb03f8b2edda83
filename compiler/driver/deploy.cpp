#include "driver/deploy.h"

#include <CLI/CLI.hpp>

namespace rvb::driver {

void add_deploy_settings(CLI::App& command, build::Options& options, std::vector<std::string>& sparse,
                         std::vector<std::string>& dense) {
  command
      .add_option("--spikes", options.spikes,
                  "numbers that enter binary layers: f32; fixed point: i32 (integers up to 4194303), i16 (up to 1023)")
      ->check(CLI::IsMember({"f32", "i32", "i16"}))
      ->capture_default_str();
  command.add_option(
      "--calibrate", options.calibrate,
      "a data folder, an .npy of inputs or a picture, that shows how large spikes become (for i32 and i16) and how "
      "many are silent (for --sparsity auto)");
  command.add_option("--calibration-samples", options.calibration_samples, "how many of them")
      ->check(CLI::Range(int64_t{1}, int64_t{1000000}))
      ->capture_default_str();
  command
      .add_option("--sparsity", options.sparsity,
                  "kernels of binary layers: dense; sparse, which visit only groups of spikes that are not silent; "
                  "auto: as the calibration shows, dense without one")
      ->check(CLI::IsMember({"auto", "dense", "sparse"}))
      ->capture_default_str();
  command.add_option("--sparse", sparse, "layers that are sparse whatever --sparsity says")
      ->type_name("LAYER,…")
      ->allow_extra_args(false);
  command.add_option("--dense", dense, "layers that are dense")->type_name("LAYER,…")->allow_extra_args(false);
  command
      .add_option("--ram", options.ram,
                  "with --emit=c: bytes that the program may work in, as 64K; tables of sums are as large as fits")
      ->type_name("SIZE");
  command.add_flag("--observe", options.observe,
                   "add what `eval --energy` and `trace` need to see spikes and membranes");
  command.add_flag("--verify-addonly", options.verify_addonly,
                   "print every multiply in the machine code of binary layers; exit 3 if there is one");
}

} // namespace rvb::driver
