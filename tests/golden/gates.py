"""Networks whose currents or spikes are weighted by gates and maps, in PyTorch (methods.py)."""
import math

import torch
import torch.nn.functional as F

from features import conv1d, learned
from method_parts import conv, decayed, tanh_lif, voted


def tcja(net, x, name):
    """Gates per step and channel; kernel 4, one before and two after."""
    mean = x.mean((3, 4))  # [T, N, C]
    p = conv1d(net, mean.transpose(0, 1), name + ".across", x.shape[0], 4, padding=(1, 2)).transpose(0, 1)
    q = conv1d(net, mean.permute(1, 2, 0), name + ".along", x.shape[2], 4, padding=(1, 2)).permute(2, 0, 1)
    return x * torch.sigmoid(p * q)[..., None, None]


def tcja_gesture(width, hidden, voters, classes, published):
    weights = "real" if published else "alpha"

    def layers(net, x):
        def spike(x):
            return decayed(net, x, False, net.threshold) if published else net.reverb(x)

        for i in range(5):
            x = conv(net, x, f"unit.{i}.conv", width, weights=weights if i else "real")
            x = spike(net.batchnorm(x, f"unit.{i}.bn"))
            if i > 2:
                x = tcja(net, x, f"gate.{i}")
            x = net.pool(x, "maximum", 2)
        x = spike(net.linear(x.flatten(2), "hidden", hidden, bias=False))
        x = net.linear(x, "classifier", voters * classes, bias=False)
        return voted(spike(x) if published else x, voters)

    return layers


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


def cosine_kernels():
    """kappa_f[r, s], f = 7 j + i."""
    kernels = torch.zeros(49, 1, 7, 7, dtype=torch.double)
    for f in range(49):
        j, i = divmod(f, 7)
        for r in range(7):
            for s in range(7):
                a = math.sqrt((2 if i else 1) / 7) * math.cos((2 * r + 1) * i * math.pi / 14)
                b = math.sqrt((2 if j else 1) / 7) * math.cos((2 * s + 1) * j * math.pi / 14)
                kernels[f, 0, r, s] = a * b
    return kernels


def fsta(net, x, name):
    alpha, beta, m, n = (learned(net, f"{name}.{each}", [1]) for each in ("alpha", "beta", "m", "n"))
    mix = net.declare(name + ".mix.weight", [x.shape[0], x.shape[0]], "weight")
    z = alpha * x.mean((3, 4)) + beta * x.amax((3, 4))
    a = torch.sigmoid(torch.einsum("st,tnc->snc", mix, z).mean(2))
    x = x * (1 + a)[..., None, None, None]
    total = x.mean(0).sum(1, keepdim=True)
    responses = F.conv2d(total, cosine_kernels().to(x), None, 1, 3)
    w = net.declare(name + ".responses.map.weight", [1, 49, 7, 7], "weight")
    y = x * (1 + torch.sigmoid(F.conv2d(responses, w, None, 1, 3)))
    return (m * x + n * y) / 2


def fsta20(width, classes, published):
    """ResNet20 with the module before each neuron."""
    weights = "real" if published else "alpha"

    def layers(net, x):
        def spike(x, name):
            x = fsta(net, x, name + ".attention")
            return tanh_lif(net, x) if published else net.reverb(x)

        def block(x, name, channels, stride):
            y = spike(net.batchnorm(conv(net, x, name + ".conv1", channels, 3, stride, weights), name + ".bn1"), name + ".spike1")
            y = net.batchnorm(conv(net, y, name + ".conv2", channels, weights=weights), name + ".bn2")
            if stride != 1:
                x = net.pool(x, "average", stride)
            if stride != 1 or x.shape[2] != channels:
                x = net.batchnorm(conv(net, x, name + ".shortcut", channels, 1, 1, weights), name + ".shortcut_bn")
            return spike(y + x, name + ".spike2")

        for name, kind in (("stem", "real"), ("stem2", weights), ("stem3", weights)):
            x = spike(net.batchnorm(conv(net, x, name + ".conv", width, weights=kind), name + ".bn"), name)
        x = net.pool(x, "average", 2)
        for stage in range(4):
            for i in range(2):
                x = block(x, f"layer.{stage}.{i}", width << stage, 2 if stage > 0 and i == 0 else 1)
        return net.linear(x.mean((3, 4)), "classifier", classes)

    return layers
