#!/usr/bin/python3
"""The network and recipe of examples/fashion.rvb in PyTorch, timed: one line of JSON a measurement.

    pytorch_fashion.py --threads 1 --work train:128 --work infer:32

Each work is measured in the memory layouts and execution modes that PyTorch offers, and the fastest is reported:
contiguous and channels_last; for inference also traced and frozen for oneDNN.

Two versions of the network: `as written` runs T = 2 steps; `time collapsed` is what a person gets who has seen that at
threshold 0 a still image gives equal steps, and writes ReLU instead. The second does the work that rvbc's program does.
"""
import argparse
import json
import time

import torch
import torch.nn.functional as F
from torch import nn

BATCH_OF_TRAINING = 128
TAU, STEPS = 0.25, 2


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(context, w):
        context.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(context, gradient):
        (w,) = context.saved_tensors
        return gradient * (w.abs() <= 1)


class BinaryConv(nn.Module):
    def __init__(self, channels_in, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, channels_in, 3, 3) * (2 / (9 * channels)) ** 0.5)
        self.alpha = nn.Parameter(torch.ones(1, channels_in, 1, 1))

    def forward(self, x):
        return F.conv2d(x, self.alpha * Sign.apply(self.weight), padding=1)


class RealConv(nn.Conv2d):
    """The same convolution with alpha * sign(W) computed once: what a person deploys with PyTorch."""

    def __init__(self, trained):
        channels, channels_in = trained.weight.shape[:2]
        super().__init__(channels_in, channels, 3, padding=1, bias=False)
        with torch.no_grad():
            self.weight.copy_(trained.alpha * torch.where(trained.weight >= 0, 1.0, -1.0))


class Reverb(nn.Module):
    """Threshold 0, hard reset; x is [T N, C, H, W], time outermost."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def forward(self, x):
        if self.steps == 1:
            return F.relu(x)
        currents = x.chunk(self.steps)
        u, spikes = currents[0], []
        for t in range(self.steps):
            fires = (u >= 0).detach()
            spikes.append(torch.where(fires, u, 0.0))
            if t + 1 < self.steps:
                u = TAU * torch.where(fires, 0.0, u) + currents[t + 1]
        return torch.cat(spikes)


class Fashion(nn.Module):
    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), Reverb(steps),
            BinaryConv(32, 64), nn.BatchNorm2d(64), Reverb(steps), nn.AvgPool2d(2),
            BinaryConv(64, 128), nn.BatchNorm2d(128), Reverb(steps), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(128 * 7 * 7, 10))  # fmt: skip

    def forward(self, image):
        x = image if self.steps == 1 else image.repeat(self.steps, 1, 1, 1)
        y = self.layers(x)
        return y if self.steps == 1 else y.view(self.steps, -1, 10).mean(0)


def sgd(net):
    """Momentum and weight decay that spares BatchNorm, biases and alphas."""
    decays = [p for name, p in net.named_parameters() if name.endswith("weight") and p.dim() > 1]
    spared = [p for p in net.parameters() if all(p is not other for other in decays)]
    groups = [{"params": decays, "weight_decay": 1e-4}, {"params": spared}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9, foreach=True)


def training_step(steps, batch, layout):
    net = Fashion(steps).to(memory_format=layout).train()
    image = torch.randn(batch, 1, 28, 28).contiguous(memory_format=layout)
    labels = torch.arange(batch) % 10
    optimizer = sgd(net)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(image), labels).backward()
        optimizer.step()

    return step


def inference(steps, batch, layout, frozen):
    net = Fashion(steps).eval()
    for index, layer in enumerate(net.layers):
        if isinstance(layer, BinaryConv):
            net.layers[index] = RealConv(layer)
    net = net.to(memory_format=layout)
    image = torch.randn(batch, 1, 28, 28).contiguous(memory_format=layout)
    if frozen:
        net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, image)))

    def step():
        with torch.inference_mode():
            net(image)

    return step


def median_ms(step, seconds):
    start = time.perf_counter()
    for _ in range(3):
        step()
    once = (time.perf_counter() - start) / 3
    times = []
    for _ in range(max(5, min(1000, int(seconds / once)))):
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    times.sort()
    return times[len(times) // 2]


def candidates(kind, steps, batch):
    for name, layout in (("contiguous", torch.contiguous_format), ("channels_last", torch.channels_last)):
        if kind == "train":
            yield name, lambda layout=layout: training_step(steps, batch, layout)
        else:
            yield name, lambda layout=layout: inference(steps, batch, layout, False)
            yield name + ", frozen for oneDNN", lambda layout=layout: inference(steps, batch, layout, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", action="append", metavar="train:BATCH|infer:BATCH", required=True)
    parser.add_argument("--seconds", type=float, default=2.0, help="a candidate")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for work in options.work:
        kind, batch = work.split(":")
        batch = int(batch)
        for version, steps in (("as written", STEPS), ("time collapsed", 1)):
            torch.manual_seed(1)
            found = {name: median_ms(make(), options.seconds) for name, make in candidates(kind, steps, batch)}
            best = min(found, key=found.get)
            row = {
                "work": kind,
                "batch": batch,
                "threads": options.threads,
                "peer": f"PyTorch {torch.__version__.split('a')[0]}, {version}",
                "version": version,
                "mode": best,
                "median_ms": found[best],
                "images_per_second": 1000 * batch / found[best],
                "all_ms": {name: round(ms, 4) for name, ms in found.items()},
            }
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
