"""cache: kernel objects that are damaged, cut off, exchanged or no objects at all."""
import os

from common import IO, OK, Lost, read, run, survived
from compiling import compilations
from damage import ODD, damage

NAME = "cache"
ABOUT = "kernel objects in the cache with flipped bits, cut off, exchanged, empty, or odd"
COMPILES = True


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.compilations = compilations(shop, missing=0, names=("train", "deploy"))

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
        objects = sorted(n for n in compilation.objects if n.endswith(".o") and n != kernel)
        damage(os.path.join(compilation.cache(box), kernel), odd, os.path.join(compilation.cache(box), objects[0]))
        if odd == "full-folder":  # not ours to remove: exit 5 that names it, or another way around it
            result = run(compilation.command, box, compilation.env(box))
            survived(result, [OK, IO])
            if result.status == OK and read(os.path.join(box, "out")) != compilation.wanted["out"]:
                raise Lost("another program without a word")
            if result.status == IO and kernel not in result.err:
                raise Lost(f"the message does not name the folder ({result})")
            return
        compilation.attempt(box, (OK,))
