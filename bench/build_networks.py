"""Makes what is timed: our programs with rvbc, the models of ONNX Runtime. Everything is kept for the next run."""
import glob
import json
import os
import subprocess
import sys

import numpy
import works
from contenders import PEERS, OnnxRuntime


def call(command, **options):
    """Shows a command's output only when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        raise RuntimeError(f"failed: {' '.join(command)}")
    return done.stdout


def fresh(path, *sources):
    """Whether the file is there and newer than what it was made from."""
    return os.path.exists(path) and all(os.path.getmtime(path) > os.path.getmtime(source) for source in sources)


class Programs:
    """rvbc's trained and deployed programs of a network."""

    def __init__(self, rvbc, root, folder):
        self.rvbc, self.root, self.folder = rvbc, root, folder
        runtime = os.path.join(os.path.dirname(rvbc), "..", "lib", "rvb", "*.a")
        self.sources = [rvbc, *glob.glob(runtime), *glob.glob(os.path.join(root, "stdlib", "**", "*.rvb"), recursive=True)]
        help_text = subprocess.run([rvbc, "deploy", "--help"], capture_output=True, text=True).stdout
        self.spikes = works.SPIKES if "--spikes" in help_text else works.SPIKES[:1]

    def source(self, network):
        n = works.NETWORKS[network]
        defines = [word for name, value in n.defines.items() for word in ("-D", f"{name}={value}")]
        return [os.path.join(self.root, "stdlib", "networks", n.file + ".rvb"), *defines]

    def path(self, network, kind):
        return os.path.join(self.folder, f"{network}.{kind}")

    def trained(self, network):
        path = self.path(network, "trained")
        if not (fresh(path, *self.sources) and fresh(path + ".safetensors", path)):
            call([self.rvbc, *self.source(network), "-o", path])
            call([path, "init", "--seed", "1", "-o", path + ".safetensors"])
        return path

    def samples(self, network):
        """Inputs that calibrate fixed point: normal numbers, as the timed ones."""
        path = self.path(network, "samples.npy")
        if not os.path.exists(path):
            n = works.NETWORKS[network]
            leading = [4] if n.static else [n.steps, 4]
            numpy.save(path, numpy.random.default_rng(1).standard_normal([*leading, *works.SHAPES[network]], "f4"))
        return path

    def deployed(self, network, spikes):
        path = self.path(network, "deployed." + spikes)
        if not fresh(path, *self.sources):
            weights = self.trained(network) + ".safetensors"
            extra = [] if spikes == "f32" else ["--spikes", spikes, "--calibrate", self.samples(network)]
            call([self.rvbc, "deploy", *self.source(network), "--weights", weights, "-o", path, *extra])
        return path


class Models:
    """ONNX models of a network, made once."""

    def __init__(self, folder):
        self.folder = folder
        self.sources = [os.path.join(PEERS, name) for name in ("networks.py", "export_onnx.py")]

    def export(self, path, network, batch, collapsed, *more):
        command = ["/usr/bin/python3", os.path.join(PEERS, "export_onnx.py"), path, "--network", network, "--batch",
                   str(batch), *more]  # fmt: skip
        call(command + (["--collapsed"] if collapsed else []))

    def ranges(self, network, collapsed):
        stem = os.path.join(self.folder, network + (".collapsed" if collapsed else ""))
        path = stem + ".ranges.json"
        if not fresh(path, *self.sources):
            self.export(stem + ".all.onnx", network, 2, collapsed, "--show-all")
            request = {"do": "ranges", "model": stem + ".all.onnx", "shape": shape(network, 2), "threads": 1,
                       "input": stem + ".all.f32"}  # fmt: skip
            text = subprocess.run(
                ["node", os.path.join(OnnxRuntime.folder, "ort_worker.js")], input=json.dumps(request) + "\n",
                check=True, capture_output=True, text=True).stdout  # fmt: skip
            with open(path + ".part", "w") as file:
                file.write(text)
            os.replace(path + ".part", path)
            os.remove(stem + ".all.onnx")
        return path

    def model(self, network, batch, kind, collapsed):
        name = f"{network}.{batch}.{kind}" + (".collapsed" if collapsed else "") + ".onnx"
        path = os.path.join(self.folder, name)
        if not fresh(path, *self.sources):
            more = ["--ranges", self.ranges(network, collapsed)] if kind == "int8" else []
            self.export(path, network, batch, collapsed, *more)
        return path


def shape(network, batch):
    n = works.NETWORKS[network]
    return [batch if n.static else batch * n.steps, *works.SHAPES[network]]
