"""The networks of the methods that the paper compares itself with, in PyTorch, straight from the published equations
and codes and not from the .rvb files, narrow and on small inputs. Each function gives the layers of one network; `net` is a
reference.Network, x is [T, N, ...]. `weights` and `spike` are what the variant has: real weights and the method's own
spikes, or signs and real spikes."""
import math

import torch
import torch.nn.functional as F

from features import accumulated, at, conv1d, learned, near
from reference import Step


def surrogate(net, x, kind, width):
    near(net, x, 0)
    if kind == "rectangle":
        near(net, x.abs(), width / 2)
    return Step.apply(x, kind, width)


class Own(torch.autograd.Function):
    """A value with a gradient that was computed for it."""

    @staticmethod
    def forward(context, x, value, slope):
        context.save_for_backward(slope)
        return value

    @staticmethod
    def backward(context, gradient):
        (slope,) = context.saved_tensors
        return gradient * slope, None, None


def spikingjelly_lif(net, x, threshold=1, counts=False):
    """tau = 2, decay_input, hard reset without a gradient, sigmoid of alpha = 4. Of counts, sums are exact in any
    precision, and the threshold may be met."""
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        m = v + (current - v) / 2
        if not counts:
            near(net, m, threshold)
        s = Step.apply(m - threshold, "sigmoid", 1 / 4)
        v = (1 - s.detach()) * m
        spikes.append(s)
    return torch.stack(spikes)


def conv(net, x, name, channels, kernel=3, stride=1, weights="real", bias=False):
    return net.conv2d(x, name, channels, kernel, stride, kernel // 2, weights, bias)


def project(net, x, name, channels, spike, weights, bias):
    return spike(net.batchnorm(at(net, x, name + ".linear", channels, weights, bias), name + ".bn"))


def heads_of(x, heads):
    """Tokens [T, N, C, L] as [T, N, h, L, d]."""
    return x.unflatten(2, (heads, -1)).transpose(3, 4)


def merged(x):
    return x.transpose(3, 4).flatten(2, 3)


class Variant:
    def __init__(self, published):
        self.weights = "real" if published else "alpha"
        self.published = published

    def spike(self, net):
        return (lambda x: spikingjelly_lif(net, x)) if self.published else net.reverb

    def attend(self, net):
        return (lambda x: spikingjelly_lif(net, x, 0.5, True)) if self.published else net.reverb


def ssa(net, x, name, heads, scale, bias, variant):
    channels = x.shape[2]
    mask, spike = (lambda y: spikingjelly_lif(net, y)), variant.spike(net)
    q, k, v = (
        project(net, x, f"{name}.{part}", channels, neuron, variant.weights, bias)
        for part, neuron in (("q", mask), ("k", mask), ("v", spike))
    )
    # heads as the code has them: channel c belongs to head c / d
    q, k, v = heads_of(q, heads), heads_of(k, heads), heads_of(v, heads)
    y = (q @ k.transpose(3, 4)) @ v * scale
    y = variant.attend(net)(merged(y))
    return project(net, y, name + ".project", channels, spike, variant.weights, True)


def qkta(net, x, name, heads, variant):
    channels = x.shape[2]
    mask, spike = (lambda y: spikingjelly_lif(net, y)), variant.spike(net)
    q = project(net, x, name + ".q", channels, mask, variant.weights, False)
    k = project(net, x, name + ".k", channels, spike, variant.weights, False)
    passes = spikingjelly_lif(net, heads_of(q, heads).sum(4, keepdim=True), 0.5, True)
    return project(net, merged(passes * heads_of(k, heads)), name + ".project", channels, spike, variant.weights, True)


def mlp(net, x, name, ratio, variant):
    y = project(net, x, name + ".expand", ratio * x.shape[2], variant.spike(net), variant.weights, True)
    return project(net, y, name + ".project", x.shape[2], variant.spike(net), variant.weights, True)


def spikformer(width, depth, heads, ratio, classes, published, events=False):
    variant = Variant(published)

    def layers(net, x):
        spike = variant.spike(net)
        for i, part in enumerate((8, 4, 2, 1)):
            x = conv(net, x, f"patch.{i}", width // part, weights=variant.weights if i else "real")
            x = spike(net.batchnorm(x, f"patch_bn.{i}"))
            if events or i > 1:
                x = net.pool(x, "maximum", 3, 2, 1)
        x = x + spike(net.batchnorm(conv(net, x, "position", width, weights=variant.weights), "position_bn"))
        x = x.flatten(3)
        for i in range(depth):
            x = x + ssa(net, x, f"attention.{i}", heads, 0.25 if events else 0.125, not events, variant)
            x = x + mlp(net, x, f"mlp.{i}", ratio, variant)
        return net.linear(x.mean(3), "classifier", classes)

    return layers


def qkformer(width, heads, ratio, classes, published, events=False):
    variant = Variant(published)

    def layers(net, x):
        spike = variant.spike(net)

        def unit(x, name, channels, kernel=3, stride=1, pooled=False, weights=variant.weights):
            y = net.batchnorm(conv(net, x, name + ".conv", channels, kernel, stride, weights), name + ".bn")
            return spike(net.pool(y, "maximum", 3, 2, 1) if pooled else y)

        def embed(x, name, channels):
            y = unit(unit(x, name + ".conv1", channels), name + ".conv2", channels, pooled=True)
            return y + unit(x, name + ".shortcut", channels, 1, 2)

        def stage(x, name, linear):
            tokens = x.flatten(3)
            if linear:
                tokens = tokens + qkta(net, tokens, name + ".attention", heads, variant)
            else:
                tokens = tokens + ssa(net, tokens, name + ".attention", heads, 0.125, False, variant)
            return (tokens + mlp(net, tokens, name + ".mlp", ratio, variant)).view(x.shape)

        if events:
            f = unit(unit(x, "patch1", width // 16, weights="real"), "patch2", width // 8, pooled=True)
            x = unit(unit(f, "patch3", width // 4, pooled=True), "patch4", width // 2, pooled=True)
            x = stage(x + unit(f, "patch_shortcut", width // 2, 1, 4), "stage1", True)
            x = stage(embed(x, "embed2", width), "stage2", False)
        else:
            x = unit(x, "patch", width // 8, weights="real")
            x = unit(x, "embed1", width // 4) + unit(x, "embed1_shortcut", width // 4, 1)
            x = stage(x, "stage1", True)
            x = stage(embed(x, "embed2", width // 2), "stage2", True)
            x = embed(x, "embed3", width)
            x = stage(stage(x, "stage3", False), "stage4", False)
        return net.linear(x.mean((3, 4)), "classifier", classes)

    return layers


def egru(units, classes, weights):
    def layers(net, x):
        inputs = {gate: net.linear(x, f"egru.w{gate}", units) for gate in "zrg"}
        level = learned(net, "egru.level", [units])
        h = y = torch.zeros_like(inputs["z"][0])
        emitted = []
        for t in range(x.shape[0]):
            again = {gate: net.linear(y[None], f"egru.r{gate}", units, weights)[0] for gate in "zrg"}
            z = torch.sigmoid(inputs["z"][t] + again["z"])
            r = torch.sigmoid(inputs["r"][t] + again["r"])
            g = torch.tanh(inputs["g"][t] + r * again["g"])
            c = z * h + (1 - z) * g
            above = c - level
            near(net, above, 0)
            near(net, above.abs(), 1)
            o = Own.apply(above, (above >= 0).to(c), 0.7 * torch.relu(1 - above.detach().abs()))
            y, h = o * c, c - o * level
            emitted.append(y)
        return net.linear(torch.stack(emitted), "classifier", classes)

    return layers


def clamped(net, name, units, low, high):
    value = net.declare(name, [units], "decay" if low > 0 else "learned")
    near(net, value, low)
    near(net, value, high)
    return value.clamp(low, high)


def radlif(width, classes, weights, threshold):
    def layers(net, x):
        def normal(x, name):
            return net.batchnorm(x, name, momentum=0.05)

        current = normal(net.linear(x, "input.0", width, "real", False), "bn.0")
        alpha = clamped(net, "hidden.0.alpha", width, math.exp(-1 / 5), math.exp(-1 / 25))
        beta = clamped(net, "hidden.0.beta", width, math.exp(-1 / 30), math.exp(-1 / 120))
        a, b = clamped(net, "hidden.0.a", width, -1, 1), clamped(net, "hidden.0.b", width, 0, 2)
        u = w = s = torch.zeros_like(current[0])
        spikes = []
        for now in current:
            w = beta * w + a * u + b * s
            again = net.linear(s[None], "hidden.0.recurrent", width, weights, False)[0]
            u = alpha * (u - s) + (1 - alpha) * (now + again - w)
            if weights == "real":
                s = surrogate(net, u - threshold, "rectangle", 1)
            else:
                near(net, u, threshold)
                s = torch.where(u >= threshold, u, torch.zeros_like(u))
            spikes.append(s)
        x = normal(net.linear(torch.stack(spikes), "classifier", classes, "real", False), "classifier_bn")
        alpha = clamped(net, "readout.alpha", classes, math.exp(-1 / 5), math.exp(-1 / 25))
        u, total = torch.zeros_like(x[0]), 0
        for now in x:
            u = alpha * u + (1 - alpha) * now
            total = total + torch.softmax(u, 1)
        return total[None]

    return layers


def current_lif(width, classes, weights, slope):
    synapse, membrane = math.exp(-1 / 5), math.exp(-1 / 10)

    def layers(net, x):
        drive = net.linear(x, "input", width, "real", False)
        i = u = s = torch.zeros_like(drive[0])
        spikes = []
        for now in drive:
            last = s
            u, i = membrane * u + i - last.detach(), (
                synapse * i + now + net.linear(last[None], "hidden.recurrent", width, weights, False)[0]
            )
            near(net, u, 1)
            s = Own.apply(u, (u > 1).to(u), 1 / (slope * (u.detach() - 1).abs() + 1) ** 2)
            spikes.append(s)
        x = net.linear(torch.stack(spikes), "classifier", classes, "real", False)
        i = u = torch.zeros_like(x[0])
        membranes = []
        for now in x:
            u, i = membrane * u + i, synapse * i + now
            membranes.append(u)
        membranes = torch.stack(membranes)
        first, second = membranes.topk(2, 0).values
        near(net, (first - second)[first != second], 0)  # before the first spike all are 0
        return membranes.amax(0)[None]

    return layers


def binaryconnect(width, hidden, classes, weights):
    def relu(net, x, name):
        y = net.batchnorm(x, name + ".bn")
        near(net, y, 0)
        return torch.relu(y)

    def layers(net, x):
        for i, factor in enumerate([1, 1, 2, 2, 4, 4]):
            x = relu(net, conv(net, x, f"conv.{i}", factor * width, weights=weights, bias=True), f"unit.{i}")
            if i % 2 == 1:
                x = net.pool(x, "maximum", 2)
        x = x.flatten(2)
        for i in range(2):
            x = relu(net, net.linear(x, f"hidden.{i}", hidden, weights), f"hidden_unit.{i}")
        return net.batchnorm(net.linear(x, "classifier", classes, weights), "classifier_bn")

    return layers


def squared_hinge(net, logits, labels):
    sign = 2 * F.one_hot(labels, logits.shape[1]).to(logits) - 1
    return torch.relu(1 - sign * logits).square().mean()


def resnet19(width, classes, weights, spike):
    """`spike(net, x, name)` stands where ResNet19 has its neurons."""

    def block(net, x, name, channels, stride):
        y = net.batchnorm(conv(net, x, name + ".conv1", channels, 3, stride, weights), name + ".bn1")
        y = conv(net, spike(net, y, name + ".spike1"), name + ".conv2", channels, weights=weights)
        y = net.batchnorm(y, name + ".bn2")
        if stride != 1 or x.shape[2] != channels:
            x = net.batchnorm(conv(net, x, name + ".shortcut", channels, 1, stride, weights), name + ".shortcut_bn")
        return spike(net, y + x, name + ".spike2")

    def layers(net, x):
        x = spike(net, net.batchnorm(conv(net, x, "stem", width), "stem_bn"), "stem_spike")
        for stage, count in enumerate([3, 3, 2]):
            for i in range(count):
                x = block(net, x, f"layer.{stage}.{i}", width << stage, 2 if stage > 0 and i == 0 else 1)
        return net.linear(x.mean((3, 4)), "classifier", classes)

    return layers


def gated(net, x, name):
    """AGMM: x * alpha[t] * sigmoid(mean over space), then the neuron."""
    alpha = learned(net, name + ".gate.factor", [x.shape[0]])
    return net.reverb(x * (alpha.view(-1, 1, 1, 1, 1) * torch.sigmoid(x.mean((3, 4), keepdim=True))))


class Quanta(torch.autograd.Function):
    """n = clip(floor(m / size), 0, 4); 1 / size inside and exponential tails; the size like a learned step size."""

    @staticmethod
    def forward(context, m, size):
        context.save_for_backward(m, size)
        return (m / size).floor().clamp(0, 4)

    @staticmethod
    def backward(context, gradient):
        m, size = context.saved_tensors
        inside = (m >= 0) & (m <= 4 * size)
        distance = torch.where(m < 0, -m, m - 4 * size) / size
        slope = torch.where(inside, torch.ones_like(m), torch.exp(-2 * distance)) / size
        by_size = torch.where(inside, -m / size**2, torch.zeros_like(m))
        return gradient * slope, (gradient * by_size).sum().view(1)


def burst(net, x, name):
    size = net.declare(name + ".size", [1], "level")
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        m = 0.25 * v + current
        for k in range(1, 5):
            near(net, m, k * size)
        n = Quanta.apply(m, size)
        spikes.append(size * n)
        v = m - size * n
    return torch.stack(spikes)


def above(net, x):
    """1 above the threshold, not at it; a triangle backwards."""
    near(net, x, 0)
    near(net, x.abs(), 1)
    return Own.apply(x, (x > 0).to(x), torch.relu(1 - x.detach().abs()))


def tab(width, hidden, classes):
    """VGG9; LIF of tau = .9, its reset not detached; nothing between the two linear layers."""

    def layers(net, x):
        for i, factor in enumerate([1, 1, 2, 2, 4, 4, 4]):
            x = accumulated(net, conv(net, x, f"conv.{i}", factor * width), f"bn.{i}")
            v, spikes = torch.zeros_like(x[0]), []
            for current in x:
                m = 0.9 * v + current
                s = above(net, m - 1)
                v = (1 - s) * m
                spikes.append(s)
            x = torch.stack(spikes)
            if i in (1, 3, 6):
                x = net.pool(x, "average", 2)
        return net.linear(net.linear(x.flatten(2), "hidden", hidden), "classifier", classes)

    return layers


def tcja(net, x, name):
    """Gates per step and channel; kernel 4, one before and two after."""
    mean = x.mean((3, 4))  # [T, N, C]
    p = conv1d(net, mean.transpose(0, 1), name + ".across", x.shape[0], 4, padding=(1, 2)).transpose(0, 1)
    q = conv1d(net, mean.permute(1, 2, 0), name + ".along", x.shape[2], 4, padding=(1, 2)).permute(2, 0, 1)
    return x * torch.sigmoid(p * q)[..., None, None]


def decayed(net, x, through):
    """SpikingJelly's LIF with the arctangent of alpha = 2, the reset with or without a gradient."""
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        m = v + (current - v) / 2
        near(net, m, 1)
        s = Step.apply(m - 1, "arctangent", 1)
        v = (1 - (s if through else s.detach())) * m
        spikes.append(s)
    return torch.stack(spikes)


def voted(x, voters):
    return x.unflatten(2, (-1, voters)).mean(3)


def rates(net, logits, labels):
    return ((logits - F.one_hot(labels, logits.shape[1]).to(logits)) ** 2).mean()


def tcja_vgg(width, classes):
    def layers(net, x):
        for i, factor in enumerate([1, 2, 4, 4, 8, 8, 8, 8]):
            x = conv(net, x, f"unit.{i}.conv", factor * width, weights="alpha" if i else "real", bias=True)
            x = net.reverb(net.batchnorm(x, f"unit.{i}.bn"))
            if i in (5, 7):
                x = tcja(net, x, f"gate.{i}")
            if i % 2:
                x = net.pool(x, "average", 2)
        return net.linear(x.flatten(2), "classifier", classes)

    return layers


def asa(net, x, name):
    """Top halves of channels and of steps, each sample by itself; what scores are made of gets no gradient."""
    alpha, beta = learned(net, name + ".alpha", [1]), learned(net, name + ".beta", [1])
    mix = net.declare(name + ".mix.weight", [x.shape[0], x.shape[0]], "weight")
    average, top = x.mean((3, 4)), x.amax((3, 4))
    score = torch.einsum("st,tnc->snc", mix, 0.5 * (average + top) + alpha * average + beta * top)
    held = 0 * score.sum()
    score = score.detach()

    def half(axis):
        k = score.shape[axis] // 2
        ordered = score.topk(k + 1, axis)
        gap = (ordered.values.narrow(axis, k - 1, 1) - ordered.values.narrow(axis, k, 1)).min()
        net.margin = min(net.margin, gap.item())
        return torch.zeros_like(score).scatter(axis, ordered.indices.narrow(axis, 0, k), 1)

    mask = (half(2) + half(0) == 1).to(x)[..., None, None]

    def mapped(part, own):
        part = part * own
        pooled = torch.stack([part.mean((0, 2)) / 0.5, part.amax((0, 2))], 1)
        w = net.declare(f"{name}.{'important' if own is mask else 'rest'}.map.weight", [1, 2, 3, 3], "weight")
        return part * torch.sigmoid(F.conv2d(pooled, w, None, 1, 1))[:, None].transpose(0, 1)

    return mapped(x, mask) + mapped(x, 1 - mask) + held


def asa_net(width, voters, classes, published):
    weights = "real" if published else "alpha"

    def layers(net, x):
        def spike(x):
            return decayed(net, x, True) if published else net.reverb(x)

        for i in range(5):
            x = conv(net, x, f"conv.{i}", width if i else width // 2, weights=weights if i else "real")
            x = spike(asa(net, net.batchnorm(x, f"bn.{i}"), f"attention.{i}"))
            x = net.pool(x, "average" if i < 4 else "maximum", 2)
        x = spike(net.linear(x.flatten(2), "hidden", 4 * width))
        x = net.linear(x, "classifier", voters * classes)
        return voted(spike(x) if published else x, voters)

    return layers


LOSSES = {"binaryconnect": squared_hinge, "asa": rates}

# Those whose programs are compiled, too: they have the kernels that the others have as well.
COMPILED = ["qkformer_signs", "egru", "egru_signs", "radlif", "radlif_signs", "recurrent_lif"]

# name, layers, file, settings other than T and classes, sequence, T, [samples, ...]; seven classes
CASES = [
    ("spikformer", spikformer(16, 1, 2, 2, 7, True), "spikformer",
     dict(width=16, depth=1, heads=2, ratio=2, size=8, variant="vanilla"), False, 2, [3, 3, 8, 8]),
    ("spikformer_signs", spikformer(16, 1, 2, 2, 7, False, True), "spikformer",
     dict(width=16, depth=1, heads=2, ratio=2, size=32, events=True), True, 2, [2, 2, 32, 32]),
    ("qkformer", qkformer(16, 2, 2, 7, True), "qkformer",
     dict(width=16, heads=2, ratio=2, size=8, variant="vanilla"), False, 2, [3, 3, 8, 8]),
    ("qkformer_signs", qkformer(32, 2, 1, 7, False, True), "qkformer",
     dict(width=32, heads=2, size=32, events=True), True, 2, [2, 2, 32, 32]),
    ("egru", egru(9, 7, "real"), "egru", dict(units=9, variant="vanilla"), True, 6, [4, 1]),
    ("egru_signs", egru(9, 7, "alpha"), "egru", dict(units=9), True, 6, [4, 1]),
    ("radlif", radlif(8, 7, "real", 0.1), "radlif",
     dict(width=8, inputs=12, threshold=0.1, depth=1, drop=0, variant="vanilla"), True, 5, [4, 12]),
    ("radlif_signs", radlif(8, 7, "alpha", 0.1), "radlif",
     dict(width=8, inputs=12, threshold=0.1, depth=1, drop=0), True, 5, [4, 12]),
    ("recurrent_lif", current_lif(8, 7, "real", 5), "recurrent_lif",
     dict(width=8, inputs=12, slope=5, variant="vanilla"), True, 7, [4, 12]),
    ("binaryconnect", binaryconnect(2, 6, 7, "binary"), "binaryconnect",
     dict(width=2, hidden=6, size=8, variant="reverb"), False, 1, [4, 3, 8, 8]),
    ("agmm", resnet19(4, 7, "alpha", gated), "agmm", dict(width=4, size=8), False, 2, [3, 3, 8, 8]),
    ("qblif", resnet19(4, 7, "alpha", burst), "qblif", dict(width=4, size=8), False, 2, [3, 3, 8, 8]),
    ("tab", tab(4, 8, 7), "tab", dict(width=4, hidden=8, size=8, drop=0, variant="vanilla"), False, 3, [3, 3, 8, 8]),
    ("tcja_signs", tcja_vgg(2, 7), "tcja", dict(width=2, cifar=True, size=16), True, 3, [2, 2, 16, 16]),
    ("asa", asa_net(8, 2, 7, True), "asa", dict(width=8, voters=2, size=32, variant="vanilla"), True, 4, [2, 2, 32, 32]),
]  # fmt: skip
