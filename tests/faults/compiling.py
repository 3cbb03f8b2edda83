"""Compilations under faults: the program of before or the new one whole, and afterwards the same program as ever."""
import copy
import os
import shutil

from common import IO, OK, Lost, names_in, nothing_left, read, run, survived, write

OLD = b"what lay here before"


class Compilation:
    """A command of rvbc with its outputs, and what they are where nothing is wrong."""

    def __init__(self, shop, arguments, outputs=("out",), question=None):
        """`question`: arguments of the program, by whose answer (a file) it is known."""
        self.shop, self.outputs, self.question = shop, outputs, question
        self.arguments = [shop.rvbc, *arguments, "-q"]
        self.with_missing(0, 1)
        box = shop.box()
        self.took(run(self.command, box, self.env(box), patience=300))
        self.wanted = {name: read(os.path.join(box, name)) for name in outputs}
        self.answer = self.ask(box) if question else None
        self.kernels = self.cache(box)  # from here on: what a full cache is
        self.objects = names_in(self.kernels)

    def with_missing(self, missing, jobs):
        """`missing` kernels are not in the cache and have to be compiled, by `jobs` processes."""
        self.command = [*self.arguments, "-j", str(jobs)]
        self.dropped = []
        if missing:  # what is cheap to compile: the smallest kernels of Halide, and one of the compiler's own layers
            sizes = sorted((os.path.getsize(os.path.join(self.kernels, n)), n) for n in self.objects if n.endswith(".o"))
            own = [name for _, name in sizes if "rvb_layer" in name]
            self.dropped = (own[:1] + [name for _, name in sizes if "rvb_layer" not in name])[:missing]
        return self

    def measure(self):
        """Seconds that it takes."""
        box = self.prepare()
        seconds = self.took(run(self.command, box, self.env(box), patience=300))
        self.compare(box)
        return seconds

    def took(self, result):
        if result.status != 0:
            raise SystemExit(f"{' '.join(self.command)} does not work without faults either: {result}\n{result.err}")
        return result.seconds

    def cache(self, box):
        return os.path.join(box, "cache")

    def env(self, box):
        return dict(self.shop.env, TMPDIR=os.path.join(box, "tmp"), RVB_CACHE_DIR=self.cache(box))

    def prepare(self, box=None):
        box = box or self.shop.box()
        shutil.copytree(self.kernels, self.cache(box), dirs_exist_ok=True)
        for name in self.dropped:
            os.unlink(os.path.join(self.cache(box), name))
        for name in self.outputs:
            write(os.path.join(box, name), OLD)
        return box

    def ask(self, box):
        answer = os.path.join(box, "tmp", "answer")
        result = run([os.path.join(box, "out"), *self.question, "--output", answer], box, self.shop.env)
        if result.status != 0:
            raise Lost(f"the program does not work: {result}")
        content = read(answer)
        os.unlink(answer)
        return content

    def is_wanted(self, box, name, by_tools):
        """A linker that cannot open a shared library takes the static one and says nothing (ld): those programs differ,
        and must answer alike."""
        if read(os.path.join(box, name)) == self.wanted[name]:
            return True
        return by_tools and self.question is not None and self.ask(box) == self.answer

    def compare(self, box, finished=True, by_tools=False):
        """`finished`: nothing that a fault could leave may be there any more. `by_tools`: the fault met a tool."""
        for name in self.outputs:
            if not self.is_wanted(box, name, by_tools):
                raise Lost(f"another `{name}` without a word")
        if not finished:
            return
        nothing_left(self.cache(box), self.objects, "the cache")
        nothing_left(os.path.join(box, "tmp"), (), "TMPDIR")
        more = [n for n in os.listdir(box) if n not in (*self.outputs, "cache", "tmp", "full")]
        if more:
            raise Lost("left next to the output for good: " + ", ".join(more))

    def attempt(self, box, codes=(OK, IO), killed_by=(), by_tools=False, **how):
        result = run(self.command, box, how.pop("env", None) or self.env(box), **how)
        survived(result, codes, killed_by)
        if result.status == IO and not result.err.strip():
            raise Lost("exit 5 without a word")
        for name in self.outputs:
            if read(os.path.join(box, name)) != OLD and not self.is_wanted(box, name, by_tools):
                raise Lost(f"`{name}` is neither what it was nor what it is to be ({result})")
        if result.status == OK:
            self.compare(box, False, by_tools)
        self.finish(box)
        return result

    def finish(self, box):
        survived(run(self.command, box, self.env(box)), [OK])
        self.compare(box)


def all_compilations(shop):
    weights, question = ["--weights", shop.weights], ["infer", "--input", shop.x, "--threads", "1"]
    return {
        "train": Compilation(shop, [shop.model, "-o", "out"], question=[*question, *weights]),
        "deploy": Compilation(shop, ["deploy", shop.model, *weights, "-o", "out"], question=question),
        "i16": Compilation(shop, ["deploy", shop.model, *weights, "--spikes", "i16", "--calibrate", shop.x, "-o", "out"],
                           question=question),
        "library": Compilation(shop, ["deploy", shop.model, *weights, "--emit=lib,header", "-o", "out"],
                               ("out.a", "out.h", "program.h", "rvb.h")),
    }


def compilations(shop, missing=2, jobs=1, names=("train", "deploy", "i16", "library")):
    return {name: copy.copy(shop.compilations[name]).with_missing(missing, jobs) for name in names}
