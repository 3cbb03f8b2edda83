"""weights_check.py RVBC ORACLE: weights under other names and in NPZ. Networks as SpikingJelly and snnTorch write them,
rebuilt in PyTorch with their modules' names and equations, become files of their state_dict and are imported; the network
then answers what PyTorch does."""
import os
import subprocess
import sys

import common
import numpy as np
import torch
from common import ROOT, at, call, difference, network
from torch import nn

sys.path.insert(0, os.path.join(ROOT, "tests", "golden"))
import safetensors_file  # noqa: E402

TOLERANCE = 1e-5
torch.manual_seed(3)


class IFNode(nn.Module):
    def __init__(self, v_threshold=1.0, v_reset=0.0):
        super().__init__()
        self.v_threshold, self.v_reset, self.v = v_threshold, v_reset, v_reset or 0.0

    def charge(self, x):
        return self.v + x

    def forward(self, x):
        v = self.charge(x)
        spike = (v >= self.v_threshold).to(x)
        self.v = v - spike * self.v_threshold if self.v_reset is None else spike * self.v_reset + (1 - spike) * v
        return spike


class LIFNode(IFNode):
    def __init__(self, tau=2.0, decay_input=True, **options):
        super().__init__(**options)
        self.tau, self.decay_input = tau, decay_input

    def share(self):
        return 1 / self.tau

    def charge(self, x):
        rest = self.v - (self.v_reset or 0.0)
        return self.v + (x - rest) * self.share() if self.decay_input else self.v - rest * self.share() + x


class ParametricLIFNode(LIFNode):
    def __init__(self, init_tau=2.0, **options):
        super().__init__(**options)
        self.w = nn.Parameter(torch.tensor(-np.log(init_tau - 1.0)))

    def share(self):
        return torch.sigmoid(self.w)


class Leaky(nn.Module):
    """snnTorch's, with what it keeps in a state_dict."""

    def __init__(self, beta, threshold=1.0, learn=False, zero=False):
        super().__init__()
        for name, value in [("beta", beta), ("threshold", threshold)]:
            tensor = torch.tensor(float(value))
            self.register_parameter(name, nn.Parameter(tensor)) if learn else self.register_buffer(name, tensor)
        self.register_buffer("graded_spikes_factor", torch.tensor(1.0))
        self.register_buffer("reset_mechanism_val", torch.tensor(1 if zero else 0))
        self.zero, self.mem = zero, 0.0

    def forward(self, x):
        mem = self.mem + torch.zeros_like(x)
        reset = (mem - self.threshold > 0).to(x)
        beta = self.beta.clamp(0, 1)
        mem = beta * ((1 - reset) * mem) + x if self.zero else beta * mem + x - reset * self.threshold
        self.mem = mem
        return (mem - self.threshold > 0).to(x)


def settle(net):
    """Numbers that are nobody's defaults."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data = 1 + 0.3 * torch.randn_like(module.weight)
            module.bias.data = 0.3 + 0.3 * torch.randn_like(module.bias)
            module.running_mean = 0.2 * torch.randn_like(module.running_mean)
            module.running_var = 0.3 * torch.exp(0.3 * torch.randn_like(module.running_var))
        if isinstance(module, ParametricLIFNode):
            module.w.data += 0.3
    return net.eval()


def answers(net, x, steps):
    with torch.no_grad():
        net = net.double()
        return sum(net(x.double()) for _ in range(steps)).numpy() / steps


SPIKINGJELLY = """
import spikingjelly

network CSNN(image: [1, 12, 12] repeated 4) {
  x = image |> conv2d(8, padding = 1) |> batchnorm |> IFNode |> maxpool(2)
  x = x |> conv2d(8, padding = 1) |> batchnorm |> LIFNode(tau = 1.5, v_threshold = 0.5) |> maxpool(2)
  x = x |> conv2d(8, padding = 1) |> batchnorm |> LIFNode(decay_input = false, soft_reset = true)
  x = x |> flatten |> linear(20, bias = false) |> ParametricLIFNode(v_threshold = 0.25, v_reset = -0.125)
  return x |> linear(10, bias = false) |> mean_over_time
}
"""


class CSNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_fc = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), IFNode(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), LIFNode(1.5, v_threshold=0.5), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), LIFNode(decay_input=False, v_reset=None),
            nn.Flatten(),
            nn.Linear(72, 20, bias=False), ParametricLIFNode(v_threshold=0.25, v_reset=-0.125),
            nn.Linear(20, 10, bias=False))  # fmt: skip

    def forward(self, x):
        return self.conv_fc(x)


SNNTORCH = """
import snntorch

network Net(image: [1, 12, 12] repeated 5) {
  x = image |> conv2d(6, kernel = 5, bias = true) as conv1 |> Leaky(beta = 0.75, threshold = 0.5) as lif1
  x = x |> conv2d(8, bias = true) as conv2 |> Leaky(beta = 0.5, threshold = 0.25, zero = true) as lif2
  x = x |> flatten |> linear(30) as fc1 |> LeakyLearned as lif3
  return x |> linear(10) as fc2 |> mean_over_time
}
"""


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.lif1 = nn.Conv2d(1, 6, 5), Leaky(0.75, 0.5)
        self.conv2, self.lif2 = nn.Conv2d(6, 8, 3), Leaky(0.5, 0.25, zero=True)
        self.fc1, self.lif3 = nn.Linear(8 * 36, 30), Leaky(0.7, 0.2, learn=True)
        self.fc2 = nn.Linear(30, 10)

    def forward(self, x):
        x = self.lif2(self.conv2(self.lif1(self.conv1(x))))
        return self.fc2(self.lif3(self.fc1(x.flatten(1))))


def imported(name, text, net, steps, save, map_name, says):
    with open(at(name + ".rvb"), "w") as file:
        file.write(text)
    state = {key: value.numpy() for key, value in net.state_dict().items()}
    source = save(at(name + ".source"), state)
    arguments = ["--network", at(name + ".rvb"), "--map", map_name, "-o", at(name + ".safetensors")]
    call(common.RVBC, "import", source, *arguments, says=says)
    x = 1.5 * torch.randn(3, 1, 12, 12)
    np.save(at(name + ".x.npy"), x.numpy())
    call(common.ORACLE, at(name + ".rvb"), at(name + ".safetensors"), at(name + ".x.npy"), at(name + ".y.npy"))
    found = difference(np.load(at(name + ".y.npy")), answers(net, x, steps))
    print(f"{name}: {found:.1e}")
    assert found <= TOLERANCE


def as_npz(path, state):
    np.savez_compressed(path + ".npz", **state)
    return path + ".npz"


def as_safetensors(path, state):
    real = {key: value for key, value in state.items() if value.dtype == np.float32}
    safetensors_file.write(path, real)
    return path


def zoo():
    """The names of SpikingJelly's spiking_resnet18 onto those of the library's resnet18."""
    flags = ["-D", "width=4", "-D", "size=32", "-D", "classes=10", "-D", "variant=vanilla"]
    words = [word for word in flags if word != "-D"]
    call(common.ORACLE, network("resnet18"), at("zoo.w"), at("zoo.x.npy"), at("zoo.y.npy"), *words)
    ours = safetensors_file.read(at("zoo.w"))
    theirs = {}
    for name, values in ours.items():
        parts = name.split(".")
        if parts[0] == "layer":
            block = {"shortcut": "downsample.0", "shortcut_bn": "downsample.1"}.get(parts[3], parts[3])
            key = f"layer{int(parts[1]) + 1}.{parts[2]}.{block}.{parts[4]}"
        else:
            key = {"stem": "conv1", "stem_bn": "bn1", "classifier": "fc"}[parts[0]] + "." + parts[1]
        theirs["module." + key] = values
    np.savez(at("zoo.npz"), **theirs)
    said = call(common.RVBC, "import", at("zoo.npz"), "--network", network("resnet18"), *flags, "--map", "spikingjelly",
                "-o", at("zoo.out.npz"), says=["`module.` is taken off", "parameters taken: "])  # fmt: skip
    assert "by order" not in said and "left over" not in said, said
    back = np.load(at("zoo.out.npz"))
    assert sorted(back.files) == sorted(ours)
    for name, values in ours.items():
        assert back[name].dtype == np.float32 and np.array_equal(back[name], values), name
        assert back[name].ndim == values.ndim
    assert max(back[name].ndim for name in ours) == 4
    # The archive is read where safetensors are, and a program of rvbc answers the same.
    call(common.ORACLE, network("resnet18"), at("zoo.out.npz"), at("zoo.x.npy"), at("zoo.npz.y.npy"), *words)
    assert np.array_equal(np.load(at("zoo.npz.y.npy")), np.load(at("zoo.y.npy")))


def programs():
    """NPZ in place of safetensors wherever a program reads or writes weights."""
    tiny = os.path.join(ROOT, "tests", "end_to_end", "tiny.rvb")
    call(common.RVBC, tiny, "-q", "-o", at("tiny"))
    call(at("tiny"), "init", "--seed", "4", "-o", at("tiny.npz"))
    call(at("tiny"), "init", "--seed", "4", "-o", at("tiny.safetensors"))
    plain, archive = safetensors_file.read(at("tiny.safetensors")), np.load(at("tiny.npz"))
    assert sorted(plain) == sorted(archive.files)
    for name in plain:
        assert np.array_equal(plain[name], archive[name]), name
    np.save(at("tiny.x.npy"), np.random.default_rng(1).standard_normal((6, 1, 28, 28), np.float32))
    np.save(at("tiny.l.npy"), np.arange(6))
    for ending in ("npz", "safetensors"):
        call(at("tiny"), "gradient", "--weights", at("tiny." + ending), "--input", at("tiny.x.npy"), "--labels",
             at("tiny.l.npy"), "--output", at("gradient." + ending))  # fmt: skip
    plain, archive = safetensors_file.read(at("gradient.safetensors")), np.load(at("gradient.npz"))
    for name in plain:
        assert np.array_equal(plain[name], archive[name]), name
    with open(at("tiny.npz"), "rb") as file:
        first = file.read()
    call(at("tiny"), "init", "--seed", "4", "-o", at("tiny.npz"))
    assert open(at("tiny.npz"), "rb").read() == first  # no time in it


def faults():
    rvb, out = at("spikingjelly.rvb"), at("none.safetensors")
    source = at("spikingjelly.source.npz")
    command = [common.RVBC, "import", source, "--network", rvb, "-o", out]
    call(*command, code=4, says=["missing", "conv2d.weight [8, 1, 3, 3]", "left over", "--by-order", "nothing is written"])
    call(*command, "--map", "spikngjelly", code=2, says=["did you mean `spikingjelly`?"])
    with open(at("bad.map"), "w") as file:
        file.write("# a comment\na.* -> b\n")
    call(*command, "--map", at("bad.map"), code=1, says=["bad.map:2: "])
    with open(at("some.map"), "w") as file:
        file.write("conv_fc.0.* -> conv2d_3.*\n")
    call(*command, "--map", at("some.map"), code=4, says=["conv2d_3.weight [8, 8, 3, 3]: conv_fc.0.weight is F32 [8, 1, 3, 3]"])
    assert not os.path.exists(out)
    torch.save(CSNN().state_dict(), at("checkpoint.pt"))
    torch.save(CSNN().state_dict(), at("old.pt"), _use_new_zipfile_serialization=False)
    for name in ("checkpoint", "old"):
        call(common.RVBC, "import", at(name + ".pt"), "--network", rvb, "-o", out, code=1,
             says=["import torch; from safetensors.torch import save_file", f'torch.load("{at(name + ".pt")}"',
                   f'save_file({{name: value.contiguous() for name, value in state.items()}}, "{at(name)}.safetensors")'])  # fmt: skip
    call(common.RVBC, "import", source, "--network", rvb, "-o", source, code=2, says=["would replace"])
    whole = open(source, "rb").read()
    for cut in (0, 10, 100, len(whole) // 2, len(whole) - 1):
        with open(at("cut.npz"), "wb") as file:
            file.write(whole[:cut])
        call(common.RVBC, "import", at("cut.npz"), "--network", rvb, "-o", out, code=1, says=["cut.npz"])
    np.savez(at("words.npz"), **{"conv2d.weight": np.array(["a"])})
    call(common.RVBC, "import", at("words.npz"), "--network", rvb, "-o", out, code=1, says=["words.npz (conv2d.weight)"])
    np.savez(at("wrong.npz"), **dict(np.load(source), **{"conv_fc.0.weight": np.full((8, 1, 3, 3), np.nan, "f4")}))
    call(common.RVBC, "import", at("wrong.npz"), "--network", rvb, "--by-order", "-o", out, code=1, says=["not finite"])
    assert not os.path.exists(out)


imported("spikingjelly", SPIKINGJELLY, settle(CSNN()), 4, as_npz, "spikingjelly",
         ["taken      conv2d_3.weight [8, 8, 3, 3] from conv_fc.8.weight, by order", "left out   conv_fc.1.num_batches_tracked",
          "taken      ParametricLIFNode.w [1] from conv_fc.13.w, by order"])  # fmt: skip
imported("snntorch", SNNTORCH, settle(Net()), 5, as_safetensors, "snntorch",
         ["taken      conv1.weight [6, 1, 5, 5]\n", "left over  lif1.beta [] = 0.75",
          "taken      lif3.decay [1] from lif3.beta, by the map"])  # fmt: skip
zoo()
programs()
faults()
