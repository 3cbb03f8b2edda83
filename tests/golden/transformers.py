"""The spiking transformers in PyTorch (methods.py)."""
import torch.nn.functional as F

from features import at
from method_parts import conv, spikingjelly_lif


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


def sdt_v2(widths, classes, published):
    """The small layout: blocks 1, 1, 1 of convolutions, 1 and 1 of attention; 2 heads."""
    weights = "real" if published else "alpha"

    def layers(net, x):
        def spike(x):
            return spikingjelly_lif(net, x) if published else net.reverb(x)

        def bn(x, name):
            return net.batchnorm(x, name)

        def mixer(x, name, kernel, bias):
            c = x.shape[2]
            y = bn(conv(net, spike(x), name + ".expand", 4 * c, kernel, 1, weights, bias), name + ".expand_bn")
            return bn(conv(net, spike(y), name + ".project", c, kernel, 1, weights, bias), name + ".project_bn")

        def conv_block(x, name):
            c, own = x.shape[2], name + ".separable"
            y = bn(conv(net, spike(x), own + ".expand", 2 * c, 1, 1, weights), own + ".expand_bn")
            y = net.conv2d(spike(y), own + ".depthwise", 2 * c, 7, 1, 3, weights, groups=2 * c)
            x = x + bn(conv(net, y, own + ".project", c, 1, 1, weights), own + ".project_bn")
            return x + mixer(x, name + ".mixer", 3, False)

        def rep(x, name):
            c = x.shape[2]
            y = bn(conv(net, F.pad(x, (1, 1, 1, 1)), name + ".conv1", c, 1, 1, weights), name + ".bn1")
            y = net.conv2d(y, name + ".depthwise", c, 3, 1, 0, weights, groups=c)
            return bn(bn(conv(net, y, name + ".conv2", c, 1, 1, weights), name + ".bn2"), name + ".bn3")

        def attention(x, name):
            s = spike(x)
            q, k = (spikingjelly_lif(net, rep(s, f"{name}.{part}")) for part in "qk")
            v = spike(rep(s, name + ".v"))
            q, k, v = (heads_of(each.flatten(3), 2) for each in (q, k, v))
            y = merged((q @ k.transpose(3, 4)) @ v * 0.125)
            y = spikingjelly_lif(net, y, 0.5, True) if published else net.reverb(y)
            return rep(y.view(x.shape), name + ".project")

        x = bn(conv(net, x, "stem", widths[0] // 2, 3, bias=True), "stem_bn")
        for stage in range(5):
            if stage > 0:
                stride = 1 if stage == 4 else 2
                x = bn(conv(net, spike(x), f"down.{stage}.conv", widths[stage - 1], 3, stride, weights, True), f"down.{stage}.bn")
            name = f"layer.{stage}.0"
            if stage < 3:
                x = conv_block(x, name)
            else:
                x = x + attention(x, name + ".attention")
                x = x + mixer(x, name + ".mlp", 1, True)
        return net.linear(spike(x.mean((3, 4))), "classifier", classes)

    return layers
