"""A deployed network as a library (rvbc deploy --emit=so) over its C interface, rvb.h."""

from __future__ import annotations

import ctypes
import json
import os
import threading
from typing import Any, Optional, Tuple

import numpy as np

from .pages import table_of


class Error(RuntimeError):
    """What the library refused; `status` is rvb_status of rvb.h."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class _Program(ctypes.Structure):  # rvb_program of program.h
    _fields_ = [(name, ctypes.c_int32) for name in ("version", "deployed", "sequence", "steps", "channels", "height",
                                                    "width", "classes", "function_count")] + [
        ("functions", ctypes.c_void_p), ("features", ctypes.c_void_p), ("manifest", ctypes.c_char_p),
        ("data", ctypes.c_void_p), ("data_count", ctypes.c_int32), ("checksum", ctypes.c_uint64)]


_VERSION = 4  # RVB_PROGRAM_VERSION
_FLOATS = ctypes.POINTER(ctypes.c_float)


def open_library(path: str) -> Any:
    library = ctypes.CDLL(os.path.abspath(path))
    try:
        library.rvb_library.restype = ctypes.POINTER(_Program)
        library.rvb_library.argtypes = []
    except AttributeError:
        raise Error(1, f"{path} is no network: rvbc deploy --emit=so makes one") from None
    library.rvb_create.argtypes = [ctypes.POINTER(_Program), ctypes.c_int64, ctypes.c_int,
                                   ctypes.POINTER(ctypes.c_void_p)]
    for name in ("rvb_run", "rvb_step"):
        getattr(library, name).argtypes = [ctypes.c_void_p, _FLOATS, ctypes.c_int64, _FLOATS]
    for name in ("rvb_reset", "rvb_free"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
        getattr(library, name).restype = None
    library.rvb_message.argtypes, library.rvb_message.restype = [ctypes.c_void_p], ctypes.c_char_p
    library.rvb_status_text.argtypes, library.rvb_status_text.restype = [ctypes.c_int], ctypes.c_char_p
    return library


class Network:
    """A deployed network. Arrays that are float32 and contiguous are read and written where they are.

    `batch` samples are computed at once, larger arrays in pieces; `threads` 0: as many as the process may use. A network
    may be used by several threads, one call at a time; for calls at the same time, open it once for each thread.
    """

    def __init__(self, path: str, batch: int = 64, threads: int = 0):
        self._handle = ctypes.c_void_p()
        self._lock = threading.Lock()
        self._library = open_library(os.fspath(path))
        self._program = self._library.rvb_library()
        program = self._program.contents
        if program.version != _VERSION:
            raise Error(1, f"{path} was made by another version of rvbc (interface {program.version}, not {_VERSION})")
        self.manifest: dict = json.loads(program.manifest.decode())
        self.name: str = self.manifest["name"]
        self.steps: int = program.steps
        self.classes: int = program.classes
        self.sequence: bool = bool(program.sequence)
        self.shape: Tuple[int, ...] = tuple(self.manifest["input"]["shape"])
        self.batch = batch
        status = self._library.rvb_create(self._program, batch, threads, ctypes.byref(self._handle))
        if status != 0:
            raise Error(status, f"{path}: {self._library.rvb_status_text(status).decode()}")

    def close(self) -> None:
        """Frees the memory; nothing can be computed afterwards."""
        with self._lock:
            handle, self._handle = self._handle, ctypes.c_void_p()
            if handle:
                self._library.rvb_free(handle)

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def __repr__(self) -> str:
        over = f" over {self.steps}" if self.sequence else ""
        return f"<rvb.Network {self.name}: {list(self.shape)}{over} -> {self.classes} classes>"

    def _repr_html_(self) -> str:
        return table_of(self.manifest)

    def prepare(self, pixels: np.ndarray) -> np.ndarray:
        """Bytes [N, C, H, W] (or [N, H, W] of one channel) as the recipe normalises them in training."""
        pixels = np.asarray(pixels)
        if pixels.dtype != np.uint8:
            raise TypeError(f"pixels are bytes (uint8), not {pixels.dtype}")
        if pixels.shape[1:] == self.shape[1:] and self.shape[0] == 1:
            pixels = pixels[:, None]
        self._check(pixels.shape, (len(pixels),) + self.shape)
        recipe = self.manifest["recipe"]
        channels = (1, -1) + (1,) * (len(self.shape) - 1)
        x = pixels.astype(np.float32) / np.float32(255)
        if recipe.get("mean"):
            x = x - np.array(recipe["mean"], np.float32).reshape(channels)
        if recipe.get("deviation"):
            x = x / np.array(recipe["deviation"], np.float32).reshape(channels)
        return x

    def run(self, x: np.ndarray, out: Optional[np.ndarray] = None) -> np.ndarray:
        """Logits [N, classes] of images [N, C, H, W] or sequences [T, N, C, H, W], normalised."""
        x = self._floats(x)
        lead = (self.steps,) if self.sequence else ()
        count = x.shape[len(lead)] if x.ndim > len(lead) else 0
        self._check(x.shape, lead + (count,) + self.shape)
        out = self._output(out, count)
        for first in range(0, count, self.batch):
            end = min(count, first + self.batch)
            part = x if count <= self.batch else np.ascontiguousarray(x[:, first:end]) if self.sequence else x[first:end]
            self._call(self._library.rvb_run, part, end - first, out[first:end])
        return out

    __call__ = run

    def step(self, frame: np.ndarray, out: Optional[np.ndarray] = None) -> np.ndarray:
        """One time step of N streams, [N, C, H, W]: their read-out since reset(). Stream i keeps its membranes."""
        frame = self._floats(frame)
        count = len(frame) if frame.ndim else 0
        self._check(frame.shape, (count,) + self.shape)
        if count > self.batch:
            raise ValueError(f"{count} streams, and the network was opened for batch={self.batch}")
        out = self._output(out, count)
        self._call(self._library.rvb_step, frame, count, out)
        return out

    def reset(self) -> None:
        """New sequences: all membranes to where they begin."""
        with self._lock:
            self._open_handle()
            self._library.rvb_reset(self._handle)

    def _open_handle(self) -> None:
        if not self._handle:
            raise ValueError("the network is closed")

    def _call(self, function: Any, x: np.ndarray, count: int, out: np.ndarray) -> None:
        with self._lock:
            self._open_handle()
            status = function(self._handle, x.ctypes.data_as(_FLOATS), count, out.ctypes.data_as(_FLOATS))
            if status != 0:
                raise Error(status, self._library.rvb_message(self._handle).decode())

    @staticmethod
    def _floats(x: np.ndarray) -> np.ndarray:
        x = np.asarray(x)
        if x.dtype.kind != "f":
            raise TypeError(f"numbers are normalised floating point, not {x.dtype}; prepare() takes bytes")
        return np.ascontiguousarray(x, np.float32)

    @staticmethod
    def _check(shape: Tuple[int, ...], wanted: Tuple[int, ...]) -> None:
        if shape != wanted or 0 in shape:
            raise ValueError(f"the array has shape {list(shape)}; expected {list(wanted)}"
                             + (", at least one sample" if 0 in wanted else ""))

    def _output(self, out: Optional[np.ndarray], count: int) -> np.ndarray:
        if out is None:
            return np.empty((count, self.classes), np.float32)
        if out.dtype != np.float32 or out.shape != (count, self.classes) or not out.flags.c_contiguous or \
                not out.flags.writeable:
            raise ValueError(f"out is to be float32, contiguous and of shape {[count, self.classes]}")
        return out
