"""outputs: SIGKILL and errors at the calls of all other commands of compiled programs."""
import os
import signal

from common import IO, OK, Lost, every_call, names_in, read, run, sample, survived, write
from compiling import OLD
from training import Training

NAME = "outputs"
ABOUT = "every call of the other commands of compiled programs fails, falls short or is its last"
SHORT = 60


class Kind:
    def __init__(self, shop):
        self.shop = shop
        training = Training(shop)
        box = shop.box()
        run(training.command, box, training.env(box))
        self.run_folder = os.path.join(box, "run")
        weights = ["--weights", shop.weights]
        self.commands = {
            "init": [shop.program, "init", "--seed", "2", "-o", "out"],
            "infer": [shop.program, "infer", *weights, "--input", shop.x, "--output", "out", "--threads", "2"],
            "deployed": [shop.deployed, "infer", "--input", shop.x, "--output", "out", "--threads", "2"],
            "picture": [shop.deployed, "infer", shop.picture, "--output", "out", "--threads", "1"],
            "gradient": [shop.program, "gradient", *weights, "--input", shop.x, "--labels", shop.y, "--output", "out"],
            "eval": [shop.program, "eval", *weights, "--data", shop.data, "--json", "--threads", "2"],
            "energy": [shop.program, "eval", *weights, "--data", shop.data, "--energy", "--threads", "1"],
            "stream": [shop.deployed, "infer", "--stream", shop.x, "--json"],
            "trace": [shop.program, "trace", *weights, "--input", shop.x, "--layer", "reverb", "-o", "out"],
            "report": [shop.program, "report", "--run-dir", self.run_folder, "-o", "out"],
            "info": [shop.deployed, "info", "--json"],
        }
        self.wanted = {}
        for name, command in self.commands.items():
            box = shop.box()
            result = run(command, box, self.env(box))
            if result.status != 0:
                raise SystemExit(f"{' '.join(command)} does not work without faults either: {result}\n{result.err}")
            self.wanted[name] = self.contents(box, result)

    def env(self, box):
        return dict(self.shop.env, TMPDIR=os.path.join(box, "tmp"))

    def contents(self, box, result):
        out = os.path.join(box, "out")
        return read(out) if os.path.exists(out) else result.out.encode()

    def tries(self, rng, short):
        found = []
        for name, command in self.commands.items():
            box = self.shop.box()
            found += [f"{name}:{t}" for t in every_call(self.shop.calls(command, box, self.env(box)))]
        return sample(found, SHORT if short else None)

    def attempt(self, what, box):
        name, call, n, do = what.split(":")
        command, out = self.commands[name], os.path.join(box, "out")
        if "out" in command:
            write(out, OLD)
        result = run(command, box, self.env(box), fault=self.shop.fault(box, call, int(n), do))
        codes = (OK,) if do == "SHORT" or (do == "EINTR" and call in ("read", "write")) else (OK, IO)
        survived(result, codes, (signal.SIGKILL,) if do == "KILL" else ())
        if result.status == IO and not result.err.strip():
            raise Lost("exit 5 without a word")
        told = "note: " in result.err  # a report without its evaluation, say
        if result.status == OK and self.contents(box, result) != self.wanted[name] and not told:
            raise Lost("other output without a word")
        if os.path.exists(out) and read(out) not in (OLD, self.wanted[name]) and not told:
            raise Lost("the output is neither what it was nor what it is to be")
        result = run(command, box, self.env(box))
        survived(result, [OK])
        if self.contents(box, result) != self.wanted[name]:
            raise Lost("other output afterwards")
        more = names_in(box) - {"out"}
        if more:
            raise Lost("left for good: " + ", ".join(more))
