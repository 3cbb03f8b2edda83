"""Q-SNN, and HSD's teacher, in PyTorch (methods.py): weights of one bit, membranes of eight; ReLU in steps."""
import torch
import torch.nn.functional as F

from features import near
from method_parts import Own, above, conv


def rounded(net, x):
    """The nearest integer, straight through."""
    near(net, x - x.detach().floor(), 0.5)
    return x + (x.round() - x).detach()


def one_bit(net, x, name, channels, kernel, stride):
    """Signs of weights with mean 0 and deviation 1 for every output; backwards the slope of tanh."""
    w = net.declare(name + ".weight", [channels, x.shape[2], kernel, kernel], "weight")
    axes = (1, 2, 3)
    h = (w - w.mean(axes, keepdim=True)) / w.std(axes, keepdim=True)
    near(net, h, 0)
    w = Own.apply(h, torch.where(h >= 0, torch.ones_like(h), -torch.ones_like(h)), 1 - torch.tanh(h.detach()) ** 2)
    return F.conv2d(x.flatten(0, 1), w, None, stride, kernel // 2).unflatten(0, x.shape[:2])


def eight_bits(net, name, shape):
    w = net.declare(name + ".weight", shape, "weight")
    most = w.detach().max()
    steps = 127 * w.detach() / most
    near(net, steps - steps.floor(), 0.5)
    return w + (steps.round() / 127 * most - w).detach()


def lif_bits(net, x):
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        m = 0.5 * v + current
        s = above(net, m - 1)
        v = rounded(net, 127 * torch.tanh((1 - s) * m)) / 127
        spikes.append(s)
    return torch.stack(spikes)


def reverb_bits(net, x):
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        u = 0.25 * v + current
        near(net, u, net.threshold)
        fires = (u >= net.threshold).detach()
        spikes.append(torch.where(fires, u, torch.zeros_like(u)))
        v = torch.where(fires, torch.zeros_like(u), rounded(net, 127 * torch.tanh(u)) / 127)
    return torch.stack(spikes)


def q_snn(width, classes, published):
    """ResNet19."""

    def layers(net, x):
        net.rates = []

        def spike(x):
            s = lif_bits(net, x) if published else reverb_bits(net, x)
            net.rates.append(s.mean())
            return s

        def unit(x, name, bn, channels, kernel=3, stride=1):
            return net.batchnorm(one_bit(net, x, name, channels, kernel, stride), bn)

        def block(x, name, channels, stride):
            y = spike(unit(x, name + ".conv1", name + ".bn1", channels, 3, stride))
            y = unit(y, name + ".conv2", name + ".bn2", channels)
            if stride != 1 or x.shape[2] != channels:
                x = unit(x, name + ".shortcut", name + ".shortcut_bn", channels, 1, stride)
            return spike(y + x)

        w = eight_bits(net, "stem", [width, x.shape[2], 3, 3])
        x = F.conv2d(x.flatten(0, 1), w, None, 1, 1).unflatten(0, x.shape[:2])
        x = spike(net.batchnorm(x, "stem_bn"))
        for stage, count in enumerate([3, 3, 2]):
            for i in range(count):
                x = block(x, f"layer.{stage}.{i}", width << stage, 2 if stage > 0 and i == 0 else 1)
        w = eight_bits(net, "classifier", [classes, x.shape[2]])
        return F.linear(x.mean((3, 4)), w, net.declare("classifier.bias", [classes], "bias"))

    return layers


def to_one_half(net, logits, labels):
    """Cross entropy of every step, and the rates of all neurons but the first and the last."""
    entropy = torch.stack([F.cross_entropy(step, labels) for step in net.steps]).mean()
    return entropy + 5e-3 * torch.stack([(rate - 0.5) ** 2 for rate in net.rates[1:-1]]).mean()


class Staircase(torch.autograd.Function):
    """level * clip(floor(L x / level + 1 / 2) / L, 0, 1); straight through from end to end."""

    @staticmethod
    def forward(context, x, level, levels):
        q = (levels * x / level + 0.5).floor() / levels
        context.save_for_backward(x, level, q)
        return level * q.clamp(0, 1)

    @staticmethod
    def backward(context, gradient):
        x, level, q = context.saved_tensors
        inside = ((q >= 0) & (q <= 1)).to(x)
        by_level = (gradient * (q.clamp(0, 1) - x / level * inside)).sum()
        return gradient * inside, by_level.view(1), None


def hsd_teacher(width, classes):
    """VGGSNN; the same at every step."""

    def layers(net, x):
        for i, factor in enumerate([1, 2, 4, 4, 8, 8, 8, 8]):
            x = net.batchnorm(conv(net, x, f"net.conv.{i}", factor * width, bias=True), f"net.bn.{i}")
            level = net.declare(f"net.spike.{i}.level", [1], "level")
            near(net, 4 * x / level + 0.5 - (4 * x / level + 1).floor(), 0)
            x = Staircase.apply(x, level, 4)
            if i % 2:
                x = net.pool(x, "average", 2)
        return net.linear(x.flatten(2), "net.classifier", classes)

    return layers
