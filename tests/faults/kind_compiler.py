"""compiler: SIGKILL and errors at the calls of rvbc, of its children and of the tools that it starts."""
import signal

from common import every_call
from compiling import compilations

NAME = "compiler"
ABOUT = "every call of rvbc, its children and the linker fails, falls short or is its last"
COMPILES = True
SHORT = {"own": 5, "tools": 2}
LONG = {"own": 130, "tools": 30}


class Kind:
    def __init__(self, shop):
        self.shop = shop
        self.compilations = compilations(shop)

    def tries(self, rng, short):
        found = []
        for name, compilation in self.compilations.items():
            for whose, only in (("own", "rvbc"), ("tools", None)):
                box = compilation.prepare()
                all_of_it = every_call(self.shop.calls(compilation.command, box, compilation.env(box), only))
                rng.shuffle(all_of_it)
                found += [f"{name}:{whose}:{t}" for t in all_of_it[:(SHORT if short else LONG)[whose]]]
        return found

    def attempt(self, what, box):
        name, whose, call, n, do = what.split(":")
        compilation = self.compilations[name]
        compilation.prepare(box)
        fault = self.shop.fault(box, call, int(n), do, only="rvbc" if whose == "own" else None)
        compilation.attempt(box, killed_by=(signal.SIGKILL,) if do == "KILL" else (), by_tools=whose == "tools", fault=fault)
