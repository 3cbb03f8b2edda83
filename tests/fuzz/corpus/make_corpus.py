#!/usr/bin/python3
"""Makes the small binary files that the fuzzers mutate. The JPEGs come from libturbojpeg (libturbojpeg0-dev)."""
import ctypes
import gzip
import io
import json
import pathlib
import struct
import sys
import zlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "runtime/data"))
from writers import aedat2, aedat3, aedat4, atis, random_events  # noqa: E402


def save(name, data):
    (HERE / name).write_bytes(data)


def npy(array, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version, allow_pickle=False)
    return file.getvalue()


def make_npy():
    grid = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 7
    save("npy/float32.npy", npy(grid))
    save("npy/float64_v2.npy", npy(grid.astype(np.float64), (2, 0)))
    save("npy/float16_v3.npy", npy(grid.astype(np.float16), (3, 0)))
    save("npy/big_endian.npy", npy(grid.astype(">f4")))
    save("npy/fortran.npy", npy(np.asfortranarray(grid)))
    save("npy/labels_int64.npy", npy(np.array([3, 1, 2], dtype=np.int64)))
    save("npy/labels_uint8.npy", npy(np.array([3, 1, 2], dtype=np.uint8)))
    save("npy/empty.npy", npy(np.zeros((0, 3), dtype=np.float32)))
    save("npy/scalar.npy", npy(np.float32(1.5)[()].reshape(())))
    save("npy/not_finite.npy", npy(np.array([np.nan, np.inf, -0.0, 1e-42], dtype=np.float32)))


def make_safetensors():
    def file(tensors, metadata=None, padding=0):
        header, parts, at = ({"__metadata__": metadata} if metadata else {}), [], 0
        for name, (kind, shape, data) in tensors.items():
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
            parts.append(data)
            at += len(data)
        text = json.dumps(header).encode() + b" " * padding
        return struct.pack("<Q", len(text)) + text + b"".join(parts)

    weight = np.linspace(-1, 1, 18, dtype="<f4").tobytes()
    save("safetensors/two.safetensors", file({"a.weight": ("F32", [2, 1, 3, 3], weight), "a.bias": ("F32", [2], weight[:8])}))
    save("safetensors/metadata.safetensors", file({"w": ("F32", [3], weight[:12])}, {"format": "pt", "seed": "1"}, 5))
    save("safetensors/types.safetensors",
         file({"h": ("F16", [2], weight[:4]), "b": ("BF16", [2], weight[:4]), "d": ("F64", [1], weight[:8]), "i": ("I64", [1], weight[:8]), "u": ("U8", [3], weight[:3])}))  # fmt: skip
    save("safetensors/empty.safetensors", file({}))
    save("safetensors/zero.safetensors", file({"none": ("F32", [0, 4], b""), "one": ("F32", [], weight[:4])}))


def make_events():
    (HERE / "events").mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    events = random_events(rng, 30, 34, 34)
    columns = {name: events[name] for name in "txyp"}
    save("events/atis.bin", atis(events, (7,)))
    save("events/two.aedat", aedat2(events, 2))
    save("events/three.aedat", aedat3(events, 12))
    for compression in range(5):
        save(f"events/four{compression}.aedat4", aedat4(events, 34, 34, compression, 12))
    for name, write in (("stored", np.savez), ("deflated", np.savez_compressed)):
        file = io.BytesIO()
        write(file, **columns)
        save(f"events/{name}.npz", file.getvalue())
    table = np.zeros(30, [("x", "<i2"), ("y", "<i2"), ("p", "?"), ("t", "<i8")])
    for name in "xypt":
        table[name] = events[name]
    save("events/structure.npy", npy(table))
    save("events/columns.npy", npy(np.stack([events[name] for name in "xypt"], 1)))
    save("events/frames.npy", npy(np.arange(5 * 2 * 3 * 3, dtype="u1").reshape(5, 2, 3, 3)))


def make_idx():
    images = struct.pack(">IIII", 0x803, 3, 4, 5) + bytes(range(60))
    labels = struct.pack(">II", 0x801, 3) + bytes([1, 2, 3])
    save("idx/images", images)
    save("idx/labels", labels)
    save("idx/images.gz", gzip.compress(images, mtime=0))
    save("idx/labels.gz", gzip.compress(labels, mtime=0))


def png(width, height, depth, color, rows, extra=b"", interlace=0):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make_images():
    palette = b"\0\0\0\x0cPLTE" + bytes(range(12))
    palette += struct.pack(">I", zlib.crc32(palette[4:]))
    save("image/grey.png", png(4, 3, 8, 0, b"".join(b"\x00" + bytes(range(k, k + 4)) for k in range(3))))
    save("image/grey16.png", png(2, 2, 16, 0, (b"\x00" + bytes(range(4))) * 2))
    save("image/bits.png", png(8, 2, 1, 0, b"\x00\xaa\x00\x55"))
    save("image/rgb.png", png(3, 2, 8, 2, (b"\x01" + bytes(range(9))) * 2))
    save("image/rgba.png", png(2, 2, 8, 6, (b"\x02" + bytes(range(8))) * 2))
    save("image/palette.png", png(4, 2, 8, 3, b"\x00\x00\x01\x02\x03\x00\x03\x02\x01\x00", palette))
    grid = np.arange(8 * 8 * 3).astype(np.uint8)
    save("image/rgb.jpg", jpeg(grid, subsampling=2))
    save("image/grey.jpg", jpeg(grid, subsampling=3))
    save("image/progressive.jpg", jpeg(grid, subsampling=0, flags=16384))


def jpeg(pixels, subsampling, flags=0):
    """8 x 8 RGB pixels; subsampling as TJSAMP: 0 none, 2 by two, 3 grey."""
    turbo = ctypes.CDLL("libturbojpeg.so.0")
    turbo.tjInitCompress.restype = ctypes.c_void_p
    out, size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_ulong()
    failed = turbo.tjCompress2(
        ctypes.c_void_p(turbo.tjInitCompress()), pixels.ctypes.data_as(ctypes.c_void_p), 8, 0, 8, 0,
        ctypes.byref(out), ctypes.byref(size), subsampling, 80, flags)  # fmt: skip
    assert not failed
    return ctypes.string_at(out, size.value)


make_npy()
make_safetensors()
make_events()
make_idx()
make_images()
