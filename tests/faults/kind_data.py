"""data: what programs keep of decoded data sets, damaged like the kernel cache."""
import os
import shutil

from common import IO, OK, Lost, names_in, nothing_left, png, run, survived, write
from damage import ODD, damage

NAME = "data"
ABOUT = "the cache of decoded data sets with flipped bits, cut off, exchanged, empty, or odd"


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.pictures = shop.at("pictures")
        for part in ("train", "test"):
            for label in range(10):
                os.makedirs(os.path.join(self.pictures, part, str(label)))
                pixels = bytes((label * 20 + i * (3 if part == "train" else 7)) % 256 for i in range(28 * 28))
                write(os.path.join(self.pictures, part, str(label), "0.png"), png(pixels, 28))
        box = shop.box()
        self.wanted = {}
        for split in ("train", "test"):
            result = self.evaluate(box, split)
            survived(result, [OK])
            self.wanted[split] = result.out
        self.cache = os.path.join(box, "cache")
        self.files = sorted(n for n in names_in(self.cache) if n.endswith(".rvbd"))
        if len(self.files) != 2:
            raise SystemExit(f"expected two files of decoded samples, found {self.files}")

    def evaluate(self, box, split):
        env = dict(self.shop.env, RVB_CACHE_DIR=os.path.join(box, "cache"), TMPDIR=os.path.join(box, "tmp"))
        return run([self.shop.program, "eval", "--data", self.pictures, "--split", split, "--weights",
                    self.shop.weights, "--json", "--threads", "1"], box, env)

    def tries(self, rng, short):
        found = [f"{odd}:{n}" for odd in ODD for n in self.files]
        for _ in range(20 if short else 300):
            n = rng.choice(self.files)
            found.append(f"bit-{rng.randrange(8 * os.path.getsize(os.path.join(self.cache, n)))}:{n}")
        return found

    def attempt(self, what, box):
        odd, name = what.split(":")
        shutil.copytree(self.cache, os.path.join(box, "cache"))
        other = next(n for n in self.files if n != name)
        damage(os.path.join(box, "cache", name), odd, os.path.join(box, "cache", other))
        for time in ("", " afterwards"):
            for split, wanted in self.wanted.items():
                result = self.evaluate(box, split)
                # A sample that has changed is noticed when it is used, and made anew by the next run.
                may_fail = odd in ("folder", "full-folder") or (odd.startswith("bit-") and not time)
                survived(result, [OK, IO] if may_fail else [OK])
                if result.status == IO and "RVB_CACHE_DIR" not in result.err and "removed" not in result.err:
                    raise Lost(f"the message does not say what to do ({result})")
                if result.status == OK and result.out != wanted:
                    raise Lost(f"other numbers without a word{time}")
        if odd not in ("folder", "full-folder"):
            nothing_left(os.path.join(box, "cache"), names_in(self.cache), "the cache")
