#!/usr/bin/python3
"""A recurrent network against PyTorch: a training step and inference, alternately in one run, and the time to compile.

    bench/recurrent.py [--batch 64] [--threads 2] [--rounds 11] [--weights real] [--rvbc build/bin/rvbc]

The network is bench/paper/recurrent.rvb: 700 inputs, 256 recurrent units, 100 steps. PyTorch (1.13, Debian 12) runs a loop over
the steps, the product of the input outside of it for all steps at once, as ours does. Both compute the same: the logits of
equal weights are compared first. PyTorch takes the system's BLAS: with Debian's reference BLAS nearly all of its time is the
product of the input (6 GFLOP/s against 160 of libopenblas0-pthread), so install that before believing a factor. Times are
medians of the rounds in ms; between the quartiles in brackets.
"""
import torch
import torch.nn.functional as F

import whole_network
from reference import Sign, Step

T, INPUTS, CLASSES = 100, 700, 20


def forward(w, x, training, binary):
    current = F.linear(x, w["hidden.input.weight"])
    v = w["hidden.recurrent.weight"]
    if binary:
        v = w["hidden.recurrent.alpha"] * Sign.apply(v)
    u = s = torch.zeros_like(current[0])
    spikes = []
    for step in current:
        u = 0.9 * u * (1 - s) + step + F.linear(s, v)
        s = Step.apply(u - 0.5, "triangle", 1)
        spikes.append(s)
    return F.linear(torch.stack(spikes), w["classifier.weight"], w["classifier.bias"]).mean(0)


if __name__ == "__main__":
    options = whole_network.options_of(__doc__, ["real", "binary(alpha)"], 64)
    whole_network.compare("recurrent.rvb", [T, INPUTS], forward, CLASSES, options)
