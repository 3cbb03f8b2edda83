"""A NIR file run by its specification (https://neuroir.org/docs/primitives.html), read with h5py: nodes read the sum of their
edges, and equations go a step of dt forward (Euler), in double precision. It shares nothing with rvbc."""
import h5py
import numpy as np
import torch
import torch.nn.functional as F


def words(value):
    return value.decode() if isinstance(value, bytes) else value


def read(path):
    """Nodes as dictionaries, edges as pairs."""
    with h5py.File(path) as file:
        assert words(file["node/type"][()]) == "NIRGraph" and words(file["version"][()])
        nodes = {name: {part: words(data[()]) for part, data in group.items() if isinstance(data, h5py.Dataset)}
                 for name, group in file["node/nodes"].items()}  # fmt: skip
        edges = [(words(a), words(b)) for a, b in file["node/edges"][()]]
    return nodes, edges


class Neuron:
    KINDS = ("LIF", "IF", "LI", "CubaLIF", "CubaLI")

    def __init__(self, node, dt, extension):
        self.kind = node["type"]
        if self.kind not in self.KINDS and not (extension and self.kind == "RvbLIF"):
            raise ValueError(f"Unknown unit type: {self.kind}")
        number = {part: np.asarray(value, np.float64) for part, value in node.items() if not isinstance(value, str)}
        if self.kind != "IF":
            shape = number["r"].shape
            assert all(value.shape == shape for value in number.values()), "all parameters have one shape"
        self.n, self.dt, self.words = number, dt, node
        self.v = self.i = 0.0

    def step(self, x):
        n, dt = self.n, self.dt
        if self.kind.startswith("Cuba"):
            self.i = self.i + dt / n["tau_syn"] * (-self.i + n["w_in"] * x)
            x = self.i
        if self.kind == "IF":
            self.v = self.v + dt * n["r"] * x
        else:
            tau = n["tau_mem" if self.kind.startswith("Cuba") else "tau"]
            self.v = self.v + dt / tau * ((n["v_leak"] - self.v) + n["r"] * x)
        if self.kind in ("LI", "CubaLI"):
            return self.v
        fires = self.v > n["v_threshold"]
        spike = np.where(fires, self.v, 0) if self.words.get("spike") == "membrane" else fires.astype(np.float64)
        after = self.v - n["v_threshold"] if self.words.get("after") == "subtract" else n["v_reset"]
        self.v = np.where(fires, after, self.v)
        return spike


def tensor(value):
    return torch.from_numpy(np.array(value, np.float64))


def same_time(node, x):
    kind = node["type"]
    if kind in ("Linear", "Affine"):
        y = x @ np.asarray(node["weight"], np.float64).T
        return y + node["bias"] if kind == "Affine" else y
    if kind == "Conv2d":
        padding = node["padding"] if isinstance(node["padding"], str) else np.atleast_1d(node["padding"]).tolist()
        return F.conv2d(tensor(x), tensor(node["weight"]), tensor(node["bias"]), np.atleast_1d(node["stride"]).tolist(),
                        padding, np.atleast_1d(node["dilation"]).tolist(), int(node["groups"])).numpy()  # fmt: skip
    if kind in ("AvgPool2d", "SumPool2d"):
        kernel = np.atleast_1d(node["kernel_size"]).tolist()
        y = F.avg_pool2d(tensor(x), kernel, np.atleast_1d(node["stride"]).tolist(), np.atleast_1d(node["padding"]).tolist())
        return y.numpy() * (np.prod(kernel) if kind == "SumPool2d" else 1)
    if kind == "Flatten":
        begin, end = int(node["start_dim"]), int(node["end_dim"])
        inner = x.shape[1:]
        end = end % len(inner)
        return x.reshape(x.shape[:1] + inner[:begin] + (-1,) + inner[end + 1:])
    if kind == "Scale":
        return x * node["scale"]
    assert kind == "Output", kind
    return x


def run(path, frames, dt=1e-4, extension=False):
    """What reaches the output at every step; frames: [T, N, ...]."""
    nodes, edges = read(path)
    neurons = {name: Neuron(node, dt, extension) for name, node in nodes.items()
               if node["type"] not in ("Input", "Output", "Linear", "Affine", "Conv2d", "AvgPool2d", "SumPool2d", "Flatten",
                                       "Scale")}  # fmt: skip
    (output,) = [name for name, node in nodes.items() if node["type"] == "Output"]
    answers = []
    for frame in frames:
        values = {}

        def value(name):
            if name not in values:
                if nodes[name]["type"] == "Input":
                    assert list(nodes[name]["shape"]) == list(frame.shape[1:])
                    values[name] = frame.astype(np.float64)
                else:
                    x = sum(value(a) for a, b in edges if b == name)
                    values[name] = neurons[name].step(x) if name in neurons else same_time(nodes[name], x)
            return values[name]

        answers.append(value(output))
    return np.array(answers)
