"""Neurons and small pieces that networks of several methods share (methods.py)."""
import math

import torch
import torch.nn.functional as F

from features import near
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


def above(net, x):
    """1 above the threshold, not at it; a triangle backwards."""
    near(net, x, 0)
    near(net, x.abs(), 1)
    return Own.apply(x, (x > 0).to(x), torch.relu(1 - x.detach().abs()))


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


def decayed(net, x, through, threshold=1):
    """SpikingJelly's LIF with the arctangent of alpha = 2, the reset with or without a gradient."""
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        m = v + (current - v) / 2
        near(net, m, threshold)
        s = Step.apply(m - threshold, "arctangent", 1)
        v = (1 - (s if through else s.detach())) * m
        spikes.append(s)
    return torch.stack(spikes)


def tanh_lif(net, x):
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        m = 0.25 * v + current
        u = m - 0.5
        near(net, u, 0)
        near(net, u.abs(), 0.5)
        inside = (u.detach().abs() <= 0.5).to(u)
        slope = inside * (1 - torch.tanh(u.detach()) ** 2) / (2 * math.tanh(0.5))
        s = Own.apply(u, (u > 0).to(u), slope)
        v = (1 - s) * m
        spikes.append(s)
    return torch.stack(spikes)


def conv(net, x, name, channels, kernel=3, stride=1, weights="real", bias=False):
    return net.conv2d(x, name, channels, kernel, stride, kernel // 2, weights, bias)


def voted(x, voters):
    return x.unflatten(2, (-1, voters)).mean(3)


def rates(net, logits, labels):
    return ((logits - F.one_hot(labels, logits.shape[1]).to(logits)) ** 2).mean()
