#!/usr/bin/python3
"""The benchmark; bench/run.sh installs and builds what it needs and calls it."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

import roofline
import table
import works
from build_networks import Models, Programs, call, shape
from contenders import OnnxRuntime, OurKernel, OurProgram, PyTorch, peak_of
from table import row, summary


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options):
        self.options = options
        self.programs = Programs(options.rvbc, options.root, options.folder)
        self.models = Models(options.folder)
        self.rows, self.kernels = [], []
        self.rounds = options.rounds or (5 if options.quick else 11)
        self.seconds = 0.1 if options.quick else 0.3

    def wants(self, name):
        return re.search(self.options.only, name) is not None

    def attempt(self, work, action, *arguments):
        """One work that cannot be built or run does not end the others."""
        say(work)
        try:
            return action(work, *arguments)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            say(f"{work} is left out: {error}")
            return None

    def measure(self, contenders):
        """{label: (median, spread)} in ms: every contender once a round, so that what disturbs the machine disturbs all."""
        results, alive = {}, []
        for c in contenders:
            try:
                c.start()
                alive.append(c)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                say(f"{c.label} is left out: {error}")
        if not alive:
            raise RuntimeError("none of its contenders could be started")
        try:
            values = {id(c): [] for c in alive}
            for r in range(self.rounds):
                for c in alive[r % len(alive):] + alive[: r % len(alive)]:  # fmt: skip
                    values[id(c)].append(table.statistics.median(c.sample(self.seconds, 1)))
            for c in alive:
                results[c.label] = (*summary(values[id(c)]), c)
        finally:
            for c in alive:
                c.stop()
        return results

    def add(self, work, ours, theirs, results, unit="ms", **more):
        if ours in results and theirs in results:
            (our_value, our_spread, _), (peer_value, peer_spread, peer) = results[ours], results[theirs]
            spread = max(our_spread, peer_spread)
            self.rows.append(
                row(work, theirs, peer_value, ours, our_value, unit, spread=spread, mode=peer.mode, **more)
            )

    # --- the works -------------------------------------------------------------------------------------------------

    def convolutions(self):
        for channels, size in works.CONVOLUTIONS:
            work = f"3×3 convolution {channels}@{size}², 1 thread"
            if self.wants(work):
                self.attempt(work, self.one_convolution, channels, size)

    def one_convolution(self, work, channels, size):
        request = {"kind": "convolution", "channels": channels, "size": size, "batch": 1}
        contenders = [PyTorch("PyTorch VERSION", request, 1)]
        for spikes in self.programs.spikes:
            name = f"binary_conv2d {channels}->{channels}@{size}/1 {spikes} batch 1"
            contenders.append(OurKernel(f"{spikes} spikes", self.options.kernels, name, 1))
        results = self.measure(contenders)
        for spikes in self.programs.spikes:
            self.add(work, f"{spikes} spikes", contenders[0].label, results, goal=works.CONVOLUTION_GOALS[spikes])

    def inference(self):
        for network, n in works.NETWORKS.items():
            for batch in (1, 32):
                ours = {}
                for threads in (1, 2):
                    work = f"inference {n.title}, batch {batch}, {threads} thread{'s'[: threads > 1]}"
                    if threads <= os.cpu_count() and self.wants(work):
                        ours[threads] = self.attempt(work, self.one_inference, network, batch, threads)
                if ours.get(1) and ours.get(2) and batch == 32:
                    self.two_threads(f"inference {n.title}, batch {batch}", ours)

    def one_inference(self, work, network, batch, threads):
        n = works.NETWORKS[network]
        request = {"kind": "infer", "network": network, "batch": batch, "collapsed": False}
        contenders = [PyTorch("PyTorch VERSION", request, threads)]
        versions = [("fp32", False), ("int8", False)] + ([("fp32", True), ("int8", True)] if n.static else [])
        if n.static:
            label = "PyTorch VERSION, time collapsed"
            contenders.append(PyTorch(label, dict(request, collapsed=True), threads))
        for kind, collapsed in versions:
            if OnnxRuntime.folder:
                label = f"ONNX Runtime VERSION {kind}" + (", time collapsed" if collapsed else "")
                model = self.models.model(network, batch, kind, collapsed)
                contenders.append(OnnxRuntime(label, {"model": model, "shape": shape(network, batch)}, threads))
        for spikes in self.programs.spikes:
            program = self.programs.deployed(network, spikes)
            contenders.append(OurProgram(f"{spikes} spikes", program, ["--batch", str(batch)], threads))
        results = self.measure(contenders)
        peers = [label for label in results if "spikes" not in label]
        written = [p for p in peers if "collapsed" not in p and "int8" not in p]
        faster = min(written, key=lambda p: results[p][0], default=None)
        for spikes in self.programs.spikes:
            for p in peers:
                goal = works.inference_goal(network, batch, threads, spikes) if p == faster else None
                if spikes == "i16" and "int8" in p and "collapsed" not in p and (batch, threads) == (32, 2):
                    goal = works.INT8_GOAL
                self.add(work, f"{spikes} spikes", p, results, goal=goal)
        return {label: value for label, value in results.items() if "spikes" in label}

    def two_threads(self, work, ours):
        for label, (value, spread, _) in ours[2].items():
            if label not in ours[1]:  # left out there
                continue
            one, one_spread, _ = ours[1][label]
            self.rows.append(
                row(work + ", two threads against one", "itself", one, label, value, "ms", works.TWO_THREADS_GOAL,
                    max(spread, one_spread)))  # fmt: skip

    def training(self):
        for network in works.TRAINING_GOALS:
            title = works.NETWORKS[network].title
            ours = {}
            for threads in (1, 2):
                work = f"training step {title}, batch 32, {threads} thread{'s'[: threads > 1]}"
                if threads <= os.cpu_count() and self.wants(work):
                    ours[threads] = self.attempt(work, self.one_training, network, threads)
            if ours.get(1) and ours.get(2):
                self.two_threads(f"training step {title}, batch 32", ours)

    def one_training(self, work, network, threads):
        request = {"kind": "train", "network": network, "batch": 32, "collapsed": False}
        contenders = [PyTorch("PyTorch VERSION", request, threads)]
        if works.NETWORKS[network].static:
            contenders.append(PyTorch("PyTorch VERSION, time collapsed", dict(request, collapsed=True), threads))
        program = self.programs.trained(network)
        contenders.append(OurProgram("trained program", program, ["--train", "--batch", "32"], threads))
        results = self.measure(contenders)
        for c in contenders[:-1]:
            goal = works.TRAINING_GOALS[network] if threads == 2 and "collapsed" not in c.label else None
            self.add(work, "trained program", c.label, results, goal=goal)
        return {label: value for label, value in results.items() if label == "trained program"}

    def memory(self):
        for network in works.TRAINING_GOALS:
            work = f"peak memory of a training step {works.NETWORKS[network].title}, batch 32"
            if self.wants(work):
                self.attempt(work, self.one_memory, network)

    def one_memory(self, work, network):
        request = {"kind": "train", "network": network, "batch": 32, "collapsed": False, "mode": "channels_last"}
        peer = PyTorch("PyTorch VERSION", request, 2)
        try:
            peer.start()
            peer.sample(0, 2)
            used = peer.memory()
        finally:
            peer.stop()
        program = self.programs.trained(network)
        ours = peak_of([program, "bench", "--train", "--batch", "32", "--repeats", "2", "--seconds", "0"], 2) / 1e6
        peak, base = used["peak_bytes"] / 1e6, used["base_bytes"] / 1e6
        for label, value, goal in ((peer.label, peak, works.MEMORY_GOAL),
                                   (peer.label + ", above its libraries", peak - base, None)):  # fmt: skip
            self.rows.append(row(work, label, value, "trained program", ours, "MB", goal, mode=peer.mode))

    def sizes(self):
        work = "deployed ResNet20"
        if not self.wants(work):
            return
        say(work)
        for spikes in self.programs.spikes:
            program = self.programs.deployed("resnet20", spikes)
            info = json.loads(subprocess.run([program, "info", "--json"], capture_output=True, text=True).stdout)
            info = info.get("manifest", info)
            resident = peak_of([program, "bench", "--batch", "1", "--repeats", "2", "--seconds", "0.1"], 1)
            label = f"{spikes} spikes"
            for what, value, goal in (
                ("weights", info["deployment"]["weight_bytes"], works.WEIGHTS_MB),
                ("whole program", os.path.getsize(program), works.PROGRAM_MB),
                ("resident memory at batch 1", resident, works.RESIDENT_MB),
            ):
                self.rows.append(row(f"{work}: {what}", "–", None, label, value / 1e6, "MB", goal, at_most=True))

    def compile_time(self):
        work = "compile ResNet20 for training and evaluation"
        if not self.wants(work):
            return
        cache = os.path.join(self.options.folder, "empty-cache")
        command = [self.options.rvbc, *self.programs.source("resnet20"), "-o", self.programs.path("resnet20", "cold")]
        environment = dict(os.environ, XDG_CACHE_HOME=cache, RVB_CACHE_DIR=cache)
        shutil.rmtree(cache, ignore_errors=True)
        for name, goal, times in (("cold", works.COLD_SECONDS, 1), ("warm", works.WARM_SECONDS, 3)):
            say(f"{work}, {name}")
            seconds = []
            for _ in range(times):
                begin = time.perf_counter()
                call(command, env=environment)
                seconds.append(time.perf_counter() - begin)
            value, spread = summary(seconds)
            self.rows.append(row(f"{work}, {name}", "–", None, "rvbc", value, "s", goal, spread, at_most=True))
        shutil.rmtree(cache, ignore_errors=True)

    def all_kernels(self):
        """Every row of the kernel table with its part of the bound: for the roofline."""
        if not self.wants("kernels"):
            return
        say("kernels, one thread")
        path = os.path.join(self.options.folder, "kernels.json")
        call([self.options.kernels, f"--benchmark_out={path}", "--benchmark_min_time=0.05"],
             env=dict(os.environ, RVB_THREADS="1"))  # fmt: skip
        with open(path) as file:
            found = json.load(file)
        self.kernels = found["benchmarks"]
        self.machine = found["context"]

    def run(self):
        for part in (self.convolutions, self.inference, self.training, self.memory, self.sizes, self.compile_time,
                     self.all_kernels):  # fmt: skip
            part()
            self.save()

    def save(self):
        """After every part, so that a run that is stopped leaves what it measured."""
        if self.options.json:
            write(self.options.json, json.dumps(self.rows, indent=1, ensure_ascii=False) + "\n")


def write(path, text):
    with open(path + ".tmp", "w") as file:
        file.write(text)
    os.replace(path + ".tmp", path)


def machine_text(options):
    def output(*command):
        return subprocess.run(command, capture_output=True, text=True, cwd=options.root).stdout.strip()

    with open("/proc/cpuinfo") as file:
        cpu = re.search(r"model name\s*: (.*)", file.read())
    commit = output("git", "rev-parse", "--short", "HEAD")
    if output("git", "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    return (f"{cpu[1] if cpu else 'unknown CPU'}, {os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}; commit {commit}; "
            "data loading not included")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--folder", required=True, help="where programs and models are kept")
    parser.add_argument("--rvbc", required=True)
    parser.add_argument("--kernels", required=True, help="the program kernels_bench")
    parser.add_argument("--ort", help="the folder of onnxruntime-node")
    parser.add_argument("--only", default="", help="a regular expression: the works to measure")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter samples")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", help="write the rows here")
    parser.add_argument("--roofline", help="write a drawing (SVG) here")
    parser.add_argument("--compare", help="rows of an earlier run")
    options = parser.parse_args()
    OnnxRuntime.folder = options.ort
    bench = Bench(options)
    bench.run()
    print(machine_text(options) + f"; median of {bench.rounds} rounds\n")
    if not bench.rows and not bench.kernels:
        sys.exit(f"nothing was measured: --only {options.only!r} names no work, or none could be run")
    if bench.rows:
        print(table.markdown(bench.rows))
        print(f"\nA ratio above 1: ours is better. `(1.23?)`: the quartiles are more than {100 * table.UNSTEADY:.0f} % "
              "apart, no speed-up is claimed.")  # fmt: skip
    if bench.kernels:
        print("\n" + roofline.kernel_table(bench.kernels))
        if options.roofline:
            write(options.roofline, roofline.draw(bench.kernels, bench.machine))
    if options.compare:
        with open(options.compare) as file:
            print("\n" + table.compare(bench.rows, json.load(file)))


if __name__ == "__main__":
    main()
