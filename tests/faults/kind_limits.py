"""limits: address space and descriptors from nothing to enough."""
import os
import resource
import subprocess

from common import IO, OK, Lost, Skipped, run, sample, survived
from compiling import compilations
from kind_outputs import Kind as Outputs
from training import Training

NAME = "limits"
ABOUT = "address space (ulimit -v), descriptors (-n) and stack (-s) from nothing to enough"
COMPILES = True
LIMITS = {"as": (resource.RLIMIT_AS, "--as"), "nofile": (resource.RLIMIT_NOFILE, "--nofile"),
          "stack": (resource.RLIMIT_STACK, "--stack")}
STEPS = {"as": (8, 60), "nofile": (4, 24), "stack": (1, 8)}  # short, long
WORDS = {"as": ("memory", "thread", "process"), "nofile": ("open files", "descriptor"), "stack": ("",)}
MB = 1 << 20


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.outputs = Outputs(shop)
        self.trainings = {"train": Training(shop), "train-data": Training(shop, "data", threads=2)}
        self.compilations = compilations(shop)
        self.check = [shop.rvbc, "check", shop.model]
        self.libraries = {}

    def names(self):
        return (["rvbc-check"] + ["rvbc-" + name for name in self.compilations] + list(self.trainings) +
                ["infer", "deployed", "picture", "eval", "gradient", "energy"])

    def least(self, works):
        """The address space in which something works, found by halving."""
        low, high = 0, 4096 * MB
        while high - low > max(MB, high // 64):
            middle = (low + high) // 2
            low, high = (low, middle) if works(middle) else (middle, high)
        return high

    def program(self, name):
        return self.shop.rvbc if name.startswith("rvbc-") else (
            self.shop.deployed if name in ("deployed", "picture") else self.shop.program)

    def tries(self, rng, short):
        found, loaded = [], {}
        for name in self.names():
            # A few below what the system needs to load the libraries, and most from there to where everything works.
            program = self.program(name)
            if program not in loaded:
                loaded[program] = 0.97 * self.least(lambda value: self.loads(program, "as", value))
            loads = loaded[program]
            enough = 1.05 * self.least(lambda value: self.start(name, self.shop.box(), "as", value).status == OK)
            steps = STEPS["as"][0 if short else 1]
            few = steps // 6
            for begin, end, count in ((0, loads, few), (loads, max(enough, loads), steps - few)):
                found += [f"{name}:as:{int(begin + (i + rng.random()) * (end - begin) / count)}" for i in range(count)]
            for limit, values in (("nofile", range(0, 24)), ("stack", [1 << i for i in range(16, 24)])):
                found += [f"{name}:{limit}:{v}" for v in sample(list(values), STEPS[limit][0 if short else 1])]
        return found

    def start(self, name, box, limit, value):
        prefix = ["prlimit", f"{LIMITS[limit][1]}={value}", "--"]
        if name == "rvbc-check":
            return run(prefix + self.check, box, self.outputs.env(box))
        if name.startswith("rvbc-"):
            compilation = self.compilations[name[5:]]
            compilation.prepare(box)
            return run(prefix + compilation.command, box, compilation.env(box))
        if name in self.trainings:
            training = self.trainings[name]
            return run(prefix + training.command, box, training.env(box))
        return run(prefix + self.outputs.commands[name], box, self.outputs.env(box))

    def loads(self, program, limit, value):
        """Whether the system's loader can start a program with these libraries at all."""
        if program not in self.libraries:
            lines = subprocess.run(["ldd", program], capture_output=True, text=True).stdout.splitlines()
            self.libraries[program] = " ".join(l.split("=>")[1].split()[0] for l in lines if "=> /" in l)
        if limit == "as":
            value = max(0, value - os.path.getsize(program) - 2 * MB)
        env = dict(self.shop.env, LD_PRELOAD=self.libraries[program])
        control = run(["prlimit", f"{LIMITS[limit][1]}={value}", "--", "/bin/true"], self.shop.folder, env)
        return control.status == 0 and "cannot" not in control.err

    def attempt(self, what, box):
        name, limit, value = what.split(":")
        result = self.start(name, box, limit, int(value))
        program = self.program(name)
        loader = "error while loading shared libraries" in result.err and result.status == 127
        if result.status not in (OK, IO) and (loader or not self.loads(program, limit, int(value))):
            raise Skipped("the system's loader has no room")
        survived(result, [OK, IO])
        if result.status == IO and not result.err.strip():
            raise Lost("exit 5 without a word")
        if result.status == IO and not any(word in result.err for word in WORDS[limit]):
            raise Lost(f"the message does not name the reason ({result})")
        if name == "rvbc-check":
            return
        if name.startswith("rvbc-"):
            compilation = self.compilations[name[5:]]
            if result.status == OK:
                compilation.compare(box)
            compilation.finish(box)
        elif name in self.trainings:
            if result.status == OK:
                self.trainings[name].compare(box)
            self.trainings[name].finish(box)
        elif result.status == OK and self.outputs.contents(box, result) != self.outputs.wanted[name]:
            raise Lost("other output without a word")
