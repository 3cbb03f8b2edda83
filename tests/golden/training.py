"""A hundred SGD steps on real images, three seeds: the losses that compare.py follows.

The images are the first 1600 of Fashion-MNIST's training set, the border of two pixels cut off, averaged two by two to
12 x 12 and normalised; both sides make them from Debian's dataset-fashion-mnist with the function below, so only the
first weights and the losses are stored.
"""
import gzip
import json
import pathlib

import numpy as np

FOLDER = pathlib.Path("/usr/share/datasets/fashion-mnist")
RECIPE = dict(samples=1600, batch=16, steps=100, rate=0.05, momentum=0.9, weight_decay=1e-4)
WIDTHS = dict(channels=1, height=12, width=12, narrow=8, middle=12, wide=16, classes=10)
VARIANTS = [(0, 2), (0.25, 4)]  # threshold, T
SEEDS = [1, 2, 3]


def samples(facts):
    def read(name, header):
        with gzip.open(FOLDER / name) as file:
            return np.frombuffer(file.read(), np.uint8)[header:]

    count = facts["samples"]
    pixels = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:count, 2:26, 2:26].astype(np.float64) / 255
    means = pixels.reshape(count, 12, 2, 12, 2).mean((2, 4))
    x = ((means - 0.2860) / 0.3530).astype("<f4")[:, None]
    return x, read("train-labels-idx1-ubyte.gz", 8)[:count].astype("<i8")


def first_values(generator):
    """As a fresh network: alpha and gamma 1, the rest 0, weights as in the group's code."""
    import torch

    def make(name, shape, kind):
        del name
        if kind in ("latent", "weight"):
            deviation = (2 / (shape[0] * shape[2] * shape[3])) ** 0.5 if len(shape) == 4 else 1 / shape[1]
            value = (deviation * torch.randn(shape, generator=generator)).double()
        else:
            value = torch.full(shape, float(kind in ("alpha", "gamma", "running_variance")), dtype=torch.double)
        return value if kind.startswith("running") else value.requires_grad_()

    return make


def descend(net, x, labels, steps):
    import reference

    momentum = {name: None for name in net.trainable()}
    losses = []
    for step in range(RECIPE["steps"]):
        rows = slice(step * RECIPE["batch"], (step + 1) * RECIPE["batch"])
        frames = x[rows].unsqueeze(0).expand(steps, *x[rows].shape)
        loss = reference.loss(net.forward(frames, training=True), labels[rows])
        losses.append(loss.item())
        for name in momentum:
            net.values[name].grad = None
        loss.backward()
        for name in momentum:
            value = net.values[name]
            gradient = value.grad + (RECIPE["weight_decay"] * value.detach() if net.decays(name) else 0)
            momentum[name] = gradient if momentum[name] is None else RECIPE["momentum"] * momentum[name] + gradient
            value.data.sub_(RECIPE["rate"] * momentum[name])
    return losses


def make(folder):
    import torch

    import make_goldens
    import safetensors_file

    for threshold, steps in VARIANTS:
        place = folder / f"threshold{threshold:g}_T{steps}"
        place.mkdir(parents=True, exist_ok=True)
        facts = dict(source="residual.rvb", settings=dict(WIDTHS, T=steps, threshold=threshold, pool=True), **RECIPE)
        x, labels = samples(facts)
        x, labels = torch.from_numpy(x).double(), torch.from_numpy(labels)
        all_losses, single_losses = {}, {}
        for seed in SEEDS:
            generator = torch.Generator().manual_seed(seed)
            net = make_goldens.build("residual", WIDTHS, threshold, "pool", first_values(generator))
            frames = x[:2].unsqueeze(0).expand(steps, *x[:2].shape)
            with torch.no_grad():
                net.forward(frames, training=False)  # declares every parameter
            start = {name: value.detach().numpy().copy() for name, value in net.values.items()}
            safetensors_file.write(place / f"start{seed}.safetensors", start)
            twin = make_goldens.in_single_precision(net)
            all_losses[str(seed)] = descend(net, x, labels, steps)
            single_losses[str(seed)] = descend(twin, x.float(), labels, steps)
        facts["losses"] = {seed: [float(f"{loss:.7g}") for loss in losses] for seed, losses in all_losses.items()}
        tails = [np.mean([losses[80:] for losses in group.values()]) for group in (all_losses, single_losses)]
        facts["single_precision_parts_by"] = abs(tails[1] / tails[0] - 1)
        (place / "training.json").write_text(json.dumps(facts) + "\n")
        first = max(abs(single_losses[s][i] / all_losses[s][i] - 1) for s in all_losses for i in range(5))
        print(
            f"{place.name}: steps 81 to 100: {tails[0]:.4f}, in single precision {tails[1]:.4f}; "
            f"largest difference in the first five {first:.1e}"
        )
