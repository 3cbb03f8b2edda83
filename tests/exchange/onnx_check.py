"""onnx_check.py RVBC ORACLE: exported networks against ONNX's checker, against their own nodes run in double precision
(onnx_numbers.py), and against ONNX Runtime where RVB_ORT names a folder with onnxruntime-node."""
import json
import os
import subprocess

import common
import numpy as np
import onnx
import onnx_numbers
from common import at, call, difference, network

TOLERANCE = 1e-5
SMALL = {"width": 4, "classes": 10}
NETWORKS = [
    ("resnet20", dict(SMALL, size=16)),
    ("resnet20", dict(SMALL, size=16, threshold=0.25, T=3)),
    ("resnet20", dict(SMALL, size=16, events="true", T=3)),
    ("resnet20", dict(SMALL, size=16, events="true", T=2, norm="bntt")),
    ("resnet20", dict(SMALL, size=16, variant="ternary")),
    ("resnet20", dict(SMALL, size=16, T=3, spike="lif_learned(each = channel)")),
    ("resnet19", dict(SMALL, size=16, norm="tebn", T=3)),
    ("vgg16", dict(SMALL, variant="vanilla", T=3)),
    ("resnet18", dict(SMALL, size=32, variant="reverb")),
    ("resnet34", dict(SMALL, size=32, norm="tdbn")),
    ("vggsnn", dict(SMALL, T=4)),
    ("scnn", dict(width=4, size=32, T=20, spike="lif_soft")),
    ("scnn", dict(width=4, size=32, T=3, candidate="asa", classifier="binary(alpha)")),
]  # fmt: skip
WAYS = [["--time", "unrolled"], ["--time", "scan", "--signs", "fold"], []]


class Runtime:
    """ONNX Runtime in a process that answers one line for one."""

    def __init__(self, folder):
        script = os.path.join(common.ROOT, "tests", "exchange", "onnx_runtime.js")
        self.process = subprocess.Popen(["node", script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, model, image):
        request = {"model": model, "shape": image.shape, "input": image.ravel().tolist()}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return np.array(answer["logits"], np.float64).reshape(answer["shape"])


def check(case, name, defines, runtime):
    words = [f"{key}={value}" for key, value in defines.items()]
    weights, image, logits = at(f"{case}.safetensors"), at(f"{case}.x.npy"), at(f"{case}.y.npy")
    call(common.ORACLE, network(name), weights, image, logits, *words)
    x, y = np.load(image), np.load(logits)
    model = at(f"{case}.onnx")
    sizes, worst, theirs = [], 0.0, 0.0
    for way in WAYS[:2] if case == 0 else WAYS[2:] if case % 2 else WAYS[1:2]:
        flags = [word for each in words for word in ("-D", each)]
        call(common.RVBC, "export", network(name), *flags, "--weights", weights, "--format", "onnx", "-o", model, *way)
        made = onnx.load(model)
        onnx.checker.check_model(made, full_check=True)
        assert made.opset_import[0].version == 17 and made.ir_version == 8
        (answer,) = onnx_numbers.run(made, x)
        worst = max(worst, difference(answer, y))
        sizes.append(os.path.getsize(model))
        kinds = {node.op_type for node in made.graph.node}
        scans = "scan" in way or (defines.get("T", 4) > 16 and not way)
        if scans:
            assert "Scan" in kinds or x.ndim == 4, kinds
        else:
            assert "Scan" not in kinds
        if runtime:
            theirs = max(theirs, difference(runtime.run(model, x.astype(np.float32)), y))
    print(f"{name} {' '.join(words)}: {worst:.1e}" + (f", ONNX Runtime {theirs:.1e}" if runtime else ""), flush=True)
    assert worst <= TOLERANCE and theirs <= TOLERANCE


def planted():
    """Signs that are others, and one number of a neuron: the comparison above sees both."""
    x, y = np.load(at("1.x.npy")), np.load(at("1.y.npy"))
    made = onnx.load(at("1.onnx"))
    signs = next(c for c in made.graph.initializer if c.data_type == onnx.TensorProto.INT8)
    signs.raw_data = bytes(256 - sign for sign in signs.raw_data[:36]) + signs.raw_data[36:]
    moved = difference(onnx_numbers.run(made, x)[0], y)
    assert moved > TOLERANCE, moved
    made = onnx.load(at("1.onnx"))
    leak = next(c for c in made.graph.initializer if c.raw_data == np.float32(0.25).tobytes())
    leak.raw_data = np.float32(0.3).tobytes()
    moved = difference(onnx_numbers.run(made, x)[0], y)
    assert moved > TOLERANCE, moved


def faults():
    weights, model = at("0.safetensors"), network("resnet20")
    flags = ["-D", "width=4", "-D", "size=16", "-D", "classes=10"]
    export = [common.RVBC, "export", model, *flags, "--format", "onnx"]
    call(*export, code=2, says=["--weights is required"])
    call(*export, "--weights", at("none.safetensors"), "-o", at("none.onnx"), code=5)
    call(*export, "--weights", weights, "--time", "never", code=2, says=["--time"])
    call(common.RVBC, "export", model, "--weights", weights, "--format", "onyx", code=2, says=["--format"])
    call(common.RVBC, "export", model, "-D", "width=8", "--weights", weights, "--format", "onnx", "-o", at("none.onnx"),
         code=4, says=["do not fit"])  # fmt: skip
    call(*export, "--weights", weights, "-o", weights, code=2, says=["would replace"])
    assert not os.path.exists(at("none.onnx"))
    # A batch of one's own; the same bytes each time; to standard output.
    call(*export, "--weights", weights, "--batch", "3", "-o", at("three.onnx"))
    made = onnx.load(at("three.onnx"))
    assert [d.dim_value for d in made.graph.input[0].type.tensor_type.shape.dim] == [3, 3, 16, 16]
    with open(at("again.onnx"), "wb") as file:
        subprocess.run([*export, "--weights", weights, "--batch", "3"], check=True, stdout=file)
    assert open(at("again.onnx"), "rb").read() == open(at("three.onnx"), "rb").read()


runtime = Runtime(os.environ["RVB_ORT"]) if "RVB_ORT" in os.environ else None
for case, (name, defines) in enumerate(NETWORKS):
    check(case, name, defines, runtime)
planted()
faults()
