"""signals: HUP, INT once and twice, TERM, PIPE, QUIT, XFSZ and files that may not grow, at random moments."""
import os
import resource
import signal

from common import INTERRUPTED, IO, OK, Lost, read, run, survived
from compiling import compilations
from kind_outputs import Kind as Outputs
from training import Training

NAME = "signals"
ABOUT = "HUP, INT (twice), TERM, PIPE, QUIT, XFSZ, KILL and ulimit -f for programs and rvbc"
COMPILES = True
SENT = {"HUP": [signal.SIGHUP], "INT": [signal.SIGINT], "INT-INT": [signal.SIGINT] * 2, "TERM": [signal.SIGTERM],
        "HUP-TERM": [signal.SIGHUP, signal.SIGTERM], "PIPE": [signal.SIGPIPE], "QUIT": [signal.SIGQUIT],
        "XFSZ": [signal.SIGXFSZ], "KILL": [signal.SIGKILL]}
GENTLE = ("HUP", "INT", "TERM", "PIPE", "XFSZ")  # none of these may cost a step that was done
IGNORED = {"nohup": signal.SIGHUP, "background": signal.SIGINT}
SIZES = [50, 100, 1000, 4096, 9000, 20000, 40000, 100000, 800000, 1400000]


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.trainings = {"train": Training(shop), "train-data": Training(shop, "data", threads=2)}
        self.outputs = Outputs(shop)
        self.compilations = compilations(shop, missing=6, jobs=2, names=("train", "deploy", "i16"))
        self.seconds = {"rvbc-" + name: c.measure() for name, c in self.compilations.items()}
        self.seconds.update((name, t.seconds) for name, t in self.trainings.items())

    def tries(self, rng, short):
        found = []
        for name in [*self.trainings, "eval", "infer", "deployed"] + ["rvbc-" + c for c in self.compilations]:
            ours = name in self.trainings
            for sent in [*SENT, *IGNORED]:
                if sent == "KILL" and ours:
                    continue  # moments
                for _ in range(1 if short else 20 if ours else 8 if name.startswith("rvbc") else 5):
                    found.append(f"{name}:{sent}:{rng.uniform(0.1, 1):.3f}:{rng.uniform(0, 0.1):.3f}")
            if ours or name.startswith("rvbc"):
                found += [f"{name}:fsize:{size}:0" for size in (rng.sample(SIZES, 2) if short else SIZES)]
        return found

    def attempt(self, what, box):
        name, sent, first, second = what.split(":")
        thing = self.trainings.get(name) or self.compilations.get(name[5:])
        length = self.seconds.get(name, 0.02)
        how, allowed, codes = {}, (), (OK,)
        if sent == "fsize":
            how, codes = {"limits": [(resource.RLIMIT_FSIZE, int(first))]}, (OK, IO)
        elif sent in IGNORED:
            how = {"signals": [(float(first) * length, IGNORED[sent])],
                   "setup": lambda: signal.signal(IGNORED[sent], signal.SIG_IGN)}
        else:
            moments = [float(first) * length, (float(first) + float(second)) * length]
            how = {"signals": list(zip(moments, SENT[sent]))}
            allowed = tuple(SENT[sent])
            codes = (OK, IO, INTERRUPTED, *(128 + s for s in allowed))
        if thing is None:
            result = run(self.outputs.commands[name], box, self.outputs.env(box), **how)
            survived(result, codes, allowed)
            if result.status == OK and self.outputs.contents(box, result) != self.outputs.wanted[name]:
                raise Lost("other output without a word")
        elif name.startswith("rvbc"):
            thing.prepare(box)
            thing.attempt(box, codes, allowed, **how)
        else:
            # Until the first step is logged there is nothing to save, and the signal may do what it does by itself.
            result = run(thing.command, box, thing.env(box), **how)
            survived(result, codes, allowed)
            metrics = os.path.join(box, "run", "metrics.jsonl")
            if result.status < 0 and sent in GENTLE and os.path.exists(metrics) and read(metrics):
                raise Lost(f"{result}: the steps since the last checkpoint are thrown away")
            if result.status == IO and not result.err.strip():
                raise Lost("exit 5 without a word")
            if result.status == OK:
                thing.compare(box)
            thing.finish(box)
