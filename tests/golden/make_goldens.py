#!/usr/bin/python3
"""Makes the golden tensors of this folder with PyTorch (Debian 12: python3-torch 1.13).

    ./make_goldens.py            writes cases/, interpreted/ (held against the interpreter alone) and training/
    ./make_goldens.py --check    checks the PyTorch side itself: finite differences, invariance in time

Everything is computed in double precision from values that single precision holds exactly, and stored rounded to single.
A case is kept only when single precision cannot go astray in it:
  * no neuron's membrane, in inference or in training mode, is nearer to its threshold than MARGIN;
  * PyTorch in single precision agrees with it to a fifth (networks of the standard library: a half) of the tolerance
    that compare.py allows;
  * no tensor is so small as a whole that a relative comparison would compare rounding errors.
"""
import argparse
import json
import pathlib
import sys

import numpy as np
import torch

import features
import methods
import networks
import reference
import safetensors_file
from compare import GRADIENT_TOLERANCE, LOGIT_TOLERANCE, relative_difference

HERE = pathlib.Path(__file__).resolve().parent
MARGIN = 1e-4
NETWORK_MARGIN = 1e-5  # thousands of membranes, some always near their threshold
SMALL = dict(channels=3, height=8, width=12, narrow=4, middle=6, wide=8, classes=5)

#        network, sequence, threshold, T, readout
CASES = [
    ("residual", False, 0, 1, "pool"),
    ("residual", False, 0, 4, "flatten"),
    ("residual", False, 0.25, 1, "flatten"),
    ("residual", False, 0.25, 2, "pool"),
    ("residual", False, 0.25, 4, "pool"),
    ("residual", False, 0.25, 6, "flatten"),
    ("residual", True, 0, 2, "pool"),
    ("residual", True, 0, 6, "flatten"),
    ("residual", True, 0.25, 1, "pool"),
    ("residual", True, 0.25, 4, "flatten"),
    ("residual", True, 0.25, 6, "pool"),
    ("plain", False, 0, 2, "flatten"),
    ("plain", False, 0.25, 4, "flatten"),
]


def case_name(network, sequence, threshold, steps, readout):
    return f"{network}_{'moving' if sequence else 'still'}_threshold{threshold:g}_T{steps}_{readout}"


def single(value):
    """Rounds to values that single precision holds."""
    return torch.as_tensor(value).float().double()


def wild_values(generator, dead=1):
    """Parameters that reach the corners: negative and zero gammas and alphas, latent weights at and beyond the
    straight-through window, and the two zeros. `dead` is the channel whose gamma and alpha are 0; deep networks would
    lose half of their two channels in every layer and keep theirs alive (None)."""

    def make(name, shape, kind):
        normal = torch.randn(shape, generator=generator, dtype=torch.double)
        uniform = torch.rand(shape, generator=generator, dtype=torch.double)
        if kind == "latent":
            value = 0.7 * normal
            value.view(-1)[:4] = torch.tensor([0.0, -0.0, 1.0, -1.0], dtype=torch.double)
        elif kind == "alpha":
            value = (0.4 + uniform) * torch.sign(normal)
            value.view(-1)[0] = -value.view(-1)[0].abs()
            if dead is not None:
                value.view(-1)[dead] = 0
        elif kind == "gamma":
            value = (0.5 + uniform) * torch.sign(normal + 0.5)
            value.view(-1)[-1] = -value.view(-1)[-1].abs()
            if dead is not None:
                value.view(-1)[dead] = 0
        elif kind == "step_scale":
            value = 0.6 + uniform
        elif kind == "leak":
            value = -1.1 + 0.5 * normal
        elif kind == "decay":
            value = 0.93 + 0.07 * uniform
        elif kind == "level":
            value = 0.2 + 0.3 * uniform
        elif kind == "beta":
            value = 0.3 * normal + 0.1
        elif kind == "running_mean":
            value = torch.zeros(shape, dtype=torch.double)
        elif kind == "running_variance":
            value = torch.ones(shape, dtype=torch.double)
        elif kind == "learned":
            value = 0.7 + 0.5 * normal
        elif kind == "bias":
            value = 0.2 * normal
        else:  # a real weight
            value = 0.4 * normal
        value = single(value)
        return value if kind.startswith("running") else value.requires_grad_()

    return make


def build(network, widths, threshold, readout, make):
    layers = getattr(reference, network)([widths["narrow"], widths["middle"], widths["wide"]], widths["classes"], readout)
    return reference.Network(layers, threshold, make)


def settle_running_statistics(net, x, generator):
    """Running statistics near what the network sees, but not equal to it: folding must use them, not ones and zeros."""
    with torch.no_grad():
        for _ in range(60):
            net.forward(x, training=True)
        for name, kind in net.kinds.items():
            value = net.values[name]
            stir = torch.rand(value.shape, generator=generator, dtype=torch.double)
            if kind == "running_variance":
                value.copy_(single(value * (0.7 + 0.6 * stir) + 0.01))
            elif kind == "running_mean":
                value.copy_(single(value + 0.2 * (stir - 0.5)))


def loss_of(net, logits, labels):
    if getattr(net, "own_loss", None):
        return net.own_loss(net, logits, labels)
    if getattr(net, "tet", None):
        return reference.tet_loss(net.steps, labels, *net.tet)
    return reference.loss(logits, labels, getattr(net, "smoothing", 0))


def gradients(net, x, labels):
    """Loss and gradients in training mode; running statistics are left as they were."""
    kept = {name: net.values[name].clone() for name, kind in net.kinds.items() if kind.startswith("running")}
    for name in net.trainable():
        net.values[name].grad = None
    loss = loss_of(net, net.forward(x, training=True), labels)
    loss.backward()
    after = {name: net.values[name].clone() for name in kept}
    for name, value in kept.items():
        net.values[name].copy_(value)
    return loss.item(), {name: net.values[name].grad.clone() for name in net.trainable()}, after


def in_single_precision(net):
    """The same network with the same values, computed in single precision."""
    twin = reference.Network(net.layers, net.threshold, None)
    twin.kinds = dict(net.kinds)
    for setting in ("neuron", "scale", "scaled_steps", "separate_steps", "tet", "smoothing", "own_loss"):
        if hasattr(net, setting):
            setattr(twin, setting, getattr(net, setting))
    for name, value in net.values.items():
        twin.values[name] = value.detach().float().clone().requires_grad_(value.requires_grad)
    return twin


def try_case(case, seed):
    network, sequence, threshold, steps, readout = case
    generator = torch.Generator().manual_seed(seed)
    shape = [3, SMALL["channels"], SMALL["height"], SMALL["width"]]
    x = single(torch.randn(([steps] if sequence else []) + shape, generator=generator, dtype=torch.double))
    frames = x if sequence else x.unsqueeze(0).expand(steps, *shape)
    labels = torch.randint(0, SMALL["classes"], [shape[0]], generator=generator)
    net = build(network, SMALL, threshold, readout, wild_values(generator))
    settings = dict(SMALL, T=steps, threshold=threshold)
    if network == "residual":
        settings["pool"] = readout == "pool"
    source = network + ("_sequence" if sequence else "") + ".rvb"
    return judge(net, x, frames, labels, generator, MARGIN, {"source": source, "settings": settings, "seed": seed})


def try_network(case, seed):
    """A network of the standard library (networks.py)."""
    _, layers, file, settings, sequence, steps, shape = case
    generator = torch.Generator().manual_seed(seed)
    x = single(torch.randn(([steps] if sequence else []) + shape + shape[-1:], generator=generator, dtype=torch.double))
    frames = x if sequence else x.unsqueeze(0).expand(steps, *x.shape)
    classes = 3 if file == "scnn" else 7
    labels = torch.randint(0, classes, shape[:1], generator=generator)
    threshold = 0.25 if sequence else 0
    net = reference.Network(layers, threshold, wild_values(generator, dead=None))
    settings = dict(settings, T=steps, classes=classes, size=shape[-1], threshold=threshold)
    facts = {"source": f"../../stdlib/networks/{file}.rvb", "settings": settings, "seed": seed}
    return judge(net, x, frames, labels, generator, NETWORK_MARGIN, facts)


def try_variant(case, seed):
    """variants.rvb with one thing changed."""
    _, settings, sequence, weights, changes = case
    generator = torch.Generator().manual_seed(seed)
    x = single(torch.randn(([3] if sequence else []) + [3, 2, 6, 6], generator=generator, dtype=torch.double))
    frames = x if sequence else x.unsqueeze(0).expand(3, *x.shape)
    labels = torch.randint(0, 5, [3], generator=generator)
    net = reference.Network(reference.variants(4, 5, weights), 0.25, wild_values(generator))
    for name, value in changes.items():
        setattr(net, name, value)
    facts = {"source": "variants.rvb", "settings": dict(settings, sequence=sequence), "seed": seed}
    found = judge(net, x, frames, labels, generator, MARGIN, facts)
    return found if net.ternary_margin > 1e-5 else None


def try_feature(case, seed):
    """A network of features/."""
    _, source, settings, layers, steps, shape = case
    generator = torch.Generator().manual_seed(seed)
    x = single(torch.randn([steps, 3] + shape, generator=generator, dtype=torch.double))
    labels = torch.randint(0, 5, [3], generator=generator)
    if source in features.REGRESSIONS:
        labels = single(torch.randn([3, 5], generator=generator, dtype=torch.double))
    # A depthwise channel whose alpha is 0 would be constant, which the next batch normalisation cannot stand.
    dead = None if source == "synapses" else 1
    net = reference.Network(layers, 0.25, wild_values(generator, dead))
    net.own_loss = features.LOSSES.get(source)
    facts = {"source": f"features/{source}.rvb", "settings": settings, "seed": seed}
    found = judge(net, x, x, labels, generator, MARGIN, facts)
    return found if net.ternary_margin > 1e-5 else None


def try_method(case, seed):
    """A network of the standard library after another method's paper (methods.py)."""
    _, layers, file, settings, sequence, steps, shape = case
    generator = torch.Generator().manual_seed(seed)
    x = single(torch.randn(([steps] if sequence else []) + shape, generator=generator, dtype=torch.double))
    frames = x if sequence else x.unsqueeze(0).expand(steps, *x.shape)
    labels = torch.randint(0, 7, shape[:1], generator=generator)
    threshold = 0 if file == "agmm" else 0.25
    net = reference.Network(layers, threshold, wild_values(generator, dead=None))
    net.own_loss = methods.LOSSES.get(case[0])
    settings = dict(settings, T=steps, classes=7)
    facts = {"source": f"../../stdlib/networks/{file}.rvb", "settings": settings, "seed": seed}
    if case[0] in methods.UNFOLDED:
        facts["unfolded"] = True
    return judge(net, x, frames, labels, generator, NETWORK_MARGIN, facts, methods.CANCELLED.get(file, ()))


# name, settings of variants.rvb, sequence, weights, what reference.Network is told
LIF = dict(kind="lif", threshold=0.5)
VARIANTS = [
    ("vanilla", dict(weights="real", spike="lif"), True, "real", dict(neuron=LIF)),
    ("vanilla_still", dict(weights="real", spike="lif"), False, "real", dict(neuron=LIF)),
    ("reverb", dict(weights="binary"), True, "binary", {}),
    ("ternary", dict(weights="ternary"), True, "ternary", {}),
    ("ternary_alpha", dict(weights="ternary(alpha)"), True, "ternary(alpha)", {}),
    ("ternary_still", dict(weights="ternary(alpha)", spike="reverb"), False, "ternary(alpha)", dict(threshold=0)),
    ("soft_reset", dict(spike="lif_soft"), True, "alpha", dict(neuron=dict(LIF, reset="soft"))),
    ("triangle", dict(spike="lif(surrogate = triangle, width = 0.8)"), True, "alpha",
     dict(neuron=dict(LIF, surrogate="triangle", width=0.8))),
    ("arctangent", dict(spike="lif(surrogate = arctangent, width = 2)"), True, "alpha",
     dict(neuron=dict(LIF, surrogate="arctangent", width=2))),
    ("sigmoid", dict(spike="lif_soft(surrogate = sigmoid, width = 0.25)"), True, "alpha",
     dict(neuron=dict(LIF, reset="soft", surrogate="sigmoid", width=0.25))),
    ("smoothing", dict(smoothing=0.1), True, "alpha", dict(smoothing=0.1)),
    ("tet", dict(loss="tet"), True, "alpha", dict(tet=(0.05, 0.5))),
    ("tet_still", dict(loss="tet", spike="reverb", smoothing=0.2), False, "alpha", dict(threshold=0, tet=(0.05, 0.5, 0.2))),
    ("tdbn", dict(scale=0.5), True, "alpha", dict(scale=0.5)),
    ("tebn", dict(time="scaled"), True, "alpha", dict(scaled_steps=True)),
    ("tebn_still", dict(time="scaled", spike="reverb"), False, "alpha", dict(threshold=0, scaled_steps=True)),
    ("lif_learned", dict(spike="lif_learned(surrogate = triangle)"), True, "alpha",
     dict(neuron=dict(LIF, learned="layer", surrogate="triangle"))),
    ("lif_learned_channel", dict(spike="lif_learned(each = channel, surrogate = sigmoid)"), True, "alpha",
     dict(neuron=dict(LIF, learned="channel", surrogate="sigmoid"))),
    ("reverb_learned", dict(spike="reverb_learned(each = channel, surrogate = triangle)"), True, "alpha",
     dict(neuron=dict(learned="channel", surrogate="triangle"))),
    ("bntt", dict(time="separate"), True, "alpha", dict(separate_steps=True)),
    ("bntt_still", dict(time="separate", spike="reverb"), False, "alpha", dict(threshold=0, separate_steps=True)),
]  # fmt: skip


def judge(net, x, frames, labels, generator, least_margin, facts, cancelled=()):
    """Everything that is stored of a case, or nothing when single precision could go astray in it."""
    settle_running_statistics(net, frames, generator)

    with torch.no_grad():
        logits = net.forward(frames, training=False)
    margin = net.margin
    loss, grads, after = gradients(net, frames, labels)
    grads = {name: gradient for name, gradient in grads.items() if not name.endswith(cancelled)}
    margin = min(margin, net.margin)
    if margin < least_margin:
        return None
    twin = in_single_precision(net)
    with torch.no_grad():
        logit_error = relative_difference(twin.forward(frames.float(), training=False), logits)
    _, twin_grads, _ = gradients(twin, frames.float(), labels)
    for name, gradient in grads.items():
        if gradient.abs().max() < 1e-13:  # a bias before BatchNorm: its gradient is 0, and comes out as rounding errors
            gradient.zero_()
    errors = {name: relative_difference(twin_grads[name], grads[name]) for name in grads}
    smallest = min(gradient.abs().max().item() for gradient in grads.values() if gradient.any())
    share = 5 if least_margin == MARGIN else 2  # deep networks take a larger share of the tolerance
    if logit_error > LOGIT_TOLERANCE / share or max(errors.values()) > GRADIENT_TOLERANCE / share or smallest < 1e-4:
        return None
    facts = {
        **facts,
        "loss": loss,
        "smallest_margin": margin,
        "single_precision_logits": logit_error,
        "single_precision_gradients": max(errors.values()),
    }
    return facts, x, labels, net, logits, grads, after


def write_case(name, found, folder):
    facts, x, labels, net, logits, grads, after = found
    folder = HERE / folder / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.json").write_text(json.dumps(facts, indent=2) + "\n")
    np.save(folder / "x.npy", x.numpy().astype("<f4"))
    np.save(folder / "labels.npy", labels.numpy().astype("<f4" if labels.is_floating_point() else "<i8"))
    np.save(folder / "logits.npy", logits.numpy().astype("<f4"))
    values = {name: value.detach().numpy() for name, value in net.values.items()}
    safetensors_file.write(folder / "weights.safetensors", values)
    safetensors_file.write(folder / "gradients.safetensors", {name: grad.numpy() for name, grad in grads.items()})
    safetensors_file.write(folder / "statistics.safetensors", {name: value.numpy() for name, value in after.items()})


def make(name, attempt, case, first_seed, folder="cases"):
    for seed in range(first_seed, first_seed + 1000):
        found = attempt(case, seed)
        if found is not None:
            break
    else:
        sys.exit(f"{name}: no seed gives a case that is safe in single precision")
    write_case(name, found, folder)
    facts = found[0]
    print(
        f"{name:48} seed {seed:6}  margin {facts['smallest_margin']:.1e}  in single precision: "
        f"logits {facts['single_precision_logits']:.1e}  gradients {facts['single_precision_gradients']:.1e}",
        flush=True,
    )


def make_cases():
    for number, case in enumerate(CASES):
        make(case_name(*case), try_case, case, 1000 * number)


def make_networks():
    for number, case in enumerate(networks.CASES):
        make("network_" + case[0], try_network, case, 1000 * number)


def make_variants():
    for number, case in enumerate(VARIANTS):
        make("variant_" + case[0], try_variant, case, 1000 * number)


def make_features():
    for number, case in enumerate(features.CASES):
        make("feature_" + case[0], try_feature, case, 1000 * number)


def make_methods(only):
    for number, case in enumerate(methods.CASES):
        if only and case[0] != only:
            continue
        folder = "cases" if case[0] in methods.COMPILED else "interpreted"
        make("method_" + case[0], try_method, case, 1000 * number, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", choices=["cases", "networks", "variants", "features", "methods", "training"])
    parser.add_argument("--name", help="one of the methods")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.check:
        import check_reference

        check_reference.run()
        return
    if options.only in (None, "cases"):
        make_cases()
    if options.only in (None, "networks"):
        make_networks()
    if options.only in (None, "variants"):
        make_variants()
    if options.only in (None, "features"):
        make_features()
    if options.only in (None, "methods"):
        make_methods(options.name)
    if options.only in (None, "training"):
        import training

        training.make(HERE / "training")


if __name__ == "__main__":
    main()
