// main of a program that trains.
#include "commands/commands.h"
#include "options/declare.h"
#include "start/command_line.h"

int main(int argc, char** argv) {
  using namespace rvb::runtime;
  static const Command commands[] = {
      {"train", "train the network", "train --data DIR --epochs 8 --run-dir runs/a", declare_train, run_train},
      {"sweep", "train with every combination of some settings",
       "sweep --grid lr=0.1,0.02 --grid seed=1..3 --run-dir runs/sweep --data DIR --epochs 8", declare_sweep,
       run_sweep},
      {"eval", "accuracy, loss, table of classes, confusion matrix",
       "eval --data DIR --weights runs/a/best.safetensors", declare_eval, run_eval},
      {"infer", "logits of arrays, or the classes of an image", "infer --weights W --input x.npy --output logits.npy",
       declare_infer, run_infer},
      {"init", "write initial weights", "init --seed 1 -o W.safetensors", declare_init, run_init},
      {"gradient", "loss and gradients of one batch in training mode",
       "gradient --weights W --input x.npy --labels y.npy --output G.safetensors", declare_gradient, run_gradient},
      {"reestimate-batchnorm", "take BatchNorm's statistics anew over the training samples, the weights as they are",
       "reestimate-batchnorm --weights W.safetensors --data DIR -o W2.safetensors", declare_reestimate, run_reestimate},
      {"bench", "time inference or training steps", "bench --batch 1,32 --threads 1,2", declare_bench, run_bench},
      {"profile", "where the time of inference or a training step goes, layer by layer", "profile --html profile.html",
       declare_profile, run_profile},
      {"trace", "draw the spikes, membranes and feature maps of a layer",
       "trace --layer unit1.reverb --sample 3 --data DIR --weights W -o trace.svg", declare_trace, run_trace},
      {"observe", "write what every neuron does with some samples",
       "observe --data DIR --weights W --limit 16 -o seen.safetensors", declare_observe, run_observe},
      {"verify", "compare with another program of this network, layer by layer",
       "verify --data DIR --weights W --against seen.safetensors", declare_verify, run_verify},
      {"report", "a training run as one page: curves, confusion, spikes, energy",
       "report --run-dir runs/a -o report.html", declare_report, run_report},
      {"data", "what a folder holds for this network: samples, classes, sizes, damaged files", "data DIR", declare_data,
       run_data},
      {"info", "what this program is", "info", declare_info, run_info},
  };
  return run_command_line(argc, argv, rvb_compiled_program, commands, sizeof commands / sizeof *commands);
}
