"""The paper's networks in PyTorch, for timing: the same layers, neurons and time steps as stdlib/networks.rvb.

Weights are alpha * sign(W), spikes are real numbers, time is the outermost part of the batch: x is [T N, C, H, W], so
that a layer without memory is one large convolution. `fold` makes what a person deploys with PyTorch: BatchNorm and
alpha folded into plain convolutions with a bias.
"""
import collections

import torch
import torch.nn.functional as F
from torch import nn

TAU = 0.25
Spec = collections.namedtuple("Spec", "make shape sequence steps threshold classes")


class Sign(torch.autograd.Function):
    """The straight-through estimator."""

    @staticmethod
    def forward(context, w):
        context.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(context, gradient):
        (w,) = context.saved_tensors
        return gradient * (w.abs() <= 1)


class BinaryConv(nn.Module):
    def __init__(self, c_in, c_out, kernel, stride, padding):
        super().__init__()
        scale = (2 / (kernel * kernel * c_out)) ** 0.5
        self.weight = nn.Parameter(torch.randn(c_out, c_in, kernel, kernel) * scale)
        self.alpha = nn.Parameter(torch.ones(1, c_in, 1, 1))
        self.stride, self.padding = stride, padding

    def forward(self, x):
        return F.conv2d(x, self.alpha * Sign.apply(self.weight), None, self.stride, self.padding)

    def real_weight(self):
        return self.alpha * torch.where(self.weight >= 0, 1.0, -1.0)


class Unit(nn.Module):
    """Convolution and BatchNorm."""

    def __init__(self, c_in, c_out, kernel=3, stride=1, real=False):
        super().__init__()
        padding = kernel // 2
        if real:
            self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding, bias=False)
        else:
            self.conv = BinaryConv(c_in, c_out, kernel, stride, padding)
        self.bn = nn.BatchNorm2d(c_out)
        self.shape = (c_in, c_out, kernel, stride, padding)

    def forward(self, x):
        return self.bn(self.conv(x))

    def folded(self):
        conv = nn.Conv2d(*self.shape, bias=True)
        with torch.no_grad():
            weight = self.conv.weight if isinstance(self.conv, nn.Conv2d) else self.conv.real_weight()
            scale = self.bn.weight / (self.bn.running_var + self.bn.eps).sqrt()
            conv.weight.copy_(weight * scale.view(-1, 1, 1, 1))
            conv.bias.copy_(self.bn.bias - self.bn.running_mean * scale)
        return conv


class BackThroughTime(torch.autograd.Function):
    """The neuron over all its steps with its gradient by hand: fewer passes than autograd makes of it."""

    @staticmethod
    def forward(context, x, steps, threshold):
        currents = x.chunk(steps)
        spikes, fired, u = [], [], None
        for t in range(steps):
            u = currents[t] if t == 0 else torch.add(currents[t], u, alpha=TAU)
            f = u >= threshold
            s = u * f
            fired.append(f)
            spikes.append(s)
            u = u - s
        context.save_for_backward(torch.cat(fired))
        context.steps = steps
        return torch.cat(spikes)

    @staticmethod
    def backward(context, gradient):
        fired = context.saved_tensors[0].chunk(context.steps)
        gradients = gradient.chunk(context.steps)
        result, later = [None] * context.steps, None
        for t in reversed(range(context.steps)):
            if later is None:
                later = gradients[t] * fired[t]
            else:
                later = torch.where(fired[t], gradients[t], TAU * later)
            result[t] = later
        return torch.cat(result), None, None


class Reverb(nn.Module):
    """Real-valued spike, hard reset. At threshold 0 one step is ReLU."""

    def __init__(self, steps, threshold):
        super().__init__()
        self.steps, self.threshold = steps, threshold

    def forward(self, x):
        if self.training:
            return F.relu(x) if self.steps == 1 and self.threshold == 0 else self.train_step(x)
        spikes, u = [], None
        for t, current in enumerate(x.chunk(self.steps) if self.steps > 1 else [x]):
            u = current if t == 0 else torch.add(current, u, alpha=TAU)
            s = F.relu(u) if self.threshold == 0 else F.threshold(u, self.threshold, 0.0)
            spikes.append(s)
            if t + 1 < self.steps:
                u = u - s
        return spikes[0] if self.steps == 1 else torch.cat(spikes)

    def train_step(self, x):
        return BackThroughTime.apply(x, self.steps, self.threshold)


class Block(nn.Module):
    """A residual block; the join comes before the neuron. `pooled`: the shortcut averages, then projects."""

    def __init__(self, c_in, c_out, stride, neuron, pooled):
        super().__init__()
        self.unit1, self.spike1 = Unit(c_in, c_out, stride=stride), neuron()
        self.unit2, self.spike2 = Unit(c_out, c_out), neuron()
        self.shortcut = nn.Identity()
        if stride != 1 and pooled:
            self.shortcut = nn.Sequential(nn.AvgPool2d(stride), Unit(c_in, c_out, kernel=1))
        elif stride != 1 or c_in != c_out:
            self.shortcut = Unit(c_in, c_out, kernel=1, stride=stride)

    def forward(self, x):
        return self.spike2(self.unit2(self.spike1(self.unit1(x))) + self.shortcut(x))


class Network(nn.Module):
    def __init__(self, features, classifier, repeat, steps):
        super().__init__()
        self.features, self.classifier = features, classifier
        self.repeat, self.steps = repeat, steps

    def forward(self, x):
        if self.repeat and self.steps > 1:
            x = x.repeat(self.steps, 1, 1, 1)
        y = self.classifier(self.features(x))
        return y if self.steps == 1 else y.view(self.steps, -1, y.shape[1]).mean(0)


def residual(stem, counts, widths, strides, neuron, pooled, c):
    layers = list(stem)
    for count, width, stride in zip(counts, widths, strides):
        for i in range(count):
            layers.append(Block(c, width, stride if i == 0 else 1, neuron, pooled))
            c = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), c


def resnet20(neuron, c_in, classes, width=64):
    stem = [Unit(c_in, width, real=True), neuron()]
    for _ in range(2):
        stem += [Unit(width, width), neuron()]
    widths = [width, 2 * width, 4 * width, 8 * width]
    features, c = residual(stem + [nn.AvgPool2d(2)], [2, 2, 2, 2], widths, [1, 2, 2, 2], neuron, True, width)
    return features, nn.Linear(c, classes)


def resnet19(neuron, c_in, classes):
    stem = [Unit(c_in, 128, real=True), neuron()]
    features, c = residual(stem, [3, 3, 2], [128, 256, 512], [1, 2, 2], neuron, False, 128)
    return features, nn.Linear(c, classes)


def resnet18(neuron, c_in, classes):
    stem = [Unit(c_in, 64, kernel=7, stride=2, real=True), neuron(), nn.AvgPool2d(3, 2, 1)]
    features, c = residual(stem, [2, 2, 2, 2], [64, 128, 256, 512], [1, 2, 2, 2], neuron, False, 64)
    return features, nn.Linear(c, classes)


def chain(neuron, c, plan, pool):
    layers = []
    for item in plan:
        if item == "M":
            layers.append(pool())
        else:
            layers += [Unit(c, item, real=not layers), neuron()]
            c = item
    return layers


def vgg16(neuron, c_in, classes):
    plan = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
    layers = chain(neuron, c_in, plan, lambda: nn.AvgPool2d(2))
    return nn.Sequential(*layers, nn.Flatten()), nn.Linear(512, classes)


def vggsnn(neuron, c_in, classes):
    plan = [64, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]
    layers = chain(neuron, c_in, plan, lambda: nn.AvgPool2d(2))
    return nn.Sequential(*layers, nn.Flatten()), nn.Linear(512 * 3 * 3, classes)


class Vote(nn.Module):
    """Ten voters a class."""

    def forward(self, x):
        return F.avg_pool1d(x.unsqueeze(1), 10).squeeze(1)


def scnn(neuron, c_in, classes):
    layers = chain(neuron, c_in, [128, "M"] * 5, lambda: nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(2048, 512, bias=False), neuron()]
    return nn.Sequential(*layers), nn.Sequential(nn.Linear(512, 10 * classes, bias=False), Vote())


NETWORKS = {
    "resnet20": Spec(resnet20, (3, 32, 32), False, 2, 0.0, 10),
    "resnet20_sequence": Spec(resnet20, (2, 32, 32), True, 2, 0.25, 10),
    "resnet19": Spec(resnet19, (3, 32, 32), False, 2, 0.0, 10),
    "vgg16": Spec(vgg16, (3, 32, 32), False, 2, 0.0, 10),
    "vggsnn": Spec(vggsnn, (2, 48, 48), True, 4, 0.25, 10),
    "scnn": Spec(scnn, (2, 128, 128), True, 4, 0.25, 11),
    "resnet18": Spec(resnet18, (3, 224, 224), False, 2, 0.0, 1000),
}


def build(name, collapsed=False, seed=1):
    """The network for training. `collapsed`: what a person gets who knows that T equal steps are one."""
    spec = NETWORKS[name]
    steps = 1 if collapsed else spec.steps
    torch.manual_seed(seed)
    features, classifier = spec.make(lambda: Reverb(steps, spec.threshold), spec.shape[0], spec.classes)
    return Network(features, classifier, not spec.sequence, steps)


def make_input(name, batch, collapsed=False, seed=2):
    spec = NETWORKS[name]
    torch.manual_seed(seed)
    return torch.randn(batch * (spec.steps if spec.sequence and not collapsed else 1), *spec.shape)


def settle(net, x):
    """BatchNorm's statistics from one batch, so that values stay in the range a trained network has."""
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 1.0
    net.train()
    with torch.no_grad():
        net(x)
    return net.eval()


def fold(module):
    """Replaces every Unit by one convolution, in place."""
    for name, child in module.named_children():
        if isinstance(child, Unit):
            setattr(module, name, child.folded())
        else:
            fold(child)
    return module


def deployed(name, collapsed=False, seed=1):
    net = build(name, collapsed, seed)
    return fold(settle(net, make_input(name, 2, collapsed))).eval()
