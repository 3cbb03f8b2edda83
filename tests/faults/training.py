"""Training under faults: what is saved is whole, can be continued, and ends in the bits of the run without a fault."""
import json
import os

from common import INTERRUPTED, IO, OK, Lost, names_in, nothing_left, read, run, survived


class Training:
    """A training of some milliseconds with its reference."""

    def __init__(self, shop, source="arrays", threads=1, save_every=2):
        self.shop = shop
        data = ["--data", shop.data] if source == "data" else ["--input", shop.x, "--labels", shop.y]
        self.common = ["--threads", str(threads), "--quiet", "--log-every", "1"]
        self.common += ["--save-every", str(save_every)] if save_every else []
        self.command = [shop.program, "train", *data, "--epochs", "2", "--batch", "4", "--seed", "3", "--run-dir", "run",
                        *self.common]
        self.again = [shop.program, "train", "--resume", "--run-dir", "run", *self.common]
        box = shop.box()
        begun = run(self.command, box, self.env(box))
        if begun.status != 0:
            raise SystemExit(f"training does not work without faults either: {begun}\n{begun.err}")
        self.seconds = begun.seconds
        self.wanted = self.contents(box)

    def env(self, box):
        return dict(self.shop.env, TMPDIR=os.path.join(box, "tmp"))

    def contents(self, box):
        """Everything that must be equal in the end: all files; of the metrics everything but the speed."""
        folder, found = os.path.join(box, "run"), {}
        for name in names_in(folder):
            content = read(os.path.join(folder, name))
            if name == "metrics.jsonl":
                try:
                    lines = [json.loads(line) for line in content.splitlines()]
                except ValueError as error:
                    raise Lost(f"{name} is damaged: {error}")
                for line in lines:
                    line.pop("images_per_second", None)
                content = json.dumps(lines)
            found[name] = content
        return found

    def compare(self, box, finished=True):
        """`finished`: nothing that a fault could leave may be there any more."""
        got = self.contents(box)
        if finished:
            nothing_left(os.path.join(box, "run"), self.wanted, "the run's folder")
            nothing_left(os.path.join(box, "tmp"), (), "TMPDIR")
        for name, content in self.wanted.items():
            if name not in got:
                raise Lost(f"{name} is missing after the run")
            if got[name] != content and name != "config.json":
                raise Lost(f"{name} differs from the run without a fault")

    def finish(self, box):
        """Continues without faults, as a user would: --resume, and anew only where nothing had been saved."""
        last = os.path.join(box, "run", "last.safetensors")
        saved = os.path.exists(last)
        again = run(self.again, box, self.env(box))
        survived(again, [OK] if saved else [IO])
        if not saved:
            anew = run(self.command, box, self.env(box))
            survived(anew, [OK])
        self.compare(box)

    def attempt(self, box, codes=(OK, IO), killed_by=(), command=None, heard=True, **how):
        """One try: the fault, the verdict, and the way on. `heard`: there is someone to read what it says."""
        before = os.path.exists(os.path.join(box, "run", "last.safetensors"))
        result = run(command or self.command, box, self.env(box), **how)
        survived(result, codes, killed_by)
        if result.status == IO and heard and not result.err.strip():
            raise Lost("exit 5 without a word")
        if before and not os.path.exists(os.path.join(box, "run", "last.safetensors")):
            raise Lost("the checkpoint of before is gone")
        if result.status == OK:
            self.compare(box, finished=False)
        elif result.status == INTERRUPTED and not os.path.exists(os.path.join(box, "run", "last.safetensors")):
            raise Lost("130, but nothing was saved")
        self.finish(box)
        return result
