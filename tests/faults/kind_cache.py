"""cache: kernel objects that are damaged, cut off, exchanged or no objects at all."""
import os
import random

from common import IO, OK, read, sample, write
from compiling import compilations

NAME = "cache"
ABOUT = "kernel objects in the cache with flipped bits, cut off, exchanged, empty, or odd"
ODD = ["empty", "cut", "longer", "swapped", "zeros", "folder", "full-folder", "fifo", "loop", "dangling", "zero-device",
       "text", "unreadable"]


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.compilations = {k: c for k, c in compilations(shop, missing=0).items() if k in ("train", "deploy")}

    def tries(self, rng, short):
        found = []
        for name, compilation in self.compilations.items():
            objects = sorted(n for n in compilation.objects if n.endswith(".o"))
            for odd in ODD:
                found += [f"{name}:{odd}:{n}" for n in rng.sample(objects, 1 if short else 3)]
            for _ in range(14 if short else 200):
                n = rng.choice(objects)
                bit = rng.randrange(8 * os.path.getsize(os.path.join(compilation.kernels, n)))
                found.append(f"{name}:bit-{bit}:{n}")
        return found

    def attempt(self, what, box):
        name, odd, kernel = what.split(":")
        compilation = self.compilations[name]
        compilation.prepare(box)
        path = os.path.join(compilation.cache(box), kernel)
        content = read(path)
        other = next(n for n in sorted(compilation.objects) if n.endswith(".o") and n != kernel)
        other = os.path.join(compilation.cache(box), other)
        os.unlink(path)
        if odd.startswith("bit-"):
            bit = int(odd[4:])
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            write(path, changed)
        elif odd == "empty":
            write(path, b"")
        elif odd == "cut":
            write(path, content[:random.Random(what).randrange(1, len(content))])
        elif odd == "longer":
            write(path, content + b"\0" * 64)
        elif odd == "swapped":
            write(path, read(other))
            write(other, content)
        elif odd == "zeros":
            write(path, content[:64] + bytes(len(content) - 64))
        elif odd == "folder":
            os.mkdir(path)
        elif odd == "full-folder":
            os.mkdir(path)
            write(os.path.join(path, "file"), b"of the user")
        elif odd == "fifo":
            os.mkfifo(path)
        elif odd == "loop":
            os.symlink(path, path)
        elif odd == "dangling":
            os.symlink("/nowhere/at/all", path)
        elif odd == "zero-device":
            os.symlink("/dev/zero", path)
        elif odd == "text":
            write(path, b"this is no object\n")
        elif odd == "unreadable":
            write(path, content)
            os.chmod(path, 0)
        if odd == "full-folder":  # not ours to remove: exit 5 that names it, or another way around it
            compilation.finish = lambda _: None
        try:
            compilation.attempt(box, (OK, IO) if odd == "full-folder" else (OK,))
        finally:
            compilation.__dict__.pop("finish", None)
