"""The networks of the methods that the paper compares itself with, in PyTorch, straight from the published equations
and codes and not from the .rvb files, narrow and on small inputs. Each function gives the layers of one network; `net` is a
reference.Network, x is [T, N, ...]. `weights` and `spike` are what the variant has: real weights and the method's own
spikes, or signs and real spikes."""
import math

import torch
import torch.nn.functional as F

from features import accumulated, learned, near
from few_bits import hsd_teacher, q_snn, to_one_half
from gates import asa_net, fsta20, tcja_gesture, tcja_vgg
from method_parts import Own, above, conv, rates, surrogate
from transformers import qkformer, sdt_v2, spikformer


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
            if weights == "real":  # none from a unit to itself
                v = net.declare("hidden.0.recurrent.weight", [width, width], "weight")
                again = F.linear(s, v * (1 - torch.eye(width).to(v)))
            else:
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


def ternary(net, x, name):
    amplitude = learned(net, name + ".amplitude", [1])
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        m = 0.25 * v + current
        near(net, m.abs(), 0.5)
        near(net, m.abs(), 1)
        o = Own.apply(m, torch.sign(m) * (m.abs() >= 0.5), (m.detach().abs() <= 1).to(m))
        v = m * (1 - o.abs())
        spikes.append(amplitude * o)
    return torch.stack(spikes)


EVEN = {"one_bit": "binary(of = standardised_evenly, ste = 1e6)"}  # the gradient does not change with the epoch
LOSSES = {"binaryconnect": squared_hinge, "asa": rates, "tcja": rates, "q_snn": to_one_half}

# Gradients that a BatchNorm right behind cancels but for its epsilon: nothing to compare.
CANCELLED = {"sdt_v2": (".bn2.weight",), "ternary_spike": (".spike1.amplitude", ".2.spike2.amplitude")}

# Cases that the interpreter runs without fold_constants, which computes in single precision as programs do: their gradients
# magnify the last bit of a constant by hundreds.
UNFOLDED = ("fsta",)

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
    ("radlif", radlif(8, 7, "real", 0.02), "radlif",
     dict(width=8, inputs=12, threshold=0.02, depth=1, drop=0, variant="vanilla"), True, 5, [4, 12]),
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
    ("asa_signs", asa_net(8, 2, 7, False), "asa", dict(width=8, voters=2, size=32), True, 4, [2, 2, 32, 32]),
    ("q_snn", q_snn(4, 7, True), "q_snn", dict(width=4, size=8, variant="vanilla", **EVEN), False, 3, [3, 3, 8, 8]),
    ("q_snn_signs", q_snn(4, 7, False), "q_snn", dict(width=4, size=8, **EVEN), False, 3, [3, 3, 8, 8]),
    ("hsd_teacher", hsd_teacher(2, 7), "hsd", dict(width=2, size=16, stage="teacher"), True, 2, [3, 2, 16, 16]),
    ("tcja", tcja_gesture(4, 16, 2, 7, True), "tcja",
     dict(width=4, hidden=16, voters=2, size=32, drop=0, threshold=0.25, variant="vanilla"), True, 3, [3, 2, 32, 32]),
    ("fsta", fsta20(2, 7, True), "fsta", dict(width=2, size=16, variant="vanilla"), False, 2, [3, 3, 16, 16]),
    ("ternary_spike", resnet19(4, 7, "real", ternary), "ternary_spike",
     dict(width=4, size=8, variant="vanilla"), False, 2, [3, 3, 8, 8]),
    ("ternary_spike_signs", resnet19(4, 7, "alpha", ternary), "ternary_spike", dict(width=4, size=8), False, 2, [3, 3, 8, 8]),
    ("sdt_v2_signs", sdt_v2([4, 4, 8, 8], 7, False), "sdt_v2",
     dict(small=True, widths=[4, 4, 8, 8], blocks=[1, 1, 1, 1, 1], heads=2, size=16), False, 2, [2, 3, 16, 16]),
]  # fmt: skip
