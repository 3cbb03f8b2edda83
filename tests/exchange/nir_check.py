"""nir_check.py RVBC ORACLE: networks to NIR and back, against a reader of the specification (nir_numbers.py)."""
import os
import subprocess

import common
import h5py
import nir_numbers
import numpy as np
from common import at, call, difference, network

TOLERANCE = 1e-5

PLAIN = """
import neurons

network Net(image: [2, 8, 8] repeated 4) {
  x = image |> conv2d(6, padding = 1, weights = binary(alpha)) as conv1 |> batchnorm |> lif
  y = x |> conv2d(6, padding = 1, bias = true) as conv2 |> batchnorm(scale = 0.5)
  x = (y + x) |> lif(tau = 0.75, threshold = 0.3) |> avgpool(3, stride = 2, padding = 1)
  x = x |> conv2d(8, stride = 2, weights = ternary(alpha)) |> lif_learned(each = channel) as learned
  return x |> flatten |> linear(20) |> lif_learned |> vote(4) |> mean_over_time
}
"""
CURRENTS = """
neuron cuba(a = 0.6, b = 0.8) {
  state i = 0
  state v = 0
  i = a * i + 0.5 * input
  v = b * v + 1.5 * i + 0.01
  fires = v > 0.25
  emit fires ? 1 : 0
  v = fires ? -0.1 : v
}

neuron integrate {
  state v = 0
  v = v + 0.3 * input
  emit step(v - 1)
  v = v >= 1 ? 0 : v
}

network Net(frames: [12] over 6) {
  x = frames |> linear(16) |> cuba |> linear(16) |> integrate
  return x |> linear(5) |> mean_over_time
}
"""
REAL = """
import neurons

network Net(frames: [2, 8, 8] over 5) {
  x = frames |> conv2d(6, padding = 1, weights = binary(alpha)) |> batchnorm |> reverb(threshold = 0.1)
  x = x |> conv2d(6, padding = 1, weights = binary) |> batchnorm |> lif_soft |> avgpool(2) |> flatten
  return x |> linear(10) |> reverb_learned(each = channel) |> linear(3) |> mean_over_time
}
"""
SMALL = {"width": "4", "classes": "10"}
NETWORKS = [
    ("plain", PLAIN, {}),
    ("currents", CURRENTS, {}),
    ("real", REAL, {}),
    ("vgg16", None, dict(SMALL, variant="vanilla", T="3")),
    ("resnet20", None, dict(SMALL, variant="vanilla", size="16", T="3", norm="tdbn")),
    ("resnet18", None, dict(SMALL, variant="ternary", size="32", spike="lif", T="2")),
]


def datasets(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.__setitem__(name, item[()]) if isinstance(item, h5py.Dataset) else None)
    return found


def frames_of(x, steps):
    return x if steps is None else np.stack([x] * steps)


def check(name, text, defines):
    source = network(name)
    if text:
        source = at(name + ".rvb")
        with open(source, "w") as file:
            file.write(text)
    words = [f"{key}={value}" for key, value in defines.items()]
    flags = [word for each in words for word in ("-D", each)]
    call(common.ORACLE, source, at(name + ".w"), at(name + ".x.npy"), at(name + ".y.npy"), *words)
    x, y = np.load(at(name + ".x.npy")), np.load(at(name + ".y.npy"))
    export = [common.RVBC, "export", source, *flags, "--weights", at(name + ".w"), "--format", "nir"]
    call(*export, "-o", at(name + ".nir"))
    call(*export, "-o", at(name + ".again.nir"))
    assert open(at(name + ".nir"), "rb").read() == open(at(name + ".again.nir"), "rb").read()
    steps = int(datasets(at(name + ".nir"))["node/metadata/rvb_steps"])
    frames = frames_of(x, None if "over" in (text or "") and "repeated" not in text else steps)
    extension = name == "real"
    theirs = difference(nir_numbers.run(at(name + ".nir"), frames, extension=extension).mean(0), y)
    # Back: the same answers, and the same file again.
    call(common.RVBC, "import", at(name + ".nir"), "-o", at(name + ".back.rvb"))
    call(common.ORACLE, at(name + ".back.rvb"), at(name + ".back.safetensors"), at(name + ".x.npy"), at(name + ".z.npy"))
    ours = difference(np.load(at(name + ".z.npy")), y)
    call(common.RVBC, "export", at(name + ".back.rvb"), "--weights", at(name + ".back.safetensors"), "--format", "nir",
         "-o", at(name + ".back.nir"))  # fmt: skip
    first, second = datasets(at(name + ".nir")), datasets(at(name + ".back.nir"))
    assert sorted(first) == sorted(second), sorted(set(first) ^ set(second))
    for key, value in first.items():
        if key == "node/edges":
            continue
        # A learned leak below 0.5 may come back as its neighbour: tau is rounded to single precision in the file.
        learned = np.asarray(value).dtype.kind == "f" and "learned" in key and extension
        assert np.allclose(value, second[key], 1e-6, 0) if learned else np.array_equal(value, second[key]), key
    assert sorted(map(tuple, first["node/edges"])) == sorted(map(tuple, second["node/edges"]))
    print(f"{name} {' '.join(words)}: by the specification {theirs:.1e}, back {ours:.1e}", flush=True)
    assert theirs <= TOLERANCE and ours <= TOLERANCE


def write(path, nodes, edges, **options):
    """As NIR's own writer lays a file out."""
    with h5py.File(path, "w") as file:
        file.create_dataset("version", data="1.0.4", dtype=h5py.string_dtype())
        top = file.create_group("node")
        top.create_dataset("type", data="NIRGraph", dtype=h5py.string_dtype())
        top.create_dataset("edges", data=edges)
        for name, node in nodes.items():
            group = top.create_group("nodes/" + name)
            for part, value in node.items():
                if isinstance(value, str):
                    group.create_dataset(part, data=value, dtype=h5py.string_dtype())
                elif isinstance(value, np.ndarray) and value.ndim:
                    group.create_dataset(part, data=value, compression="gzip")
                else:
                    group.create_dataset(part, data=value)


def foreign():
    """A file of somebody else's: double precision, other node types, names that the language has not."""
    random = np.random.default_rng(2)
    full = lambda low, high: np.repeat(random.uniform(low, high, (4, 1)), 36, 1).reshape(4, 6, 6)  # noqa: E731
    one = lambda value, *shape: np.full(shape, value)  # noqa: E731
    nodes = {
        "input": {"type": "Input", "shape": np.array([2, 6, 6])},
        "0.conv": {"type": "Conv2d", "weight": random.normal(size=(4, 2, 3, 3)), "bias": random.normal(size=4),
                   "stride": 1, "padding": "same", "dilation": np.array([1, 1]), "groups": 1},
        "1": {"type": "LIF", "tau": full(2e-4, 1e-3), "r": full(1, 4), "v_leak": full(-0.1, 0.1),
              "v_threshold": full(0.3, 0.6), "v_reset": full(-0.2, 0.0)},
        "pool": {"type": "SumPool2d", "kernel_size": np.array([2, 2]), "stride": np.array([2, 2]), "padding": 0},
        "repeat": {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": np.array([4, 3, 3])},
        "half": {"type": "Scale", "scale": one(0.5, 36)},
        "fc": {"type": "Linear", "weight": random.normal(size=(8, 36)) / 3},
        "cuba": {"type": "CubaLIF", "tau_mem": one(3e-4, 8), "tau_syn": one(2e-4, 8), "r": one(1.5, 8),
                 "v_leak": one(0.0, 8), "v_threshold": one(0.4, 8), "v_reset": one(0.0, 8), "w_in": random.uniform(1, 3, 8)},
        "out": {"type": "Affine", "weight": random.normal(size=(3, 8)), "bias": random.normal(size=3)},
        "li": {"type": "LI", "tau": one(5e-4, 3), "r": one(1.0, 3), "v_leak": one(0.0, 3)},
        "output": {"type": "Output", "shape": np.array([3])},
    }  # fmt: skip
    names = list(nodes)
    edges = list(zip(names, names[1:]))
    write(at("foreign.nir"), nodes, edges)
    call(common.RVBC, "import", at("foreign.nir"), "-o", at("foreign.rvb"), code=2, says=["--steps T"])
    call(common.RVBC, "import", at("foreign.nir"), "-o", at("foreign.rvb"), "--steps", "7")
    call(common.ORACLE, at("foreign.rvb"), at("foreign.safetensors"), at("foreign.x.npy"), at("foreign.y.npy"))
    x = np.load(at("foreign.x.npy"))
    found = difference(nir_numbers.run(at("foreign.nir"), x).mean(0), np.load(at("foreign.y.npy")))
    print(f"foreign: {found:.1e}")
    assert x.shape[0] == 7 and found <= TOLERANCE
    return nodes, edges


def faults(nodes, edges):
    def refused(says, edges=edges, code=1, flags=(), **changes):
        write(at("bad.nir"), {key: dict(node, **changes.get("n" + key.replace(".", "_"), {})) for key, node in nodes.items()}, edges)
        call(common.RVBC, "import", at("bad.nir"), "-o", at("bad.rvb"), "--steps", "3", *flags, code=code, says=says)

    refused(["recurrent networks are not read"], edges + [("cuba", "fc")])
    refused(["names `ghost`"], edges + [("ghost", "fc")])
    refused(["node `1` (LIF): `r` differs within a channel"], n1={"r": np.random.default_rng(1).normal(size=(4, 6, 6))})
    refused(["node `1` (Teleport): there is nothing like it"], n1={"type": "Teleport"})
    refused(["a graph within the graph"], n1={"type": "NIRGraph"})
    refused(["shorter than a step of 0.01"], flags=["--dt", "0.01"])
    refused(["its weights are no matrix"], nfc={"weight": np.zeros(8)})
    refused(["RVB0201"], nrepeat={"type": "Scale", "scale": np.ones((4, 3, 3))})
    refused(["groups"], n0_conv={"groups": 1000})
    with h5py.File(at("other.h5"), "w") as file:
        file.create_dataset("labels", data=np.arange(3))
    call(common.RVBC, "import", at("other.h5"), "-o", at("bad.rvb"), code=1, says=["no network in NIR"])
    whole = open(at("foreign.nir"), "rb").read()
    random = np.random.default_rng(5)
    for cut in (8, 100, len(whole) // 2, len(whole) - 1):
        with open(at("cut.nir"), "wb") as file:
            file.write(whole[:cut])
        call(common.RVBC, "import", at("cut.nir"), "-o", at("bad.rvb"), "--steps", "3", code=1, says=["cut.nir"])
    for _ in range(6):  # whatever is in it: an answer, or a reason
        damaged = bytearray(whole)
        for place in random.integers(100, len(whole), 20):
            damaged[place] = random.integers(256)
        with open(at("cut.nir"), "wb") as file:
            file.write(damaged)
        done = subprocess.run([common.RVBC, "import", at("cut.nir"), "-o", at("damaged.rvb"), "--steps", "3"], capture_output=True)
        assert done.returncode in (0, 1), (done.returncode, done.stderr)
    assert not os.path.exists(at("bad.rvb")) and not os.path.exists(at("bad.safetensors"))
    # What NIR has not is named; real spikes are an extension that others refuse.
    export = [common.RVBC, "export", "--format", "nir", "-o", at("none.nir"), "--weights", at("real.w")]
    pools = REAL.replace("avgpool(2)", "maxpool(2)")
    late = REAL.replace("lif_soft", "late") + "neuron late { state v = 0 r = v > 1 ? 1 : 0 v = 0.5 * v + input - r emit step(v - 1) }"
    for text, says in [(pools, "layer `maxpool` (maxpool) has no NIR form: NIR has pools"),
                       (late, "layer `late` (neuron) has no NIR form")]:  # fmt: skip
        with open(at("none.rvb"), "w") as file:
            file.write(text)
        call(*export, at("none.rvb"), code=1, says=[says])
    call(*export, at("real.rvb"), "--batch", "2", code=2, says=["belong to --format onnx"])
    assert not os.path.exists(at("none.nir"))
    try:
        nir_numbers.run(at("real.nir"), np.load(at("real.x.npy")))
        raise AssertionError("real spikes were read as others")
    except ValueError as error:
        assert "Unknown unit type: RvbLIF" in str(error)


for case in NETWORKS:
    check(*case)
faults(*foreign())
