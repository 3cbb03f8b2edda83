"""A whole network next to PyTorch: inference and a training step, alternately in one run, and the time to compile."""
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

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def options_of(description, weights, batch):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--weights", default=weights[0], choices=weights)
    parser.add_argument("--rvbc", default=str(root / "build" / "bin" / "rvbc"))
    return parser.parse_args()


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **more).stdout


def ours(program, options, train):
    text = run(program, "bench", "-b", options.batch, "-t", options.threads, "--repeats", 3, "--seconds", 0.2, "--json",
               *["--train"] * train)  # fmt: skip
    return json.loads(text)["rows"][0]["median_ms"]


def factor(who, rounds, measure):
    """The medians of `rounds` of each of `measure`, by turns, and how many times the first is faster than the last."""
    times = {name: [] for name in measure}
    for _ in range(rounds):
        for name, sample in measure.items():
            times[name].append(sample())
    first, *_, last = times
    low, middle, high = (np.quantile(times[last], q) / np.quantile(times[first], q) for q in (0.25, 0.5, 0.75))
    text = ", ".join(f"{name} {np.median(t):.1f} [{np.quantile(t, 0.25):.1f} {np.quantile(t, 0.75):.1f}]"
                     for name, t in times.items())  # fmt: skip
    print(f"{who}: {text}: {middle:.1f} times [{min(low, high):.1f} {max(low, high):.1f}]", flush=True)


def compare(network, sample, forward, classes, options):
    """`forward(w, x, training, binary)` gives the logits of x [T, N, *sample without T]; w has the names of `network`."""
    torch.set_num_threads(options.threads)
    binary = options.weights != "real"
    source = [root / "bench" / "paper" / network, "-D", f"weights={options.weights}", "-q"]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        start = time.perf_counter()
        run(options.rvbc, *source, "-o", work / "net", env={"RVB_CACHE_DIR": str(work / "cache"), "PATH": "/usr/bin:/bin"})
        compiled = time.perf_counter() - start
        run(work / "net", "init", "-o", work / "w.safetensors")
        run(options.rvbc, "deploy", *source, "--weights", work / "w.safetensors", "-o", work / "small")
        w = {name: torch.from_numpy(value.copy()) for name, value in safetensors_file.read(work / "w.safetensors").items()}
        trained = [value.requires_grad_() for name, value in w.items() if not name.endswith(STATISTICS)]
        x = torch.randn(sample[0], options.batch, *sample[1:])
        labels = torch.randint(0, classes, [options.batch])
        np.save(work / "x.npy", x.numpy())
        run(work / "net", "infer", work / "x.npy", "--weights", work / "w.safetensors", "--output", work / "y.npy")
        with torch.no_grad():
            logits = forward(w, x, False, binary).numpy()
        difference = np.abs(np.load(work / "y.npy") - logits).max() / np.abs(logits).max()
        print(f"largest difference of the logits: {difference:.1e}; compiled in {compiled:.1f} s (nothing cached)")
        optimiser = torch.optim.SGD(trained, lr=0.01, momentum=0.9)

        def infer():
            with torch.no_grad():
                forward(w, x, False, binary)

        def train():
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(forward(w, x, True, binary), labels).backward()
            optimiser.step()

        def timed(step):
            start = time.perf_counter()
            step()
            return 1000 * (time.perf_counter() - start)

        for name, program, peer in (("inference", work / "small", infer), ("training step", work / "net", train)):
            peer()
            factor(name, options.rounds, {"ours": lambda: ours(program, options, peer is train), "PyTorch": lambda: timed(peer)})
