"""The runtime's training loop, with SGD, Adam and AdamW on a cosine, against PyTorch's formulas in double precision, on the
network of fake_program.cpp; and where PyTorch is installed, the formulas against torch.optim itself.

usage: optimizer_check.py FAKE
"""
import json, math, os, subprocess, sys, tempfile

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
import safetensors_file

try:
    import torch
except ImportError:
    torch = None

EPOCHS, BATCH, DECAY = 5, 16, 0.2  # a decay that shows after twenty steps at AdamW's rate of 0.001


def gradients(p, x, y):
    """Loss and gradients; the mean of the batch is a constant to them."""
    x = x.reshape(len(x), -1).astype("f8")
    x = x - x.mean()
    z = x @ p["fc.weight"].T + p["fc.bias"]
    e = np.exp(z - z.max(1, keepdims=True))
    share = e / e.sum(1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.log(share[rows, y]).mean() + 0.05 * (p["conv.weight"] ** 2).sum()
    share[rows, y] -= 1
    share /= len(y)
    return loss, {"fc.weight": share.T @ x, "fc.bias": share.sum(0), "conv.weight": 0.1 * p["conv.weight"]}


class Optimizer:
    """torch.optim's formulas; weights of fc alone decay."""

    def __init__(self, kind):
        self.kind, self.rate, self.steps, self.state = kind, 0.02 if kind == "sgd" else 0.001, 0, {}

    def step(self, p, grads, epoch):
        rate = self.rate * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2
        self.steps += 1
        for name, g in grads.items():
            decay = DECAY if name == "fc.weight" else 0
            if self.kind == "adamw":
                p[name] = p[name] * (1 - rate * decay)
            else:
                g = g + decay * p[name]
            if self.kind == "sgd":
                self.state[name] = 0.9 * self.state.get(name, 0) + g
                p[name] = p[name] - rate * self.state[name]
                continue
            m, v = self.state.get(name, (0, 0))
            m, v = self.state[name] = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            m, v = m / (1 - 0.9**self.steps), v / (1 - 0.999**self.steps)
            p[name] = p[name] - rate * m / (np.sqrt(v) + 1e-8)


class TorchOptimizer:
    def __init__(self, kind, p):
        make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
        self.values = {name: torch.from_numpy(p[name].copy()) for name in ("fc.weight", "fc.bias", "conv.weight")}
        groups = [{"params": [value], "weight_decay": DECAY if name == "fc.weight" else 0} for name, value in self.values.items()]
        self.optimizer = make(groups, **(dict(lr=0.02, momentum=0.9) if kind == "sgd" else dict(lr=0.001)))
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=EPOCHS)
        self.epoch = 0

    def step(self, p, grads, epoch):
        if epoch != self.epoch:
            self.schedule.step()
            self.epoch = epoch
        for name, value in self.values.items():
            value.grad = torch.from_numpy(grads[name])
        self.optimizer.step()
        for name, value in self.values.items():
            p[name] = value.numpy().copy()


def descend(p, x, y, optimizer):
    p, losses = dict(p), []
    for epoch in range(EPOCHS):
        for first in range(0, len(x), BATCH):
            xb, yb = x[first : first + BATCH], y[first : first + BATCH]
            p["norm.running_mean"] = 0.9 * p["norm.running_mean"] + 0.1 * xb.astype("f8").mean()
            loss, grads = gradients(p, xb, yb)
            losses.append(loss)
            optimizer.step(p, grads, epoch)
    return losses, p


def apart(ours, theirs):
    """Of losses, relative, and of weights."""
    losses = max(abs(a - b) / abs(b) for a, b in zip(ours[0], theirs[0]))
    return losses, max(np.abs(ours[1][name] - value).max() for name, value in theirs[1].items())


def check(fake, kind, folder):
    path = lambda name: os.path.join(folder, kind + name)
    rng = np.random.RandomState(3)
    x = rng.randn(50, 1, 28, 28).astype(np.float32)
    y = rng.randint(0, 10, 50)
    np.save(path("x.npy"), np.asfortranarray(x))
    np.save(path("y.npy"), y)
    subprocess.run([fake, "init", "--seed", "9", "-o", path("w.safetensors")], check=True)
    subprocess.run([fake, "train", "--input", path("x.npy"), "--labels", path("y.npy"), "--weights", path("w.safetensors"),
                    "--no-shuffle", "--no-augment", "--log-every", "1", "--batch", str(BATCH), "--epochs", str(EPOCHS),
                    "--optimizer", kind, "--weight-decay", str(DECAY), "--run-dir", path("run"), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    losses = [json.loads(line) for line in open(path("run/metrics.jsonl"))]
    losses = [line["loss"] for line in losses if line["kind"] == "step"]
    last = safetensors_file.read(path("run/last.safetensors"))  # plain weights: the names of a state dictionary
    assert sorted(last) == ["conv.weight", "fc.bias", "fc.weight", "norm.running_mean"], sorted(last)

    start = {name: value.astype("f8") for name, value in safetensors_file.read(path("w.safetensors")).items()}
    formulas = descend(start, x, y, Optimizer(kind))
    assert len(losses) == len(formulas[0]) == 20, len(losses)
    by_loss, by_weight = apart((losses, last), formulas)
    print(f"{kind}, 20 steps: losses within {by_loss:.2g} (relative), weights within {by_weight:.2g}")
    assert by_loss < 2e-6 and by_weight < 2e-6
    assert losses[-1] < (0.6 if kind == "sgd" else 0.9) * losses[0]
    if torch is None:
        print("  PyTorch is not installed: the formulas are not held against it")
        return
    by_loss, by_weight = apart(descend(start, x, y, TorchOptimizer(kind, start)), formulas)
    print(f"  the formulas and torch.optim: within {by_loss:.2g} and {by_weight:.2g}")
    assert by_loss < 1e-12 and by_weight < 1e-12


with tempfile.TemporaryDirectory() as folder:
    for kind in "sgd", "adam", "adamw":
        check(sys.argv[1], kind, folder)
