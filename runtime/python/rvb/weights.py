"""Weights as a dictionary of arrays: safetensors files with PyTorch's names and shapes, packed ones too."""

from __future__ import annotations

import json
import os
from typing import Dict, Optional

import numpy as np

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "U8": "u1"}


def load_weights(path: str) -> Dict[str, np.ndarray]:
    """{name: float32 array}. Packed binary and ternary weights come as -1, 0 and 1 times their scale."""
    with open(path, "rb") as file:
        raw = file.read()
    try:
        begin = 8 + int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8:begin])
        about = header.pop("__metadata__", {})
        arrays = {}
        for name, tensor in header.items():
            first, end = tensor["data_offsets"]
            arrays[name] = np.frombuffer(raw[begin + first:begin + end], _TYPES[tensor["dtype"]]).reshape(tensor["shape"])
        for name, packed in json.loads(about.get("rvb.packed", "{}")).get("tensors", {}).items():
            arrays[name] = _unpacked(arrays[name], packed)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no weights file in safetensors format: {error}") from error
    return {name: np.array(array, np.float32) for name, array in arrays.items()}


def _unpacked(data: np.ndarray, packed: dict) -> np.ndarray:
    bits = np.unpackbits(data, bitorder="little").astype(np.float32)[:int(np.prod(packed["shape"])) * packed["bits"]]
    values = 2 * bits - 1 if packed["bits"] == 1 else bits[0::2] - 2 * bits[1::2]
    return values.reshape(packed["shape"]) * np.float32(packed["scale"])


def save_weights(path: str, weights: Dict[str, np.ndarray], metadata: Optional[Dict[str, str]] = None) -> None:
    """Writes what every command with --weights reads; the file is there whole or not at all."""
    header: dict = {"__metadata__": {"format": "pt", **(metadata or {})}}
    data = b""
    for name, array in weights.items():
        piece = np.ascontiguousarray(array, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(np.shape(array)), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    temporary = f"{os.fspath(path)}.rvb-{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + data)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
