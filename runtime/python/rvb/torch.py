"""Compiled networks as modules of PyTorch, for those who keep their own loop. `import rvb.torch` needs PyTorch.

    rvbc fashion.rvb --emit=so -o fashion.so

    import rvb.torch
    net = rvb.torch.Network("fashion.so")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    loss = net(images, labels)                # the network's own loss
    loss.backward()
    optimizer.step()
    logits = net.eval()(images)
    torch.save(net.state_dict(), "weights.pt")
"""

from __future__ import annotations

import ctypes
import json
import os
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

try:
    import torch
except ImportError as error:
    raise ImportError("rvb.torch needs PyTorch (Debian: python3-torch); rvb without it works with NumPy") from error

from .network import Error, Network as _Deployed, open_library
from .weights import load_weights


class _Port(ctypes.Structure):  # rvb_port of program.h
    _fields_ = [("name", ctypes.c_char_p), ("role", ctypes.c_int32), ("element", ctypes.c_int32),
                ("rank", ctypes.c_int32), ("initial", ctypes.c_float), ("dims", ctypes.POINTER(ctypes.c_int64))]


class _Function(ctypes.Structure):  # rvb_function
    _fields_ = [("name", ctypes.c_char_p), ("run", ctypes.c_void_p), ("static_bytes", ctypes.c_int64),
                ("sample_bytes", ctypes.c_int64), ("argument_count", ctypes.c_int32),
                ("result_count", ctypes.c_int32), ("arguments", ctypes.POINTER(_Port)),
                ("results", ctypes.POINTER(_Port))]


class _Frame(ctypes.Structure):  # rvb_frame
    _fields_ = [("batch", ctypes.c_int64), ("arguments", ctypes.POINTER(ctypes.c_void_p)),
                ("results", ctypes.POINTER(ctypes.c_void_p)), ("block", ctypes.c_void_p)]


_INPUT, _LABELS, _PARAMETER, _LOGITS, _LOSS, _GRADIENT, _STATISTIC = 1, 2, 3, 5, 6, 7, 8  # rvb_role
_KEY, _PROGRESS = 13, 14


class _Compiled:
    """The functions of a library, called with tensors in memory order."""

    def __init__(self, path: str, threads: int):
        self.library = open_library(path)
        self.library.rvb_evaluate.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(_Frame), ctypes.c_int]
        self.program = self.library.rvb_library()
        contents = self.program.contents
        table = ctypes.cast(contents.functions, ctypes.POINTER(_Function))
        self.functions = {table[i].name.decode(): table[i] for i in range(contents.function_count)}
        self.manifest: dict = json.loads(contents.manifest.decode())
        self.threads = threads
        self.block = torch.empty(0, dtype=torch.uint8)

    def call(self, name: str, count: int, given: Dict[Any, torch.Tensor]) -> Dict[Any, torch.Tensor]:
        """Arguments and results by (role, name); of roles that stand alone by (role, None)."""
        function = self.functions[name]
        arguments = (ctypes.c_void_p * function.argument_count)()
        for i in range(function.argument_count):
            port = function.arguments[i]
            key = (port.role, port.name.decode() if port.role == _PARAMETER else None)
            arguments[i] = given[key].data_ptr()
        results = (ctypes.c_void_p * function.result_count)()
        made = {}
        for i in range(function.result_count):
            port = function.results[i]
            dims = [count if port.dims[d] < 0 else port.dims[d] for d in range(port.rank)]
            key = (port.role, None if port.role in (_LOGITS, _LOSS) else port.name.decode())
            made[key] = torch.empty(dims, dtype=torch.float32)
            results[i] = made[key].data_ptr()
        bytes_ = function.static_bytes + count * function.sample_bytes + 64
        if self.block.numel() < bytes_ + 64:
            self.block = torch.empty(bytes_ + 64, dtype=torch.uint8)
        block = (self.block.data_ptr() + 63) // 64 * 64
        status = self.library.rvb_evaluate(self.program, name.encode(), _Frame(count, arguments, results, block),
                                           self.threads)
        if status != 0:
            raise Error(status, self.library.rvb_status_text(status).decode())
        return made


class _Loss(torch.autograd.Function):
    """The loss of a batch; the gradient by all parameters comes with it."""

    @staticmethod
    def forward(context: Any, network: "Network", given: dict, count: int, *parameters: torch.Tensor) -> torch.Tensor:
        made = network._compiled.call("gradient", count, given)
        network._take(made)
        context.gradients = [network._to_disk(name, made[_GRADIENT, name]) for name in network._trainable]
        return made[_LOSS, None].reshape(())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, upstream: torch.Tensor) -> Any:
        return (None, None, None, *[upstream * gradient for gradient in context.gradients])


def _aligned(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.contiguous()
    return tensor if tensor.data_ptr() % 64 == 0 else tensor.clone()


class Network(torch.nn.Module):
    """A network that rvbc made with --emit=so: one that trains, or a deployed one (without parameters or gradients).

    Parameters and buffers have the names and shapes of its weight files. `net(x, labels)` is the network's own loss of a
    batch, differentiable by the parameters; in training mode it moves BatchNorm's running statistics, and `net.logits` are
    the logits that it was taken of. `net.progress`, from 0 to 1, is what `progress()` gives. `net(x)` are logits without gradients, with the running statistics. x: float32
    [N, C, H, W], sequences [T, N, C, H, W], normalised; labels: integers [N], numbers [N, M] of a regression.
    """

    def __init__(self, path: str, weights: Optional[str] = None, threads: int = 0, seed: int = 1):
        super().__init__()
        path = os.fspath(path)
        self._compiled = _Compiled(path, threads)
        manifest = self._compiled.manifest
        self._deployed = _Deployed(path, threads=threads) if manifest["deployed"] else None
        self._sequence = bool(manifest["input"]["sequence"])
        self._steps = manifest["input"]["steps"]
        self._shape = tuple(manifest["input"]["shape"])
        self._classes = manifest["classes"]
        self._described = {p["name"]: p for p in manifest["parameters"]}
        self._trainable = [name for name, p in self._described.items() if p["trainable"]]
        self._seed, self._calls = seed, 0
        self.progress = 1.0
        self.logits: Optional[torch.Tensor] = None
        draw = torch.Generator().manual_seed(seed)
        for name, p in self._described.items():
            value = torch.full(p["shape"], float(p["initializer"]["value"]))
            if p["initializer"]["kind"] == "normal":
                value = torch.randn(p["shape"], generator=draw) * p["initializer"]["value"]
            self._add(name, value, p["trainable"])
        if weights is not None:
            self.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in load_weights(weights).items()})

    def _add(self, name: str, value: torch.Tensor, trainable: bool) -> None:
        *folders, last = name.split(".")
        module: torch.nn.Module = self
        for folder in folders:
            if folder not in module._modules:
                module.add_module(folder, torch.nn.Module())
            module = module._modules[folder]
        if trainable:
            module.register_parameter(last, torch.nn.Parameter(value))
        else:
            module.register_buffer(last, value)

    def _values(self) -> Dict[str, torch.Tensor]:
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}

    def _to_disk(self, name: str, memory: torch.Tensor) -> torch.Tensor:
        p = self._described[name]
        order: List[int] = p["order"]
        turned = memory.reshape([p["shape"][i] for i in order])
        return turned.permute([order.index(i) for i in range(len(order))])

    def _given(self, x: torch.Tensor) -> Dict[Any, torch.Tensor]:
        lead = (self._steps,) if self._sequence else ()
        count = x.shape[len(lead)] if x.dim() > len(lead) else 0
        if tuple(x.shape) != lead + (count,) + self._shape or count == 0:
            raise ValueError(f"the tensor has shape {list(x.shape)}; expected {[*lead, 'N', *self._shape]}")
        if x.dtype != torch.float32 or x.device.type != "cpu":
            raise TypeError(f"numbers are float32 on the CPU, not {x.dtype} on {x.device}")
        if x.requires_grad and torch.is_grad_enabled():
            raise ValueError("the gradient by the input is not computed: give x.detach()")
        given = {(_INPUT, None): _aligned(x.detach().movedim(len(lead) + 1, -1)),
                 (_PROGRESS, None): torch.tensor([self.progress], dtype=torch.float32),
                 (_KEY, None): torch.tensor([self._seed & 0x7fffffff, self._calls & 0x7fffffff], dtype=torch.int32)}
        for name, value in self._values().items():
            given[_PARAMETER, name] = _aligned(value.detach().permute(self._described[name]["order"]))
        return given

    def _take(self, made: Dict[Any, torch.Tensor]) -> None:
        """What a gradient call says besides gradients."""
        self.logits = made[_LOGITS, None]
        if not self.training:
            return
        for name, buffer in self.named_buffers():
            if (_STATISTIC, name) in made:
                momentum = self._described[name]["momentum"]
                buffer.mul_(1 - momentum).add_(self._to_disk(name, made[_STATISTIC, name]), alpha=momentum)

    def forward(self, x: torch.Tensor, labels: Optional[torch.Tensor] = None) -> torch.Tensor:
        if self._deployed is not None:
            if labels is not None:
                raise ValueError("a deployed network has no loss: compile it with `rvbc NET --emit=so`")
            return torch.from_numpy(self._deployed(x.detach().numpy()))
        given = self._given(x)
        count = given[_INPUT, None].shape[1 if self._sequence else 0]
        if labels is None:
            return self._compiled.call("infer", count, given)[_LOGITS, None]
        given[_LABELS, None] = self._answers(labels, count)
        self._calls += 1
        values = self._values()
        return _Loss.apply(self, given, count, *[values[name] for name in self._trainable])

    def _answers(self, labels: torch.Tensor, count: int) -> torch.Tensor:
        if self._compiled.manifest.get("task") == "regression":
            if labels.shape != (count, self._classes) or not labels.dtype.is_floating_point:
                raise ValueError(f"what is learned are numbers {[count, self._classes]}, not {labels.dtype} "
                                 f"{list(labels.shape)}")
            return _aligned(labels.detach().to(torch.float32))
        if labels.shape != (count,) or labels.dtype.is_floating_point:
            raise ValueError(f"labels are integers [{count}], not {labels.dtype} {list(labels.shape)}")
        if int(labels.min()) < 0 or int(labels.max()) >= self._classes:
            raise ValueError(f"labels are from 0 to {self._classes - 1}")
        return _aligned(labels.to(torch.int32))

    def extra_repr(self) -> str:
        return f"{self._compiled.manifest['name']}: {list(self._shape)} -> {self._classes} classes"


__all__: Sequence[str] = ["Network"]
