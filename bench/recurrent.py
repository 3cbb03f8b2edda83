#!/usr/bin/python3
"""A recurrent network against PyTorch: a training step and inference, alternately in one run, and the time to compile.

    bench/recurrent.py [--batch 64] [--threads 2] [--rounds 11] [--weights real] [--rvbc build/bin/rvbc]

The network is bench/paper/recurrent.rvb: 700 inputs, 256 recurrent units, 100 steps. PyTorch (1.13, Debian 12) runs a loop over
the steps, the product of the input outside of it for all steps at once, as ours does. Both compute the same: the logits of
equal weights are compared first. PyTorch takes the system's BLAS: with Debian's reference BLAS nearly all of its time is the
product of the input (6 GFLOP/s against 160 of libopenblas0-pthread), so install that before believing a factor. Times are medians of the rounds in ms; between the quartiles in brackets.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F

root = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(root / "tests" / "golden"))
import safetensors_file
from reference import Sign, Step

T, INPUTS, UNITS, CLASSES = 100, 700, 256, 20


def forward(w, x, binary):
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


def ours(program, batch, threads, train):
    command = [program, "bench", "-b", batch, "-t", threads, "--repeats", 3, "--seconds", 0.2, "--json"] + ["--train"] * train
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["rows"][0]["median_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--weights", default="real", choices=["real", "binary(alpha)"])
    parser.add_argument("--rvbc", default=str(root / "build" / "bin" / "rvbc"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    binary = options.weights != "real"
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        start = time.perf_counter()
        subprocess.run([options.rvbc, root / "bench" / "paper" / "recurrent.rvb", "-D", f"weights={options.weights}", "-q", "-o",
                        work / "net"], check=True, env={"RVB_CACHE_DIR": str(work / "cache"), "PATH": "/usr/bin:/bin"})  # fmt: skip
        compiled = time.perf_counter() - start
        subprocess.run([work / "net", "init", "-o", work / "w.safetensors"], check=True, capture_output=True)
        subprocess.run([options.rvbc, "deploy", root / "bench" / "paper" / "recurrent.rvb", "-D", f"weights={options.weights}", "-q",
                        "--weights", work / "w.safetensors", "-o", work / "small"], check=True)  # fmt: skip
        w = {n: torch.from_numpy(v.copy()).requires_grad_() for n, v in safetensors_file.read(work / "w.safetensors").items()}
        x = torch.randn(T, options.batch, INPUTS)
        labels = torch.randint(0, CLASSES, [options.batch])
        np.save(work / "x.npy", x.numpy())
        subprocess.run([work / "net", "infer", work / "x.npy", "--weights", work / "w.safetensors", "--output", work / "y.npy"],
                       check=True, capture_output=True)  # fmt: skip
        with torch.no_grad():
            logits = forward(w, x, binary).numpy()
        difference = np.abs(np.load(work / "y.npy") - logits).max() / np.abs(logits).max()
        print(f"largest difference of the logits: {difference:.1e}; compiled in {compiled:.1f} s (nothing cached)")
        optimiser = torch.optim.SGD(w.values(), lr=0.01, momentum=0.9)

        def infer():
            with torch.no_grad():
                forward(w, x, binary)

        def train():
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(forward(w, x, binary), labels).backward()
            optimiser.step()

        for name, program, peer in (("inference", work / "small", infer), ("training step", work / "net", train)):
            times = {"ours": [], "PyTorch": []}
            peer()
            for _ in range(options.rounds):
                times["ours"].append(ours(program, options.batch, options.threads, peer is train))
                start = time.perf_counter()
                peer()
                times["PyTorch"].append(1000 * (time.perf_counter() - start))
            low, middle, high = (np.quantile(times["PyTorch"], q) / np.quantile(times["ours"], q) for q in (0.25, 0.5, 0.75))
            text = ", ".join(f"{who} {np.median(t):.1f} [{np.quantile(t, 0.25):.1f} {np.quantile(t, 0.75):.1f}]"
                             for who, t in times.items())  # fmt: skip
            print(f"{name}: {text}: {middle:.1f} times [{min(low, high):.1f} {max(low, high):.1f}]", flush=True)


if __name__ == "__main__":
    main()
