"""The runtime's training loop, with every optimiser, schedule and what surrounds them, against PyTorch's formulas in double
precision, on the network of fake_program.cpp; and where PyTorch is installed, the formulas against torch.optim itself.

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
SAMPLES = 50
TRAINED = ["fc.weight", "fc.bias", "conv.weight"]


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


class Case:
    """How the program is called, and what the formulas are to do; `torch` makes the optimiser of parameter groups."""

    def __init__(self, name, flags, kind, rate, torch, falls=0.9, **options):
        self.name, self.flags, self.kind, self.rate, self.torch, self.falls = name, flags, kind, rate, torch, falls
        self.options = options
        self.rates, self.decays = options.get("rates", {}), {"fc.weight": DECAY, **options.get("decays", {})}


def cosine(epoch):
    return (1 + math.cos(math.pi * epoch / EPOCHS)) / 2


CASES = [
    Case("sgd", ["sgd"], "sgd", 0.02, lambda g: torch.optim.SGD(g, lr=0.02, momentum=0.9), 0.6),
    Case("adam", ["adam"], "adam", 0.001, lambda g: torch.optim.Adam(g, lr=0.001)),
    Case("adamw", ["adamw"], "adamw", 0.001, lambda g: torch.optim.AdamW(g, lr=0.001)),
    Case("nesterov", ["sgd(nesterov=true)", "--momentum", "0.8"], "sgd", 0.02,
         lambda g: torch.optim.SGD(g, lr=0.02, momentum=0.8, nesterov=True), 0.6, momentum=0.8, nesterov=True),
    Case("rmsprop", ["rmsprop(rate=0.001, momentum=0.5, alpha=0.9)"], "rmsprop", 0.001,
         lambda g: torch.optim.RMSprop(g, lr=0.001, momentum=0.5, alpha=0.9), 0.9),
    Case("bop", ["bop(gamma=0.1, threshold=0.002)"], "bop", 0.001, None),
    Case("clip", ["sgd", "--clip", "0.5"], "sgd", 0.02, lambda g: torch.optim.SGD(g, lr=0.02, momentum=0.9), 1, clip=0.5),
    Case("latent_clip", ["sgd", "--latent-clip", "0.4"], "sgd", 0.02, lambda g: torch.optim.SGD(g, lr=0.02, momentum=0.9), 0.8, latent_clip=0.4),
    Case("kinds", ["sgd", "--rates", "latents=2,bias=0.5", "--decays", "latents=0.3,weights=0.4"], "sgd", 0.02,
         lambda g: torch.optim.SGD(g, lr=0.02, momentum=0.9), 0.6,
         rates={"conv.weight": 2, "fc.bias": 0.5}, decays={"conv.weight": 0.3, "fc.weight": 0.4}),
]


class Optimizer:
    """torch.optim's formulas; weights of fc alone decay unless the case says more."""

    def __init__(self, case):
        self.case, self.steps, self.state = case, 0, {}

    def step(self, p, grads, epoch):
        case, options = self.case, self.case.options
        self.steps += 1
        if "clip" in options:
            norm = math.sqrt(sum((g**2).sum() for g in grads.values()))
            grads = {name: g * min(1, options["clip"] / (norm + 1e-6)) for name, g in grads.items()}
        for name, g in grads.items():
            rate = case.rate * cosine(epoch) * case.rates.get(name, 1)
            decay = case.decays.get(name, 0)
            if case.kind == "bop" and name == "conv.weight":
                m = self.state[name] = 0.9 * self.state.get(name, 0) + 0.1 * g
                p[name] = np.where((abs(m) > 0.002) & ((m > 0) == (p[name] >= 0)), -p[name], p[name])
                continue
            if case.kind == "adamw":
                p[name] = p[name] * (1 - rate * decay)
            else:
                g = g + decay * p[name]
            if case.kind == "sgd":
                mu = options.get("momentum", 0.9)
                b = self.state[name] = mu * self.state.get(name, 0) + g
                p[name] = p[name] - rate * (g + mu * b if options.get("nesterov") else b)
            elif case.kind == "rmsprop":
                b, v = self.state.get(name, (0, 0))
                v = 0.9 * v + 0.1 * g * g
                b = 0.5 * b + g / (np.sqrt(v) + 1e-8)
                self.state[name] = b, v
                p[name] = p[name] - rate * b
            else:
                m, v = self.state.get(name, (0, 0))
                m, v = self.state[name] = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                m, v = m / (1 - 0.9**self.steps), v / (1 - 0.999**self.steps)
                p[name] = p[name] - rate * m / (np.sqrt(v) + 1e-8)
        if "latent_clip" in options:
            p["conv.weight"] = np.clip(p["conv.weight"], -options["latent_clip"], options["latent_clip"])


class TorchOptimizer:
    def __init__(self, case, p):
        self.case = case
        self.values = {name: torch.from_numpy(p[name].copy()) for name in TRAINED}
        self.optimizer = case.torch([{"params": [value], "weight_decay": case.decays.get(name, 0),
                                      "lr": case.rate * case.rates.get(name, 1)} for name, value in self.values.items()])
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=EPOCHS)
        self.epoch = 0

    def step(self, p, grads, epoch):
        if epoch != self.epoch:
            self.schedule.step()
            self.epoch = epoch
        for name, value in self.values.items():
            value.grad = torch.from_numpy(grads[name].copy())
        if "clip" in self.case.options:
            torch.nn.utils.clip_grad_norm_(list(self.values.values()), self.case.options["clip"])
        self.optimizer.step()
        if "latent_clip" in self.case.options:
            most = self.case.options["latent_clip"]
            self.values["conv.weight"].clamp_(-most, most)
        for name, value in self.values.items():
            p[name] = value.numpy().copy()


def descend(p, x, y, optimizer, after=lambda p: None):
    p, losses = dict(p), []
    for epoch in range(EPOCHS):
        for first in range(0, len(x), BATCH):
            xb, yb = x[first : first + BATCH], y[first : first + BATCH]
            p["norm.running_mean"] = 0.9 * p["norm.running_mean"] + 0.1 * xb.astype("f8").mean()
            loss, grads = gradients(p, xb, yb)
            losses.append(loss)
            optimizer.step(p, grads, epoch)
            after(p)
    return losses, p


def apart(ours, theirs):
    """Of losses, relative, and of weights."""
    losses = max(abs(a - b) / abs(b) for a, b in zip(ours[0], theirs[0]))
    return losses, max(np.abs(ours[1][name] - value).max() for name, value in theirs[1].items())


class Program:
    """FAKE in a folder, with random samples and initial weights."""

    def __init__(self, fake, folder):
        self.fake, self.folder = fake, folder
        rng = np.random.RandomState(3)
        self.x = rng.randn(SAMPLES, 1, 28, 28).astype(np.float32)
        self.y = rng.randint(0, 10, SAMPLES)
        np.save(self.path("x.npy"), np.asfortranarray(self.x))
        np.save(self.path("y.npy"), self.y)
        subprocess.run([fake, "init", "--seed", "9", "-o", self.path("w.safetensors")], check=True)
        self.start = {name: value.astype("f8") for name, value in safetensors_file.read(self.path("w.safetensors")).items()}

    def path(self, name):
        return os.path.join(self.folder, name)

    def train(self, run, *flags):
        """The lines of its steps."""
        subprocess.run([self.fake, "train", "--input", self.path("x.npy"), "--labels", self.path("y.npy"), "--weights", self.path("w.safetensors"),
                        "--no-shuffle", *([] if "--augment" in flags else ["--no-augment"]), "--log-every", "1", "--batch", str(BATCH), "--run-dir", self.path(run), "--quiet", *flags],
                       check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in open(self.path(run + "/metrics.jsonl"))]
        return [line for line in lines if line["kind"] == "step"]


def check(program, case):
    lines = program.train(case.name, "--epochs", str(EPOCHS), "--weight-decay", str(DECAY), "--optimizer", *case.flags)
    losses = [line["loss"] for line in lines]
    last = safetensors_file.read(program.path(case.name + "/last.safetensors"))  # plain weights: the names of a state dictionary
    assert sorted(last) == ["conv.weight", "fc.bias", "fc.weight", "norm.running_mean"], sorted(last)

    formulas = descend(program.start, program.x, program.y, Optimizer(case))
    assert len(losses) == len(formulas[0]) == 20, len(losses)
    by_loss, by_weight = apart((losses, last), formulas)
    print(f"{case.name}, 20 steps: losses within {by_loss:.2g} (relative), weights within {by_weight:.2g}")
    assert by_loss < 2e-6 and by_weight < 2e-6
    assert losses[-1] < case.falls * losses[0]
    if case.torch is None:
        return
    if torch is None:
        print("  PyTorch is not installed: the formulas are not held against it")
        return
    by_loss, by_weight = apart(descend(program.start, program.x, program.y, TorchOptimizer(case, program.start)), formulas)
    print(f"  the formulas and torch.optim: within {by_loss:.2g} and {by_weight:.2g}")
    assert by_loss < 1e-12 and by_weight < 1e-12


def check_average(program):
    """tested.safetensors: the moving average, with BatchNorm's statistics taken anew over the samples."""
    program.train("average", "--epochs", str(EPOCHS), "--weight-decay", str(DECAY), "--average", "0.75")
    average = {}

    def after(p):
        for name in TRAINED:
            average[name] = 0.75 * average[name] + 0.25 * p[name] if name in average else p[name]

    descend(program.start, program.x, program.y, Optimizer(CASES[0]), after)
    tested = safetensors_file.read(program.path("average/tested.safetensors"))
    for name, value in average.items():
        assert np.abs(tested[name] - value).max() < 2e-6, name
    assert abs(tested["norm.running_mean"][0] - program.x.astype("f8").mean()) < 1e-7
    last = safetensors_file.read(program.path("average/last.safetensors"))
    assert abs(last["norm.running_mean"][0] - program.x.astype("f8").mean()) > 1e-4  # the run's own goes on
    # Stopped and continued, in the middle of an epoch: the same bytes.
    program.train("parts", "--epochs", str(EPOCHS), "--weight-decay", str(DECAY), "--average", "0.75", "--steps", "6")
    subprocess.run([program.fake, "train", "--resume", "--run-dir", program.path("parts"), "--log-every", "1", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    for name in "tested", "last", "best":
        assert open(program.path(f"parts/{name}.safetensors"), "rb").read() == open(program.path(f"average/{name}.safetensors"), "rb").read(), name
    # The command by itself.
    subprocess.run([program.fake, "reestimate-batchnorm", "--weights", program.path("w.safetensors"), "--input", program.path("x.npy"), "--labels",
                    program.path("y.npy"), "-o", program.path("anew.safetensors")], check=True, stderr=subprocess.DEVNULL)
    anew = safetensors_file.read(program.path("anew.safetensors"))
    assert abs(anew["norm.running_mean"][0] - program.x.astype("f8").mean()) < 1e-7
    assert np.array_equal(anew["fc.weight"], safetensors_file.read(program.path("w.safetensors"))["fc.weight"])


def one_cycle(step, steps, rise, start, end):
    """OneCycleLR, max_lr 1."""
    top, last = rise * steps - 1, steps - 1
    between = lambda a, b, share: b + (a - b) / 2 * (math.cos(math.pi * share) + 1)
    return between(1 / start, 1, step / top) if step <= top else between(1, 1 / start / end, (step - top) / (last - top))


def check_schedules(program):
    epochs, steps_per_epoch = 6, 4
    steps = epochs * steps_per_epoch
    lr = torch.optim.lr_scheduler if torch else None
    rows = {  # flags, the factor of step s of epoch e, PyTorch's class, and whether it is stepped per epoch
        "cosine(minimum=0.005)": (lambda e, s: 0.25 + 0.75 * (1 + math.cos(math.pi * e / epochs)) / 2,
                                  lambda o: lr.CosineAnnealingLR(o, epochs, eta_min=0.005), True),
        "cosine(per_step=true)": (lambda e, s: (1 + math.cos(math.pi * s / steps)) / 2, lambda o: lr.CosineAnnealingLR(o, steps), False),
        "constant": (lambda e, s: 1, lambda o: lr.LambdaLR(o, lambda e: 1), True),
        "step(every=2, factor=0.5)": (lambda e, s: 0.5 ** (e // 2), lambda o: lr.StepLR(o, 2, gamma=0.5), True),
        "polynomial(power=2)": (lambda e, s: (1 - e / epochs) ** 2, lambda o: lr.PolynomialLR(o, total_iters=epochs, power=2), True),
        "polynomial(per_step=true)": (lambda e, s: 1 - s / steps, lambda o: lr.PolynomialLR(o, total_iters=steps, power=1), False),
        "exponential(factor=0.8)": (lambda e, s: 0.8**e, lambda o: lr.ExponentialLR(o, 0.8), True),
        "one_cycle": (lambda e, s: one_cycle(s, steps, 0.3, 25, 1e4), lambda o: lr.OneCycleLR(o, 0.02, total_steps=steps, cycle_momentum=False), False),
        "one_cycle(rise=0.5, start=10, end=100)": (lambda e, s: one_cycle(s, steps, 0.5, 10, 100),
            lambda o: lr.OneCycleLR(o, 0.02, total_steps=steps, pct_start=0.5, div_factor=10, final_div_factor=100, cycle_momentum=False), False),
    }
    for i, (text, (factor, make, per_epoch)) in enumerate(rows.items()):
        lines = program.train(f"schedule{i}", "--epochs", str(epochs), "--schedule", text, "--weight-decay", "0")
        ours = [line["lr"] for line in lines]
        formula = [0.02 * factor(s // steps_per_epoch, s) for s in range(steps)]
        assert len(ours) == steps and np.allclose(ours, formula, rtol=1e-9, atol=1e-15), text
        if torch is None or (text.startswith("polynomial") and not hasattr(lr, "PolynomialLR")):
            continue
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.02)
        schedule, theirs = make(optimizer), []
        for s in range(steps):
            theirs.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if not per_epoch or (s + 1) % steps_per_epoch == 0:
                schedule.step()
        assert np.allclose(formula, theirs, rtol=1e-7, atol=1e-12), (text, formula, theirs)
    # Warm-up, LinearLR, then a cosine over what remains.
    lines = program.train("warm", "--epochs", str(epochs), "--warmup", "2", "--warmup-start", "0.1", "--weight-decay", "0")
    formula = [0.02 * (0.1 + 0.9 * s / 8 if s < 8 else (1 + math.cos(math.pi * (s // 4 - 2) / 4)) / 2) for s in range(steps)]
    assert np.allclose([line["lr"] for line in lines], formula, rtol=1e-9)
    print(f"{len(rows)} schedules and warm-up")


def check_mixup(program):
    """The first step: the share is what explains the loss; the weights follow from it."""
    line = program.train("mixup", "--epochs", "1", "--steps", "1", "--augment", "mixup", "--optimizer", "sgd", "--schedule", "constant", "--weight-decay", "0")[0]
    x, y = program.x[:BATCH].astype("f8"), program.y[:BATCH]

    def mixed(share):
        images = share * x + (1 - share) * np.roll(x, 1, 0)
        (a, g), (b, h) = gradients(program.start, images, y), gradients(program.start, images, np.roll(y, 1))
        return share * a + (1 - share) * b, {name: share * g[name] + (1 - share) * h[name] for name in g}

    last = safetensors_file.read(program.path("mixup/last.safetensors"))
    grid = np.linspace(0, 1, 2001)
    for share in grid[np.argsort([abs(mixed(s)[0] - line["loss"]) for s in grid])[:4]]:  # the loss may have it twice
        for _ in range(30):
            slope = (mixed(share + 1e-6)[0] - mixed(share - 1e-6)[0]) / 2e-6
            share -= (mixed(share)[0] - line["loss"]) / slope
        loss, grads = mixed(share)
        if 0 < share < 1 and all(np.abs(last[name] - (program.start[name] - 0.02 * grads[name])).max() < 1e-5 for name in grads):
            print(f"mixup: a share of {share:.3f}")
            return
    raise AssertionError("no share explains the step")


with tempfile.TemporaryDirectory() as folder:
    program = Program(sys.argv[1], folder)
    for case in CASES:
        check(program, case)
    check_average(program)
    check_schedules(program)
    check_mixup(program)
