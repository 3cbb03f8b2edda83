"""training: SIGKILL and errors at every single call of a training and of its continuation."""
import signal

from common import IO, OK, every_call, run, sample
from training import Training

NAME = "training"
ABOUT = "every call of a training fails, falls short or is its last"
SHORT = 70


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.kinds = {"arrays": Training(shop), "data": Training(shop, "data", threads=2),
                      "epochs": Training(shop, save_every=0)}

    def half(self, training, box):
        """A run that was stopped after three steps."""
        run(training.command + ["--steps", "3", "--epochs", "2"], box, training.env(box))

    def tries(self, rng, short):
        found = []
        for name, training in self.kinds.items():
            box = self.shop.box()
            found += [f"{name}:{t}" for t in every_call(self.shop.calls(training.command, box, training.env(box)))]
            box = self.shop.box()
            self.half(training, box)
            found += [f"{name}-resumed:{t}"
                      for t in every_call(self.shop.calls(training.again, box, training.env(box)))]
        return sample(found, SHORT if short else None)

    def attempt(self, what, box):
        name, call, n, do = what.split(":")
        training = self.kinds[name.split("-")[0]]
        command = training.command
        if name.endswith("resumed"):
            self.half(training, box)
            command = training.again
        signals = (signal.SIGKILL,) if do == "KILL" else ()
        # What is legal at any time must not be noticed at all.
        codes = (OK,) if do == "SHORT" or (do == "EINTR" and call in ("read", "write")) else (OK, IO)
        training.attempt(box, codes, signals, command, fault=self.shop.fault(box, call, int(n), do))
