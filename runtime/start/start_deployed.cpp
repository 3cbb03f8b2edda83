// main of a deployed program: the weights are inside.
#include "commands/commands.h"
#include "options/declare.h"
#include "start/command_line.h"

int main(int argc, char** argv) {
  using namespace rvb::runtime;
  static const Command commands[] = {
      {"eval", "accuracy, loss, table of classes, confusion matrix", "eval --data DIR", declare_eval, run_eval},
      {"infer", "logits of arrays, or the classes of an image", "infer picture.png --top 3", declare_infer, run_infer},
      {"bench", "time inference", "bench --batch 1,32 --threads 1,2", declare_bench, run_bench},
      {"profile", "where the time goes, layer by layer", "profile --html profile.html", declare_profile, run_profile},
      {"trace", "draw the spikes, membranes and feature maps of a layer",
       "trace --layer unit1.reverb --sample 3 --data DIR -o trace.svg", declare_trace, run_trace},
      {"observe", "write what every neuron does with some samples", "observe --data DIR --limit 16 -o seen.safetensors",
       declare_observe, run_observe},
      {"verify", "compare with another program of this network, layer by layer",
       "verify --data DIR --against seen.safetensors", declare_verify, run_verify},
      {"ranges", "the spikes of binary layers (for rvbc deploy --calibrate)", "ranges --data DIR -o R.json",
       declare_ranges, run_ranges},
      {"data", "what a folder holds for this network: samples, classes, sizes, damaged files", "data DIR", declare_data,
       run_data},
      {"info", "what this program is", "info", declare_info, run_info},
  };
  return run_command_line(argc, argv, rvb_compiled_program, commands, sizeof commands / sizeof *commands);
}
