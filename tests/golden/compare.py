#!/usr/bin/python3
"""Holds compiled networks against the golden tensors.

    compare.py case RVBC FOLDER        logits, loss, every gradient, running statistics after a step
    compare.py training RVBC FOLDER    a hundred SGD steps, three seeds

What "within 1e-5, relative" means: the largest absolute difference in a tensor, divided by the largest magnitude in the
golden tensor. (Entry by entry would compare rounding errors where an entry is zero by cancellation.) A golden tensor of
zeros, the gradient of a bias before BatchNorm, is compared with 1.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import safetensors_file

LOGIT_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-4
DEPLOYED_TOLERANCE = 3e-5
HERE = pathlib.Path(__file__).resolve().parent


def relative_difference(ours, golden):
    ours, golden = np.asarray(ours, dtype=np.float64), np.asarray(golden, dtype=np.float64)
    return np.abs(ours - golden).max() / (np.abs(golden).max() or 1)


class Report:
    def __init__(self):
        self.failures = 0

    def hold(self, what, difference, tolerance):
        good = difference <= tolerance  # false for a NaN
        self.failures += not good
        print(f"{'ok  ' if good else 'FAIL'}  {what:40} {difference:9.2e}  (at most {tolerance:g})")

    def hold_names(self, what, ours, golden):
        good = sorted(ours) == sorted(golden)
        self.failures += not good
        if not good:
            print(f"FAIL  {what}: missing {sorted(set(golden) - set(ours))}, extra {sorted(set(ours) - set(golden))}")
        return good

    def hold_tensors(self, what, ours, golden, tolerance):
        """Names, shapes and values."""
        if not self.hold_names(what, ours, golden):
            return
        for name in golden:
            if ours[name].shape != golden[name].shape:
                self.failures += 1
                print(f"FAIL  {what} {name}: shape {ours[name].shape}, expected {golden[name].shape}")
            else:
                self.hold(f"{what} {name}", relative_difference(ours[name], golden[name]), tolerance)


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def defines(facts):
    words = []
    for name, value in facts["settings"].items():
        words += ["-D", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return words


def compile_network(rvbc, facts, work):
    run(rvbc, HERE / facts["source"], "-o", work / "net", *defines(facts))
    return work / "net"


def compare_case(rvbc, folder, work, report):
    facts = json.loads((folder / "case.json").read_text())
    net = compile_network(rvbc, facts, work)
    weights, x, labels = folder / "weights.safetensors", folder / "x.npy", folder / "labels.npy"

    run(net, "infer", "--weights", weights, "--input", x, "--output", work / "logits.npy")
    logits, golden = np.load(work / "logits.npy"), np.load(folder / "logits.npy")
    if logits.shape != golden.shape:
        sys.exit(f"logits of shape {logits.shape}, expected {golden.shape}")
    report.hold("logits", relative_difference(logits, golden), LOGIT_TOLERANCE)

    # The deployed program gives the same logits. Folding rounds differently, but no neuron changes its mind.
    run(rvbc, "deploy", HERE / facts["source"], "-o", work / "infer", "--weights", weights, *defines(facts))
    run(work / "infer", "infer", "--input", x, "--output", work / "deployed.npy")
    report.hold("deployed logits", relative_difference(np.load(work / "deployed.npy"), golden), DEPLOYED_TOLERANCE)

    batch = ["--input", x, "--labels", labels]
    text = run(net, "gradient", "--weights", weights, *batch, "--output", work / "g.safetensors", "--json")
    report.hold("loss", abs(json.loads(text)["loss"] - facts["loss"]) / abs(facts["loss"]), LOGIT_TOLERANCE)
    ours = safetensors_file.read(work / "g.safetensors")
    report.hold_tensors("gradient", ours, safetensors_file.read(folder / "gradients.safetensors"), GRADIENT_TOLERANCE)

    # One training step at a rate of nothing: only the running statistics move.
    run(net, "train", *batch, "--weights", weights, "--batch", len(np.load(labels)), "--epochs", 1, "--lr", 0,
        "--warmup", 0, "--no-shuffle", "--no-augment", "--run-dir", work / "run")  # fmt: skip
    after = safetensors_file.read(work / "run" / "last.safetensors")
    golden = safetensors_file.read(folder / "statistics.safetensors")
    report.hold_tensors("after a step", {n: after[n] for n in golden if n in after}, golden, LOGIT_TOLERANCE)


def compare_training(rvbc, folder, work, report):
    import training

    facts = json.loads((folder / "training.json").read_text())
    net = compile_network(rvbc, facts, work)
    x, labels = training.samples(facts)
    np.save(work / "x.npy", x)
    np.save(work / "labels.npy", labels)
    tails = {"ours": [], "golden": []}
    parted = []
    for seed, golden in facts["losses"].items():
        run_dir = work / f"run{seed}"
        run(net, "train", "--input", work / "x.npy", "--labels", work / "labels.npy", "--weights",
            folder / f"start{seed}.safetensors", "--batch", facts["batch"], "--epochs", 1, "--lr", facts["rate"],
            "--schedule", "constant", "--momentum", facts["momentum"], "--weight-decay", facts["weight_decay"],
            "--no-shuffle", "--no-augment", "--log-every", 1, "--run-dir", run_dir)  # fmt: skip
        lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
        losses = [line["loss"] for line in lines if line.get("kind", "step") == "step"]
        if len(losses) != len(golden):
            sys.exit(f"{len(losses)} steps were logged, expected {len(golden)}")
        for step in range(5):
            report.hold(f"seed {seed} loss of step {step + 1}", abs(losses[step] / golden[step] - 1), 1e-3)
        parted.append(max(abs(ours / theirs - 1) for ours, theirs in zip(losses[:8], golden)))
        tails["ours"].append(losses[80:100])
        tails["golden"].append(golden[80:100])
    # A latent weight within rounding of 0 may take the other sign, and the losses part by 1e-4. Where none does, they agree
    # to some 2e-7; a weight decay of 1e-4 that is forgotten shows as 4e-6 in every seed. So the closest seed is held to 1e-6.
    report.hold("steps 1 to 8, the closest seed", min(parted), 1e-6)
    mean = {who: float(np.mean(values)) for who, values in tails.items()}
    print(f"mean loss of steps 81 to 100: ours {mean['ours']:.4f}, PyTorch {mean['golden']:.4f}")
    report.hold("mean of steps 81 to 100", abs(mean["ours"] / mean["golden"] - 1), 5e-2)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("case", "training"):
        sys.exit(__doc__)
    report = Report()
    compare = compare_case if sys.argv[1] == "case" else compare_training
    with tempfile.TemporaryDirectory() as work:
        compare(pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3]).resolve(), pathlib.Path(work), report)
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
