#!/usr/bin/python3
"""grouped.py KERNELS_BENCH [--threads 2] [--only REGEX]: convolutions in groups, each next to PyTorch's, in one run.

For every case of kernels_bench with groups: our kernel (real weights, their gradients, signs) and PyTorch's on the same
sizes, in the faster of its two layouts, by turns on the same cores. PyTorch has no kernel for signs: it multiplies by
them. Printed: the medians in milliseconds, how many times faster ours is, and the machine's load.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F

CASE = re.compile(r"(\w+) (\d+)@(\d+) groups (\d+) kernel (\d+) batch (\d+)$")


class Ours:
    def __init__(self, program, name, threads):
        environment = dict(os.environ, RVB_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            [program, "--serve", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)  # fmt: skip
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{name}: {program} does not start")

    def sample(self, seconds):
        self.process.stdin.write(f"{seconds} 2\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["ms"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def torch_step(kind, channels, size, groups, kernel, batch, layout):
    x = torch.randn(batch, channels, size, size).contiguous(memory_format=layout)
    w = torch.randn(channels, channels // groups, kernel, kernel)
    if kind == "binary_conv2d":
        w = torch.where(w >= 0, 1.0, -1.0)
    pad = [kernel // 2] * 2
    if kind in ("conv2d", "binary_conv2d"):
        return lambda: F.conv2d(x, w, None, 1, pad, 1, groups)
    g = torch.randn_like(x)
    mask = [kind == "conv2d_input_gradient", kind == "conv2d_weight_gradient", False]
    return lambda: torch.ops.aten.convolution_backward(g, x, w, None, [1, 1], pad, [1, 1], False, [0, 0], groups, mask)


def timed(step, seconds):
    times, until = [], time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < until:
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    return times


def compare(program, name, threads, rounds):
    kind, *numbers = CASE.match(name).groups()
    numbers = [int(n) for n in numbers]
    steps = [torch_step(kind, *numbers, layout) for layout in (torch.contiguous_format, torch.channels_last)]
    for step in steps:
        step()
    peer = min(steps, key=lambda step: min(timed(step, 0.1)))
    ours, a, b = Ours(program, name, threads), [], []
    for _ in range(rounds):
        a += ours.sample(0.15)
        b += timed(peer, 0.15)
    ours.stop()
    return statistics.median(a), statistics.median(b), min(a), min(b)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    listed = subprocess.run([options.program, "--benchmark_list_tests"], capture_output=True, text=True, check=True)
    names = [re.sub(r"/process_time.*", "", line) for line in listed.stdout.splitlines()]
    print(f"PyTorch {torch.__version__}, {options.threads} threads; median and (least) of the runs in ms")
    print(f"{'':58}  {'ours':>17}  {'PyTorch':>17}  times faster  load")
    for name in names:
        if CASE.match(name) and re.search(options.only, name):
            ours, peer, least, peer_least = compare(options.program, name, options.threads, options.rounds)
            print(f"{name:58}  {ours:8.3f} ({least:6.3f})  {peer:8.3f} ({peer_least:6.3f})  {peer / ours:5.2f} "
                  f"({peer_least / least:4.2f})  {os.getloadavg()[0]:4.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
