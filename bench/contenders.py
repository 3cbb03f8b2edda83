"""Who is timed: every contender has start(), sample(seconds, least) -> milliseconds, and stop().

Peers are processes that stay, and answer requests; our programs are started anew for every sample, as a user starts
them. All of them run on the cores of CORES[threads].
"""
import json
import os
import subprocess
import time

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")


def cores(threads):
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[:threads]


def on_cores(threads):
    return lambda: os.sched_setaffinity(0, cores(threads))


def environment(threads):
    return dict(os.environ, OMP_NUM_THREADS=str(threads), RVB_THREADS=str(threads))


def peak_of(command, threads):
    """The largest resident memory of a command, in bytes. Read from the process while it runs: what the system says of an
    ended child includes this program's own memory, from the moment between fork and exec."""
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=environment(threads), preexec_fn=on_cores(threads))  # fmt: skip
    program, peak = os.path.realpath(command[0]), 0
    while child.poll() is None:
        try:
            with open(f"/proc/{child.pid}/status") as file:
                lines = [line for line in file if line.startswith("VmHWM")]
            if lines and os.readlink(f"/proc/{child.pid}/exe") == program:
                peak = int(lines[0].split()[1]) * 1024
        except OSError:  # ended meanwhile
            pass
        time.sleep(0.002)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed")
    return peak


class Peer:
    """A process that reads requests and answers, one line of JSON each."""

    def __init__(self, label, request, threads):
        self.label, self.request, self.threads = label, request, threads
        self.process = None

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.label} ended without an answer to {request}")
        return json.loads(answer)

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment(self.threads), preexec_fn=on_cores(self.threads))  # fmt: skip
        answer = self.ask(dict(self.request, do="prepare", threads=self.threads))
        self.mode = answer["mode"]
        self.label = self.label.replace("VERSION", answer["version"])

    def sample(self, seconds, least):
        return self.ask({"do": "sample", "seconds": seconds, "least": least})["ms"]

    def memory(self):
        return self.ask({"do": "memory"})

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


class PyTorch(Peer):
    def command(self):
        return ["/usr/bin/python3", os.path.join(PEERS, "torch_worker.py"), "--threads", str(self.threads)]


class OnnxRuntime(Peer):
    folder = None  # where npm put onnxruntime-node

    def command(self):
        return ["node", os.path.join(self.folder, "ort_worker.js")]


class OurProgram:
    mode = ""

    def __init__(self, label, program, arguments, threads):
        self.label, self.threads = label, threads
        self.command = [program, "bench", "--threads", str(threads), "--format", "jsonl", *arguments]

    def start(self):
        pass

    def stop(self):
        pass

    def sample(self, seconds, least):
        command = self.command + ["--repeats", str(least), "--seconds", str(seconds)]
        text = subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment(self.threads),
            preexec_fn=on_cores(self.threads)).stdout  # fmt: skip
        return [json.loads(text.splitlines()[-1])["median_ms"]]


class OurKernel:
    """One row of bench/kernels, by its name."""

    mode = ""

    def __init__(self, label, program, name, threads):
        self.label, self.program, self.name, self.threads = label, program, name, threads

    def start(self):
        # The program waits with the compiled kernel for one line per sample.
        self.process = subprocess.Popen(
            [self.program, "--serve", self.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment(self.threads), preexec_fn=on_cores(self.threads))  # fmt: skip
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{self.program} has no kernel `{self.name}`")

    def sample(self, seconds, least):
        self.process.stdin.write(f"{seconds} {least}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["ms"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
