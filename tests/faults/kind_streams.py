"""streams: standard input, output and error closed, full or without a reader, in all combinations."""
import itertools
import os
import signal

from common import IO, OK, Lost, run, sample, survived
from compiling import compilations
from kind_outputs import Kind as Outputs
from training import Training

NAME = "streams"
ABOUT = "standard streams closed, full (/dev/full) and without a reader, all combinations"
COMPILES = True
STATES = ["ok", "closed", "full", "pipe"]
SHORT = 90


def change(states):
    """For the child, before exec: descriptors 0, 1 and 2 as the states say."""

    def now():
        for number, state in enumerate(states):
            if state == "closed":
                os.close(number)
            elif state == "full":
                file = os.open("/dev/full", os.O_RDWR)
                os.dup2(file, number)
                os.close(file)
            elif state == "pipe":
                reads, writes = os.pipe()
                os.dup2(reads if number == 0 else writes, number)
                os.close(reads)
                os.close(writes)

    return now


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.outputs = Outputs(shop)
        self.training = Training(shop, "data", threads=2)
        self.training.command = [w for w in self.training.command if w != "--quiet"]
        self.compilations = compilations(shop, missing=1, names=("train", "deploy"))
        for c in self.compilations.values():
            c.command.remove("-q")
        rvbc, model = shop.rvbc, shop.model
        self.texts = {
            "rvbc-help": [rvbc, "--help"], "rvbc-version": [rvbc, "--version"], "rvbc-targets": [rvbc, "targets"],
            "rvbc-explain": [rvbc, "explain", "RVB0203"], "rvbc-check": [rvbc, "check", model],
            "rvbc-summary": [rvbc, "summary", model], "rvbc-graph": [rvbc, "graph", model, "--format", "dot"],
            "rvbc-fmt": [rvbc, "fmt", "--check", model], "rvbc-ir": [rvbc, model, "--emit=ir"],
            "rvbc-irgen": [rvbc, model, "--print-after=irgen"], "rvbc-mistake": [rvbc, "check", "/nowhere.rvb"],
            "rvbc-usage": [rvbc, "--nothing"], "help": [shop.program, "--help"], "usage": [shop.program, "evla"],
            "missing": [shop.deployed, "infer", "--input", "nowhere.npy"],
        }
        self.texts.update((name, command) for name, command in self.outputs.commands.items())
        self.codes, self.speaks = {}, {}
        for name, command in self.texts.items():
            box = shop.box()
            result = run(command, box, self.outputs.env(box))
            self.codes[name], self.speaks[name] = result.status, result.out != ""

    def tries(self, rng, short):
        names = list(self.texts) + ["train"] + ["rvbc-build-" + name for name in self.compilations]
        states = [":".join(s) for s in itertools.product(STATES, repeat=3) if s != ("ok",) * 3]
        found = [f"{name}:{s}" for name in names for s in states if not s.startswith(("full", "pipe")) or not short]
        if short:
            rng.shuffle(found)
        return sample(found, SHORT) if short else found

    def attempt(self, what, box):
        name, *states = what.split(":")
        signals = (signal.SIGPIPE,) if "pipe" in states[1:] else ()
        how = {"streams": change(states)}
        # A message that cannot be written changes nothing; a result that cannot be written is exit 5 (or SIGPIPE's end).
        broken = states[1] != "ok"
        if name == "train":
            self.training.attempt(box, (OK, IO) if broken else (OK,), signals if states[1] == "pipe" else (),
                                  heard=states[2] == "ok", **how)
            return
        if name.startswith("rvbc-build-"):
            compilation = self.compilations[name[11:]]
            compilation.prepare(box)
            compilation.attempt(box, (OK,), signals, **how)
            return
        result = run(self.texts[name], box, self.outputs.env(box), **how)
        usual = self.codes[name]
        survived(result, (usual, IO) if broken and usual == OK else (usual,), signals)
        if states[1] == "full" and self.speaks[name] and result.status == OK:
            raise Lost("exit 0, but the output is lost")
        if "out" in self.texts[name] and name in self.outputs.wanted and result.status == OK:
            if self.outputs.contents(box, result) != self.outputs.wanted[name]:
                raise Lost("other output without a word")
