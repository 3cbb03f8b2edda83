"""rvbc and the programs that it makes, as functions: what is printed as JSON comes as a dictionary."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from .pages import Drawing, Page, table_of
from .weights import load_weights


class ProgramError(RuntimeError):
    """A program ended with another exit code than 0: `code`, and what it said."""

    def __init__(self, words: List[str], code: int, said: str):
        super().__init__(said.strip() or f"{words[0]} ended with exit code {code}")
        self.code = code


class CompileError(ProgramError):
    """rvbc refused a network; `diagnostics` are its messages with their numbers (code), as --diagnostics=json has them."""

    def __init__(self, words: List[str], code: int, said: str):
        self.diagnostics: List[dict] = []
        rest = []
        for line in said.splitlines():
            try:
                self.diagnostics.append(json.loads(line))
            except ValueError:
                rest.append(line)
        super().__init__(words, code, "\n".join([d.get("rendered", d.get("message", "")) for d in self.diagnostics] + rest))


def _rvbc() -> str:
    return os.environ.get("RVBC", "rvbc")


def _flags(options: Dict[str, Any]) -> List[str]:
    """run_dir="r", quiet=True -> --run-dir r --quiet"""
    words = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words += [flag, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
    return words


def _run(words: List[str], error: type = ProgramError, shown: bool = False) -> str:
    result = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                            stderr=None if shown else subprocess.PIPE)
    if result.returncode != 0:
        raise error(words, result.returncode, result.stderr or "")
    return result.stdout


def _compile(words: List[str], params: Optional[Dict[str, Any]]) -> str:
    for name, value in (params or {}).items():
        words += ["-D", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    return _run([_rvbc(), *words, "--diagnostics=json"], CompileError)


def graph(model: str, params: Optional[Dict[str, Any]] = None) -> Drawing:
    """rvbc graph: the network as a drawing, which needs Graphviz."""
    return Drawing(_compile(["graph", os.fspath(model)], params))


def compile(model: str, output: Optional[str] = None, params: Optional[Dict[str, Any]] = None,
            **options: Any) -> "Program":
    """A program that trains: rvbc MODEL -o OUTPUT -D PARAM=VALUE --OPTION."""
    output = output or os.path.splitext(os.fspath(model))[0]
    _compile([os.fspath(model), "-q", "-o", output, *_flags(options)], params)
    return Program(output, model, params)


def deploy(model: str, weights: str, output: str, params: Optional[Dict[str, Any]] = None, **options: Any) -> str:
    """rvbc deploy; an output that ends in .so is a library for Network, another one a program."""
    kind = ["--emit=so"] if os.fspath(output).endswith(".so") else []
    _compile(["deploy", os.fspath(model), "-q", "--weights", os.fspath(weights), "-o", os.fspath(output), *kind,
              *_flags(options)], params)
    return os.fspath(output)


class Program:
    """A compiled program. Options are those of its commands, with _ for -: train(data=..., run_dir=..., epochs=8)."""

    def __init__(self, path: str, source: Optional[str] = None, params: Optional[Dict[str, Any]] = None):
        self.path = os.path.abspath(path)
        self.source, self.params = source and os.path.abspath(source), params
        self.run_dir: Optional[str] = None  # of the last training

    def __repr__(self) -> str:
        return f"<rvb.Program {self.path}>"

    def _repr_html_(self) -> str:
        """The drawing, where the source is known and Graphviz is there, and the layers."""
        parts = []
        if self.source is not None and os.path.exists(self.source):
            try:
                parts.append(f'<div style="max-height:600px;overflow:auto">{self.graph()._repr_svg_()}</div>')
            except ProgramError:  # without Graphviz there is the table
                pass
        return "".join(parts) + table_of(self.info())

    def call(self, command: str, shown: bool = False, **options: Any) -> str:
        """Runs a command; gives its standard output."""
        return _run([self.path, command, *_flags(options)], shown=shown)

    def info(self) -> dict:
        return json.loads(self.call("info", json=True))

    def train(self, **options: Any) -> List[dict]:
        """Trains, with its progress on standard error; gives the lines of metrics.jsonl."""
        run = options.setdefault("run_dir", os.path.join("runs", self.info()["name"]))
        self.call("train", shown=not options.get("quiet"), **options)
        self.run_dir = os.path.abspath(run)
        with open(os.path.join(run, "metrics.jsonl")) as lines:
            return [json.loads(line) for line in lines]

    def graph(self) -> Drawing:
        if self.source is None:
            raise ValueError("the source of this program is not known: rvb.graph(MODEL) draws it")
        return graph(self.source, self.params)

    def report(self, run_dir: Optional[str] = None, **options: Any) -> Page:
        """A training run, by default this object's last one, as a page."""
        run_dir = run_dir or self.run_dir
        if run_dir is None:
            raise ValueError("run_dir is needed: nothing was trained here")
        with tempfile.TemporaryDirectory() as folder:
            self.call("report", run_dir=run_dir, output=folder + "/page.html", **options)
            with open(folder + "/page.html", encoding="utf-8") as file:
                return Page(file.read())

    def profile(self, **options: Any) -> dict:
        """Where the time goes: profile --json."""
        return json.loads(self.call("profile", json=True, **options))

    def evaluate(self, **options: Any) -> dict:
        return json.loads(self.call("eval", json=True, **options))

    def infer(self, x: np.ndarray, **options: Any) -> np.ndarray:
        """Logits of normalised arrays, by way of files; rvb.Network does it without."""
        with tempfile.TemporaryDirectory() as folder:
            np.save(folder + "/x.npy", np.asarray(x, np.float32))
            self.call("infer", input=folder + "/x.npy", output=folder + "/y.npy", **options)
            return np.load(folder + "/y.npy")

    def gradient(self, x: np.ndarray, labels: np.ndarray, **options: Any) -> Tuple[float, Dict[str, np.ndarray]]:
        """The loss of one batch in training mode, and its gradient by every parameter."""
        with tempfile.TemporaryDirectory() as folder:
            np.save(folder + "/x.npy", np.asarray(x, np.float32))
            np.save(folder + "/y.npy", np.asarray(labels))
            said = self.call("gradient", input=folder + "/x.npy", labels=folder + "/y.npy",
                             output=folder + "/g.safetensors", json=True, **{"batch": len(labels), **options})
            return json.loads(said)["loss"], load_weights(folder + "/g.safetensors")

    def observe(self, x: np.ndarray, **options: Any) -> Dict[str, np.ndarray]:
        """What every neuron does: {"spikes:LAYER": [T, N, C, H, W], "membrane:LAYER": ..., "logits": [N, classes]}"""
        with tempfile.TemporaryDirectory() as folder:
            np.save(folder + "/x.npy", np.asarray(x, np.float32))
            self.call("observe", input=folder + "/x.npy", output=folder + "/o.safetensors",
                      **{"limit": 2_000_000_000, **options})
            return load_weights(folder + "/o.safetensors")
