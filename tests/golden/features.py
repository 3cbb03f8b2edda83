"""The networks of features/*.rvb in PyTorch, straight from what the manual says of each feature. Each function gives the
layers of one network; `net` is a reference.Network, x is [T, N, C, H, W]."""
import pathlib

import torch
import torch.nn.functional as F

import safetensors_file
from reference import Step

TEACHER = pathlib.Path(__file__).resolve().parent / "features" / "teacher.safetensors"


class Fires(torch.autograd.Function):
    """1 where x >= 0; backwards a triangle."""

    @staticmethod
    def forward(context, x, width):
        context.save_for_backward(x)
        context.width = width
        return (x >= 0).to(x)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient * torch.relu(1 - x.abs() / context.width) / context.width, None


def learned(net, name, shape):
    return net.declare(name, shape, "learned")


def near(net, value, level):
    """A value that decides something at `level`."""
    net.margin = min(net.margin, (value - level).abs().min().item())


def at(net, x, name, channels, weights="real", bias=True):
    """linear over the channels of tokens [T, N, C, L]."""
    return net.linear(x.transpose(2, 3).flatten(0, 2)[None, :, :], name, channels, weights, bias).view(
        x.shape[0], x.shape[1], x.shape[3], channels).transpose(2, 3)  # fmt: skip


def gates(net, x):
    x = net.batchnorm(net.conv2d(x, "stem", 4, 3, 1, 1), "stem_bn")
    a, b, plane = learned(net, "gate.a", [1]), learned(net, "gate.b", [4]), learned(net, "gate.map", [1, 6, 6])
    top = net.linear(x.amax((3, 4)), "gate.squeeze", 4)
    gate = torch.sigmoid(a * x.mean((3, 4)) * top + b)
    x = x * gate[..., None, None] * torch.tanh(plane)
    y = net.batchnorm(net.conv2d(x, "conv", 4, 3, 1, 1, "alpha"), "conv_bn")
    u, spikes = torch.zeros_like(y[0]), []
    for current in y:
        near(net, current, -1)
        near(net, current, 1.5)
        u = 0.25 * u + current.clamp(-1, 1.5)
        near(net, u, 0.5)
        s = Fires.apply(u - 0.5, 0.8)
        spikes.append(s)
        u = u - s * 0.5
    y = torch.stack(spikes)
    near(net, x, 0)
    x = torch.where((y > 0.5) & (x > 0), x * 2 - y, -x / 4 + F.softplus(y))
    deviation = x.var((2, 3, 4), unbiased=False, keepdim=True).sqrt()
    total = x.sum(2, keepdim=True) / 3
    near(net, total, 1)
    near(net, total, -1)
    x = x / (1 + deviation) + total.clamp(-1, 1)
    return net.linear(x.flatten(2), "classifier", 5)


def attention(normal):
    def layers(net, x):
        x = net.conv2d(x, "patches", 8, 2, 2).flatten(3)
        x = x + learned(net, "position", [8, 9])
        q = net.reverb(at(net, x, "attention.q", 8, "alpha", False))
        k = net.reverb(at(net, x, "attention.k", 8, "alpha", False))
        v = at(net, x, "attention.v", 8)
        q, k, v = (each.unflatten(2, (2, 4)).transpose(3, 4) for each in (q, k, v))  # [T, N, heads, L, d]
        if normal:
            y = torch.softmax(q @ k.transpose(3, 4) / 2, -1) @ v
        else:
            y = q @ (k.transpose(3, 4) @ v) * 0.25
        y = y.transpose(3, 4).flatten(2, 3)
        x = x + at(net, y, "attention.project", 8)
        image = x.unflatten(3, (3, 3))
        x = torch.cat([image[..., :2], image.transpose(3, 4)[..., 1:]], 2)
        mixed = net.reverb(x.flatten(2).unflatten(2, (4, -1)))
        return net.linear(mixed.flatten(2), "classifier", 5)

    return layers


def over_time(readout):
    def layers(net, x):
        x = net.batchnorm(net.conv2d(x, "stem", 4, 3), "stem_bn")
        scale, offset = learned(net, "mixed.scale", [4]), learned(net, "mixed.offset", [4, 4])
        w = net.declare("mixed.steps.weight", [4, 4], "weight")
        y = torch.einsum("st,tnchw->snchw", w, x)
        step = [-1, 1, 1, 1, 1]
        x = x * torch.sigmoid(y) * scale.view(step) * scale.view(step) + offset[:, None, :, None, None]
        x = net.reverb(x)
        x = x * (1 + x.mean(0) - x.amax((0, 3, 4))[..., None, None])
        y = net.linear(x.flatten(2), "classifier", 5)
        # Network.forward takes the mean over time of what this gives
        if readout == "softmax":
            y = torch.softmax(y, 2).sum(0)
        elif readout == "last":
            y = y[-1] + y.var(0, unbiased=False)
        else:
            y = y.amax(0) - y[1]
        return y[None]

    return layers


def surrogate(net, x, kind, width):
    near(net, x, 0)
    return Step.apply(x, kind, width)


def adaptive(net, x, units):
    leak, a = learned(net, "hidden.leak", [units]), learned(net, "hidden.a", [units])
    v = net.weight("hidden.recurrent", [units, units], "alpha")
    u = w = s = torch.zeros_like(x[0])
    decay, spikes = torch.sigmoid(leak), []
    for current in x:
        w = 0.9 * w + a * u + 0.5 * s
        u = decay * (u - s) + (1 - decay) * (current + s @ v.T - w)
        s = surrogate(net, u - 0.25, "triangle", 1)
        spikes.append(s)
    return torch.stack(spikes)


def gated(net, x, channels):
    def conv(x, name, weights="real"):
        return net.conv2d(x[None], "gated." + name, channels, 3, 1, 1, weights)[0]

    h = torch.zeros_like(x[0, :, :1]).repeat(1, channels, 1, 1)
    y, emitted = torch.full_like(h, 0.5), []
    for current in x:
        z = torch.sigmoid(conv(current, "wz") + conv(y, "rz"))
        g = torch.tanh(conv(current, "wg") + conv(y, "rg", "binary"))
        c = z * h + (1 - z) * g
        o = surrogate(net, c - 0.2, "sigmoid", 0.5)
        h, y = c - o * 0.2, o * c
        emitted.append(y)
    return torch.stack(emitted)


def recurrent(net, x):
    x = net.pool(gated(net, x, 3), "average", 2).flatten(2)
    x = adaptive(net, net.linear(x, "project", 12), 12)
    return net.linear(x, "classifier", 5)


def student(net, x):
    x = net.reverb(net.batchnorm(net.conv2d(x, "conv", 4, 3, 1, 1, "alpha"), "bn"))
    net.spikes, net.probe = x, net.linear(x.mean((3, 4)), "probe", 3).mean(0)
    return net.linear(x.flatten(2), "classifier", 5)


def teacher(x):
    """The frozen network, [T, N, C, H, W] -> logits; its numbers are those of teacher.safetensors."""
    w = {name: torch.as_tensor(value).to(x.dtype) for name, value in safetensors_file.read(TEACHER).items()}
    y = F.conv2d(x.flatten(0, 1), w["conv.weight"], None, 1, 1)
    y = F.batch_norm(y, w["bn.running_mean"], w["bn.running_var"], w["bn.weight"], w["bn.bias"], False, 0.1, 1e-5)
    y = F.linear(torch.relu(y).flatten(1), w["classifier.weight"], w["classifier.bias"])
    return y.unflatten(0, x.shape[:2]).mean(0)


def make_teacher():
    generator = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(shape, generator=generator).numpy()

    values = {
        "conv.weight": 0.3 * normal(3, 2, 3, 3), "bn.weight": 1 + 0.2 * normal(3), "bn.bias": 0.2 * normal(3),
        "bn.running_mean": 0.1 * normal(3), "bn.running_var": abs(1 + 0.2 * normal(3)),
        "classifier.weight": 0.3 * normal(5, 108), "classifier.bias": 0.1 * normal(5),
    }  # fmt: skip
    safetensors_file.write(TEACHER, values)


def losses(net, logits, labels):
    known = teacher(net.input)
    p, q = torch.softmax(known / 2, 1), torch.log_softmax(logits / 2, 1)
    target = F.one_hot(labels, 5).to(logits.dtype)
    fired = torch.sigmoid(4 * (net.spikes - 0.5)).mean((0, 2, 3, 4)).mean()
    return (
        0.5 * torch.stack([F.cross_entropy(step, labels, label_smoothing=0.1) for step in net.steps]).mean()
        + (p * (p.log() - q)).sum(1).mean() * 4
        + 0.1 * (fired - 0.1) ** 2
        + 0.05 * ((target - logits) ** 2).mean()
        + 0.1 * (net.probe**2).mean()
    )


class Straight(torch.autograd.Function):
    """f(x); backwards g(x)."""

    @staticmethod
    def forward(context, x, f, g):
        context.save_for_backward(x)
        context.g = g
        return f(x)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient * context.g(x), None, None


def ones(x):
    return torch.ones_like(x)


def accumulated(net, x, name):
    """TAB: step t by the statistics of steps 0 to t, times a squared factor."""
    p = net.declare(name + ".step_scale", [x.shape[0]], "step_scale")
    steps = []
    for t in range(x.shape[0]):
        own = f"{name}.{t}"
        steps.append(net.normalise(x[: t + 1] if net.training else x[t : t + 1], own, False)[-1] * p[t] ** 2)
    return torch.stack(steps)


def methods(net, x):
    x = accumulated(net, net.conv2d(x, "conv", 4, 3, 1, 1), "tab")
    near(net, x, 0)
    near(net, x.abs(), 2)
    near(net, x, 1.5)
    near(net, x, -1)
    signs = Straight.apply(x, lambda v: torch.where(v >= 0, 1.0, -1.0).to(v), lambda v: (v.abs() <= 2).to(v))
    late = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
    x = net.pool(signs * x.clamp(-1, 1.5) + late, "average", 3).flatten(2)
    first = learned(net, "begins.first", [6])
    w = net.declare("begins.input.weight", [6, x.shape[2]], "weight")
    u, count, emitted = first.expand(x.shape[1], 6), 1, []
    for current in x:
        u = 0.5 * u + current @ w.T
        near(net, current, 0)
        count = count + torch.relu(current)
        near(net, u, 0)
        near(net, u, 1)
        levels = u.clamp(0, 1) * 4
        near(net, (levels - levels.floor()), 0.5)
        fired = Straight.apply(levels, torch.round, ones) / 4
        u = u - fired
        emitted.append(fired + count.mean(1, keepdim=True))
    x = torch.stack(emitted)
    near(net, (x * 3 - (x * 3).round()), 0)
    net.x = torch.cat([x, Straight.apply(x * 3, torch.floor, ones)], 2)
    return net.linear(net.x, "classifier", 5)


def method_losses(net, logits, labels):
    target = F.one_hot(labels, 5).to(logits.dtype)
    hinge = torch.relu(1 - (2 * target - 1) * logits)
    near(net, (2 * target - 1) * logits, 1)
    return (hinge**2).mean() + ((logits - target) ** 2).mean() + (torch.sigmoid(net.x).mean() - 0.3) ** 2


def numbers(net, x):
    x = net.reverb(net.batchnorm(net.conv2d(x, "conv", 4, 3, 1, 1, "alpha"), "bn"))
    return net.linear(x.flatten(2), "classifier", 5)


def layer_norm(net, x, name, axis, epsilon=1e-5):
    w, b = (net.declare(f"{name}.{role}", [x.shape[axis]], role) for role in ("weight", "bias"))
    return F.layer_norm(x.movedim(axis, -1), w.shape, w, b, epsilon).movedim(-1, axis)


def normalised(net, x):
    x = net.reverb(layer_norm(net, net.conv2d(x, "conv", 4, 3, 1, 1, "alpha"), "ln", 2))
    return net.linear(layer_norm(net, x.flatten(2), "last", 2, 0.01), "classifier", 5)


def number_losses(net, returned, wanted):
    near(net, returned - wanted, 0)
    return ((net.steps - wanted) ** 2).mean() + 0.3 * (returned - wanted).abs().mean()


LOSSES = {"losses": losses, "methods": method_losses, "numbers": number_losses}
REGRESSIONS = {"numbers"}  # their labels are numbers


def synapses(kind):
    def layers(net, x):
        def spike(x, name):
            return net.reverb(net.batchnorm(x, name + "_bn") if name else x)

        x = spike(net.conv2d(x, "stem", 4, 3, 1, 1), "stem")
        x = spike(net.conv2d(x, "deep", 4, 3, 1, 1, kind, groups=4), "")
        x = spike(net.conv2d(x, "twice", 8, 3, 1, 1, kind, groups=4), "")
        x = x + spike(net.conv2d(x, "wide", 8, 7, 1, 3, kind, groups=8), "")
        x = spike(net.conv2d(x, "grouped", 6, 3, 2, (2, 1), kind, groups=2, dilation=(2, 1)), "grouped")
        x = spike(net.conv2d(x, "apart", 6, 3, 1, 2, kind, dilation=2), "apart")
        return net.linear(x.flatten(2), "classifier", 5)

    return layers


def conv1d(net, x, name, channels, kernel, weights="real", padding=(0, 0)):
    """Over the last axis of [N, C, L]."""
    w = net.weight(name, [channels, x.shape[1], kernel], weights)
    return F.conv1d(F.pad(x, padding), w)


def lines(net, x):
    x = net.reverb(net.batchnorm(net.conv2d(x, "stem", 4, 3, 1, 1), "stem_bn"))
    mean = x.mean((3, 4))  # [T, N, C]
    p = conv1d(net, mean.transpose(0, 1), "across", 3, 4, padding=(1, 2)).transpose(0, 1)
    q = conv1d(net, mean.permute(1, 2, 0), "along", 4, 4, "alpha", padding=(1, 2)).permute(2, 0, 1)
    x = x * torch.sigmoid(p * q)[..., None, None]
    w, b = net.declare("grow.weight", [4, 3, 4, 3], "weight"), net.declare("grow.bias", [3], "bias")
    grown = F.conv_transpose2d(x.flatten(0, 1), w, b, (2, 2), (1, 0), (0, 1)).unflatten(0, x.shape[:2])
    larger = F.interpolate(x.flatten(0, 1), scale_factor=2).unflatten(0, x.shape[:2])
    larger = net.conv2d(larger, "larger", 3, 3, 1, (1, 2), "alpha")
    tokens = (grown + larger).flatten(3)
    y = conv1d(net, tokens.flatten(0, 1), "line", 4, 5, "ternary").unflatten(0, x.shape[:2])
    return net.linear(net.reverb(y).flatten(2), "classifier", 5)


# name, source, settings, layers, T, shape of a frame
CASES = [
    ("gates", "gates", {}, gates, 3, [2, 6, 6]),
    ("attention", "attention", {}, attention(True), 2, [3, 6, 6]),
    ("attention_linear", "attention", {"normal": False}, attention(False), 2, [3, 6, 6]),
    ("recurrent", "recurrent", {}, recurrent, 5, [2, 6, 6]),
    ("time", "time", {}, over_time("softmax"), 4, [2, 5, 5]),
    ("time_last", "time", {"readout": "last"}, over_time("last"), 4, [2, 5, 5]),
    ("time_max", "time", {"readout": "max"}, over_time("max"), 4, [2, 5, 5]),
    ("losses", "losses", {}, student, 2, [2, 6, 6]),
    ("methods", "methods", {}, methods, 3, [2, 6, 6]),
    ("synapses", "synapses", {"kind": "real"}, synapses("real"), 3, [2, 6, 6]),
    ("synapses_binary", "synapses", {"kind": "binary(alpha)"}, synapses("alpha"), 3, [2, 6, 6]),
    ("synapses_ternary", "synapses", {"kind": "ternary(alpha)"}, synapses("ternary(alpha)"), 3, [2, 6, 6]),
    ("lines", "lines", {}, lines, 3, [2, 5, 5]),
    ("numbers", "numbers", {}, numbers, 2, [2, 6, 6]),
    ("normalised", "normalised", {}, normalised, 2, [2, 6, 6]),
]
