"""disks: output, cache, TMPDIR and the run's folder on disks that are full after some bytes, or read-only."""
import os
import subprocess

from common import IO, OK, Lost, Skipped, run, sample, survived
from compiling import compilations
from training import Training

NAME = "disks"
ABOUT = "full and read-only disks for output, cache, temporary files and the run's folder"
COMPILES = True
SIZES = [0, 1, 3, 5, 10, 18, 30, 50, 80, 120, 200, 400, 700, 1000, 1400, 1800, 3000]  # KiB
SHORT = 36


def mount(*arguments):
    return subprocess.run(["mount", *arguments], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.compilations = compilations(shop)
        self.training = Training(shop, "data")

    def tries(self, rng, short):
        found = []
        for kind in ("mount", "room"):
            for name in ("train", *("rvbc-" + c for c in self.compilations)):
                for where in ("run",) if name == "train" else ("output", "cache", "tmp"):
                    found += [f"{kind}:{name}:{where}:{size}" for size in SIZES]
        for name in ("train", *("rvbc-" + c for c in self.compilations)):
            for where in ("run",) if name == "train" else ("output", "cache", "tmp"):
                found.append(f"readonly:{name}:{where}:0")
        return sample(found, SHORT if short else None)

    def attempt(self, what, box):
        kind, name, where, size = what.split(":")
        thing = self.training if name == "train" else self.compilations[name[5:]]
        full = os.path.join(box, {"run": "run", "output": ".", "cache": "cache", "tmp": "tmp"}[where])
        if where == "output":  # the command runs inside the disk
            full = os.path.join(box, "full")
        os.makedirs(full, exist_ok=True)
        mounted = False
        try:
            if kind != "room":
                if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=64m", "rvb-faults", full):
                    raise Skipped("mounting a small disk needs root")
                mounted = True
            self.inside(kind, name, where, int(size), thing, box, full)
        finally:
            if mounted and subprocess.run(["umount", full], capture_output=True).returncode != 0:
                subprocess.run(["umount", "-l", full], capture_output=True)

    def inside(self, kind, name, where, size, thing, box, full):
        if name != "train":
            thing.prepare(box)
        env, cwd = thing.env(box), box
        command = list(thing.command)
        if where == "output":
            command[command.index("out")] = "full/out"
        used = sum(os.path.getsize(os.path.join(at, f)) for at, _, files in os.walk(full) for f in files)
        fault = None
        if kind == "room":
            fault = self.shop.fault(box, "", room=size << 10, under=full)
        elif kind == "readonly":
            mount("-o", "remount,ro", full)
        else:
            pages = sum(-(-os.path.getsize(os.path.join(at, f)) // 4096) for at, _, files in os.walk(full) for f in files)
            mount("-o", f"remount,size={max(4, pages * 4 + (size + 3) // 4 * 4)}k", full)
        result = run(command, cwd, env, fault=fault)
        if mounted_kind(kind):
            mount("-o", "remount,rw,size=64m", full)
        survived(result, (OK, IO))
        if result.status == IO and not result.err.strip():
            raise Lost("exit 5 without a word")
        if result.status == IO and not any(word in result.err for word in ("space", "Read-only")):
            raise Lost(f"the message does not name the reason ({result})")
        if where == "output":
            self.outside(thing, command, box, full, result)
        elif name == "train":
            thing.finish(box)
        else:
            thing.finish(box)

    def outside(self, thing, command, box, full, result):
        """The same once more, now that there is room; what lies on the disk afterwards is the output alone."""
        survived(run(command, box, thing.env(box)), [OK])
        wanted = {name: content for name, content in thing.wanted.items()}
        for name, content in wanted.items():
            with open(os.path.join(full, name), "rb") as file:
                if file.read() != content:
                    raise Lost("another program without a word")
        more = set(os.listdir(full)) - set(wanted)
        if more:
            raise Lost("left next to the output for good: " + ", ".join(more))


def mounted_kind(kind):
    return kind != "room"
