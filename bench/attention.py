#!/usr/bin/python3
"""An attention block of Spikformer against PyTorch: a training step and inference, alternately in one run.

    bench/attention.py [--batch 32] [--threads 2] [--rounds 11] [--weights "binary(alpha)"] [--rvbc build/bin/rvbc]

The network is bench/paper/attention.rvb: 64 tokens, 384 channels, 12 heads, 4 steps. PyTorch has the tokens of all steps and
samples in one matrix, channels innermost, which was the fastest of its layouts; the logits of equal weights are compared
first. PyTorch takes the system's BLAS: see recurrent.py.
"""
import torch
import torch.nn.functional as F

import whole_network
from reference import Sign, Step

T, CHANNELS, TOKENS, HEADS, CLASSES = 4, 384, 64, 12, 10


def reverb(x, threshold=0.25, tau=0.25):
    v, out = torch.zeros_like(x[0]), []
    for step in x:
        u = tau * v + step
        fires = (u.detach() >= threshold).to(u)
        out.append(fires * u)
        v = (1 - fires) * u
    return torch.stack(out)


def lif_decay(x):
    v, out = torch.zeros_like(x[0]), []
    for step in x:
        u = v + (step - v) / 2
        s = Step.apply(u - 1, "sigmoid", 1 / 4)
        v = (1 - s.detach()) * u
        out.append(s)
    return torch.stack(out)


def forward(w, x, training, binary):
    def project(x, name, neuron):
        v = w[name + ".linear.weight"]
        if binary:
            v = w[name + ".linear.alpha"] * Sign.apply(v)
        y = F.linear(x.flatten(0, 2), v, w[name + ".linear.bias"])
        bn = [w[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return neuron(F.batch_norm(y, *bn, training).view(x.shape))

    x = x.transpose(2, 3).contiguous()  # [T, N, L, C]
    q, k, v = (project(x, "attention." + part, neuron) for part, neuron in (("q", lif_decay), ("k", lif_decay), ("v", reverb)))
    q, k, v = (y.unflatten(3, (HEADS, -1)).transpose(2, 3) for y in (q, k, v))
    y = q @ (k.transpose(3, 4) @ v) * 0.125
    y = reverb(y.transpose(2, 3).flatten(3))
    y = x + project(y, "attention.project", reverb)
    return F.linear(y.mean(2), w["classifier.weight"], w["classifier.bias"]).mean(0)


if __name__ == "__main__":
    options = whole_network.options_of(__doc__, ["binary(alpha)", "real"], 32)
    whole_network.compare("attention.rvb", [T, CHANNELS, TOKENS], forward, CLASSES, options)
