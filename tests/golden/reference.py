"""The networks of this folder in PyTorch, straight from the equations of the paper, in any precision.

    U[t] = tau V[t-1] + Y[t];  fires where U >= threshold;  O = U there, else 0;  V = 0 there, else U
    the mask "fires" is a constant to the gradient:  dU = dO H + tau (1 - H) dU[t+1]
    binary weights: alpha[input channel] * sign(W), sign(0) = +1, straight through where |W| <= 1
    BatchNorm normalises over time, batch, height and width together
    logits are averaged over time; the loss is the cross entropy of that average

Values are [T, N, C, H, W] throughout. Parameters live in one dictionary under the dotted names that the .rvb files give.
"""
import torch
import torch.nn.functional as F

TAU = 0.25


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(context, w):
        context.save_for_backward(w)
        return torch.where(w >= 0, torch.ones_like(w), -torch.ones_like(w))

    @staticmethod
    def backward(context, gradient):
        (w,) = context.saved_tensors
        return gradient * (w.abs() <= 1)


class Ternary(torch.autograd.Function):
    """-1, 0, +1: the threshold is 0.7 times the mean magnitude of the whole tensor (TWN)."""

    @staticmethod
    def forward(context, w):
        context.save_for_backward(w)
        threshold = 0.7 * w.abs().mean()
        return (w > threshold).to(w) - (w < -threshold).to(w)

    @staticmethod
    def backward(context, gradient):
        (w,) = context.saved_tensors
        return gradient * (w.abs() <= 1)


class Step(torch.autograd.Function):
    """1 where x >= 0; backwards a surrogate of integral 1."""

    @staticmethod
    def forward(context, x, surrogate, width):
        context.save_for_backward(x)
        context.surrogate, context.width = surrogate, width
        return (x >= 0).to(x)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        y, w = x / context.width, context.width
        if context.surrogate == "rectangle":
            g = (y.abs() <= 0.5).to(x) / w
        elif context.surrogate == "triangle":
            g = torch.relu(1 - y.abs()) / w
        elif context.surrogate == "arctangent":
            g = 1 / (w * (1 + (torch.pi * y) ** 2))
        else:
            g = torch.sigmoid(y) * (1 - torch.sigmoid(y)) / w
        return gradient * g, None, None


class Network:
    """Holds parameters (`values`), and what one run of `forward` needs and leaves.

    declare(name, shape, kind) is called by the layers on the first run; `make` then chooses the values.
    """

    def __init__(self, layers, threshold, make):
        self.layers, self.threshold, self.make = layers, threshold, make
        self.values, self.kinds = {}, {}
        self.training = False
        self.ternary_margin = float("inf")  # smallest distance of a latent weight from the ternary threshold
        self.margin = float("inf")  # smallest |U - threshold| of any neuron at any step
        self.neuron = {}  # of `spike`: see there
        self.scale, self.scaled_steps, self.separate_steps = 1, False, False  # of BatchNorm: tdBN, TEBN, BNTT
        self.nudges = None  # name -> tensor added to sign(W): finite differences of binary weights

    def declare(self, name, shape, kind):
        if name not in self.values:
            self.values[name] = self.make(name, shape, kind)
            self.kinds[name] = kind
        return self.values[name]

    def trainable(self):
        return [name for name, kind in self.kinds.items() if not kind.startswith("running")]

    def decays(self, name):
        return self.kinds[name] in ("weight", "latent")

    def forward(self, x, training):
        self.training, self.margin, self.input = training, float("inf"), x
        self.steps = self.layers(self, x)  # the logits of every step
        return self.steps.mean(0)

    # Layers, under the names they have in the language.

    def weight(self, name, shape, weights, groups=1):
        w = self.declare(name + ".weight", shape, "weight" if weights == "real" else "latent")
        if weights == "real":
            return w
        binary = Ternary.apply(w) if weights.startswith("ternary") else Sign.apply(w)
        if weights.startswith("ternary"):
            threshold = 0.7 * w.detach().abs().mean()
            self.ternary_margin = min(self.ternary_margin, (w.detach().abs() - threshold).abs().min().item())
        if self.nudges is not None:
            binary = binary + self.nudges.setdefault(name + ".weight", torch.zeros_like(w, requires_grad=True))
        if weights in ("alpha", "ternary(alpha)"):
            alpha = self.declare(name + ".alpha", [1, groups * shape[1]] + [1] * (len(shape) - 2), "alpha")
            # An output reads the factors of its group's inputs.
            alpha = alpha.reshape([groups] + [shape[1]] + [1] * (len(shape) - 2))
            binary = alpha.repeat_interleave(shape[0] // groups, 0) * binary
        return binary

    def conv2d(self, x, name, channels, kernel, stride=1, padding=0, weights="real", bias=False,
               groups=1, dilation=1):  # fmt: skip
        w = self.weight(name, [channels, x.shape[2] // groups, kernel, kernel], weights, groups)
        b = self.declare(name + ".bias", [channels], "bias") if bias else None
        y = F.conv2d(x.flatten(0, 1), w, b, stride, padding, dilation, groups)
        return y.unflatten(0, x.shape[:2])

    def linear(self, x, name, features, weights="real", bias=True):
        w = self.weight(name, [features, x.shape[2]], weights)
        b = self.declare(name + ".bias", [features], "bias") if bias else None
        return F.linear(x, w, b)

    def batchnorm(self, x, name, join=False, momentum=0.1):
        if self.separate_steps:
            parts = [self.normalise(step[None], f"{name}.{t}", join, momentum) for t, step in enumerate(x)]
            return torch.cat(parts)
        y = self.normalise(x, name, join, momentum)
        if self.scaled_steps:
            factors = self.declare(name + ".step_scale", [x.shape[0]], "step_scale")
            y = y * factors.view([-1] + [1] * (y.dim() - 1))
        return y

    def normalise(self, x, name, join, momentum=0.1):
        channels = x.shape[2]
        gamma = self.declare(name + ".weight", [channels], "gamma")
        beta = self.declare(name + ".bias", [channels], "beta")
        mean = self.declare(name + ".running_mean", [channels], "running_mean")
        variance = self.declare(name + ".running_var", [channels], "running_variance")
        if self.scale != 1:
            gamma = gamma * (self.scale / 2**0.5 if join else self.scale)
        y = F.batch_norm(x.flatten(0, 1), mean, variance, gamma, beta, self.training, momentum, 1e-5)
        return y.unflatten(0, x.shape[:2])

    def reverb(self, x):
        state, spikes = torch.zeros_like(x[0]), []
        for current in x:
            u = TAU * state + current
            fires = (u >= self.threshold).detach()
            self.margin = min(self.margin, (u - self.threshold).abs().min().item())
            spikes.append(torch.where(fires, u, torch.zeros_like(u)))
            state = torch.where(fires, torch.zeros_like(u), u)
        return torch.stack(spikes)

    def spike(self, x, name):
        """The neuron that `neuron` describes: kind reverb or lif; reset hard or soft; learned: None, layer or channel."""
        n = dict(kind="reverb", reset="hard", tau=TAU, threshold=self.threshold, learned=None, surrogate="rectangle", width=1)
        n.update(self.neuron)
        tau, level = n["tau"], n["threshold"]
        if n["learned"]:
            channels = x.shape[2] if n["learned"] == "channel" else 1
            shape = [1, -1] + [1] * (x.dim() - 3)
            tau = torch.sigmoid(self.declare(name + ".leak", [channels], "leak")).view(shape)
            level = self.declare(name + ".level", [channels], "level").view(shape)
        state, spikes = torch.zeros_like(x[0]), []
        for current in x:
            u = tau * state + current
            above = u - level
            fires = (above >= 0).detach()
            self.margin = min(self.margin, above.abs().min().item())
            if n["surrogate"] == "rectangle" and (n["kind"] == "lif" or n["learned"]):
                self.margin = min(self.margin, (above.abs() - n["width"] / 2).abs().min().item())
            step = Step.apply(above, n["surrogate"], n["width"])
            if n["kind"] == "lif":
                spikes.append(step)
            elif n["learned"]:
                spikes.append(torch.where(fires, above, torch.zeros_like(u)) + level * step)
            else:
                spikes.append(torch.where(fires, u, torch.zeros_like(u)))
            if n["kind"] == "lif" and n["reset"] == "soft":
                state = u - level * fires.to(u)
            else:
                state = torch.where(fires, torch.zeros_like(u), u)
        return torch.stack(spikes)

    def pool(self, x, kind, size, stride=None, padding=0):
        operator = F.avg_pool2d if kind == "average" else F.max_pool2d
        return operator(x.flatten(0, 1), size, stride, padding).unflatten(0, x.shape[:2])


def residual(width, classes, readout):
    """residual.rvb: a real stem, an identity block, and both kinds of projecting shortcuts."""

    def block(net, x, name, channels, stride, shortcut):
        y = net.conv2d(x, name + ".conv1", channels, 3, stride, 1, "alpha")
        y = net.reverb(net.batchnorm(y, name + ".bn1"))
        y = net.conv2d(y, name + ".conv2", channels, 3, 1, 1, "alpha")
        y = net.batchnorm(y, name + ".bn2")
        if shortcut == "strided":
            x = net.batchnorm(net.conv2d(x, name + ".down", channels, 1, stride, 0, "alpha"), name + ".down_bn")
        elif shortcut == "pooled":
            x = net.pool(x, "average", stride)
            x = net.batchnorm(net.conv2d(x, name + ".down", channels, 1, 1, 0, "alpha"), name + ".down_bn")
        return net.reverb(y + x)

    def layers(net, x):
        x = net.reverb(net.batchnorm(net.conv2d(x, "stem", width[0], 3, 1, 1), "stem_bn"))
        x = block(net, x, "block1", width[0], 1, "identity")
        x = block(net, x, "block2", width[1], 2, "strided")
        x = block(net, x, "block3", width[2], 2, "pooled")
        x = x.mean((3, 4)) if readout == "pool" else x.flatten(2)
        return net.linear(x, "classifier", classes)

    return layers


def plain(width, classes, readout):
    """plain.rvb: a bias instead of BatchNorm, both pools, binary weights without alpha, a hidden binary linear layer."""
    del readout  # always flattened

    def layers(net, x):
        x = net.reverb(net.conv2d(x, "encode", width[0], 3, 1, 1, "real", bias=True))
        x = net.pool(x, "maximum", 2)
        x = net.reverb(net.batchnorm(net.conv2d(x, "unit", width[1], 3, 1, 1, "binary"), "unit_bn"))
        x = net.pool(x, "average", 2).flatten(2)
        x = net.linear(x, "hidden", width[2], "alpha", bias=False)
        x = net.reverb(net.batchnorm(x[..., None, None], "hidden_bn"))[..., 0, 0]
        return net.linear(x, "classifier", classes)

    return layers


def variants(width, classes, weights):
    """variants.rvb: the smallest network with all that variants touch."""

    def block(net, x, name, channels, stride):
        y = net.batchnorm(net.conv2d(x, name + ".conv1", channels, 3, stride, 1, weights), name + ".bn1")
        y = net.conv2d(net.spike(y, name + ".spike1"), name + ".conv2", channels, 3, 1, 1, weights)
        y = net.batchnorm(y, name + ".bn2", join=True)
        if stride != 1:
            x = net.conv2d(net.pool(x, "average", stride), name + ".shortcut", channels, 1, 1, 0, weights)
            x = net.batchnorm(x, name + ".shortcut_bn", join=True)
        return net.spike(y + x, name + ".spike2")

    def layers(net, x):
        x = net.spike(net.batchnorm(net.conv2d(x, "stem", width, 3, 1, 1), "stem_bn"), "stem_spike")
        x = block(net, x, "block1", width, 1)
        x = block(net, x, "block2", 2 * width, 2)
        x = net.linear(x.flatten(2), "hidden", 6, weights, bias=False)
        x = net.spike(net.batchnorm(x[..., None, None], "hidden_bn")[..., 0, 0], "hidden_spike")
        return net.linear(x, "classifier", classes)

    return layers


def loss(logits, labels, smoothing=0):
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


def tet_loss(steps, labels, share, mean, smoothing=0):
    """Of the logits of every step, [T, N, K] (Deng et al., 2022)."""
    entropy = torch.stack([F.cross_entropy(step, labels, label_smoothing=smoothing) for step in steps]).mean()
    return (1 - share) * entropy + share * F.mse_loss(steps, torch.full_like(steps, mean))
