"""moments: SIGKILL at random moments, several times in a row, with continuations in between."""
import os
import signal

from common import IO, OK, run, survived
from training import Training

NAME = "moments"
ABOUT = "a training is killed at random moments, again and again"
SHORT = 12


class Kind:
    def __init__(self, shop):
        self.training = Training(shop)

    def tries(self, rng, short):
        return [":".join(f"{rng.uniform(0, 1.1):.3f}" for _ in range(rng.randrange(1, 4)))
                for _ in range(SHORT if short else 250)]

    def attempt(self, what, box):
        t = self.training
        for part in what.split(":"):
            saved = os.path.exists(os.path.join(box, "run", "last.safetensors"))
            result = run(t.again if saved else t.command, box, t.env(box),
                         signals=[(float(part) * t.seconds, signal.SIGKILL)])
            survived(result, [OK, IO], [signal.SIGKILL])
        t.finish(box)
