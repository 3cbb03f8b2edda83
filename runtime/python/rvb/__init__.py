"""Networks that rvbc compiled, from Python, with NumPy and nothing else.

    rvbc deploy fashion.rvb --weights W.safetensors --emit=so -o fashion.so

    import rvb
    net = rvb.Network("fashion.so")
    logits = net(net.prepare(pictures))       # uint8 [N, 28, 28] -> float32 [N, 10]

    program = rvb.compile("fashion.rvb")      # calls rvbc
    program.train(data="/usr/share/datasets/fashion-mnist", epochs=8, run_dir="run")
    program.evaluate(data="/usr/share/datasets/fashion-mnist", weights="run/last.safetensors")["accuracy"]
    weights = rvb.load_weights("run/last.safetensors")

In a notebook, `program` shows the network's drawing and layers, `program.report()` a training run, `net` its layers.

rvb.torch, which needs PyTorch, has networks as modules with their gradients.
"""

from .network import Error, Network
from .pages import Drawing, Page
from .programs import CompileError, Program, ProgramError, compile, deploy, graph
from .weights import load_weights, save_weights

__all__ = ["CompileError", "Drawing", "Error", "Network", "Page", "Program", "ProgramError", "compile", "deploy", "graph",
           "load_weights", "save_weights"]
