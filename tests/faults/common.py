"""What all kinds of faults share: the workshop with its programs and references, one try under one fault, the verdict."""
import ctypes
import errno
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
OK, USER, USAGE, VERIFICATION, MISMATCH, IO, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 5, 70, 130
HANG = 10  # seconds, on an idle machine


class Lost(Exception):
    """The fault did harm: the text says which."""


class Skipped(Exception):
    """This try cannot be made here."""


def adopt_orphans():
    """Whatever a try leaves running becomes a child of this process, where it is seen."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def load():
    """How much slower this machine is than an idle one."""
    return max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))


def orphans():
    """The processes that are children of this one now."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.append(int(name))
    return found


class Result:
    """How a try ended. `status` is the exit code, or minus the signal."""

    def __init__(self, command, status, out, err, seconds, hung, left):
        self.command, self.status, self.out, self.err = command, status, out, err
        self.seconds, self.hung, self.left = seconds, hung, left

    def __str__(self):
        how = "hangs" if self.hung else f"signal {-self.status}" if self.status < 0 else f"exit {self.status}"
        said = self.err.strip().splitlines()
        return how + (": " + " / ".join(said[:2])[:200] if said else "")


def run(command, cwd, env=None, limits=(), streams=None, signals=(), fault=None, stdin=b"", patience=HANG, setup=None):
    """Runs a command. `limits`: (RLIMIT, bytes); `streams`: a function for the child that changes descriptors 0, 1, 2;
    `signals`: (seconds, number), sent in turn; `fault`: variables for inject.c."""
    environment = dict(os.environ if env is None else env)
    environment.update(fault or {})
    out, err, given = (tempfile.TemporaryFile() for _ in range(3))
    given.write(stdin)
    given.seek(0)

    def prepare():
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        for limit, most in limits:
            resource.setrlimit(limit, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if setup:
            setup()
        if streams:
            streams()

    limit = patience * load()
    begin = time.monotonic()
    child = subprocess.Popen(command, cwd=cwd, env=environment, stdin=given, stdout=out, stderr=err, preexec_fn=prepare)
    hung = False
    gone = os.pidfd_open(child.pid)
    waiting = select.poll()
    waiting.register(gone, select.POLLIN)
    for seconds, number in signals:
        if not waiting.poll(max(0, begin + seconds - time.monotonic()) * 1000):
            os.kill(child.pid, number)
    if not waiting.poll(limit * 1000):
        hung = True
        child.kill()
    status = child.wait()
    os.close(gone)
    seconds = time.monotonic() - begin
    left = reap(2 * load())
    texts = []
    for file in (out, err):
        file.seek(0)
        texts.append(file.read().decode(errors="replace"))
        file.close()
    given.close()
    return Result(command, status, texts[0], texts[1], seconds, hung, left)


def reap(grace):
    """Waits for orphans; ends those that do not end by themselves, and says how many they were."""
    end = time.monotonic() + grace
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] != 0:
                continue
        except ChildProcessError:
            return 0
        if time.monotonic() > end:
            break
        time.sleep(0.005)
    stayed = orphans()
    for pid in stayed:
        os.kill(pid, signal.SIGKILL)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return len(stayed)


def survived(result, codes, signals=()):
    """The verdict that every kind shares. `codes` may be ended with; `signals` may have killed it."""
    if result.hung:
        raise Lost(f"hangs (over {result.seconds:.0f} s)")
    if result.left:
        raise Lost(f"{result.left} children outlive it")
    if result.status < 0 and -result.status not in signals:
        raise Lost(str(result))
    if result.status >= 0 and result.status not in codes:
        raise Lost(str(result))
    if "this is a bug" in result.err:
        raise Lost("takes itself for wrong; " + str(result))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def names_in(folder):
    """Everything below a folder, by relative name."""
    found = set()
    for at, folders, files in os.walk(folder):
        for name in files + [f for f in folders if os.path.islink(os.path.join(at, f))]:
            found.add(os.path.relpath(os.path.join(at, name), folder))
    return found


def nothing_left(folder, expected, what):
    more = names_in(folder) - set(expected)
    if more:
        raise Lost(f"left in {what} for good: " + ", ".join(sorted(more)[:4]))


def npy(array, dims, kind="<f4"):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({', '.join(map(str, dims))},), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    letter = {"<f4": "f", "<i8": "q"}[kind]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(
        f"<{len(array)}{letter}", *array)


def png(pixels, side):
    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + pixels[i * side:(i + 1) * side] for i in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", side, side, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Workshop:
    """Programs, weights, data and references that every try begins with; made once."""

    def __init__(self, folder, rvbc, rng):
        self.folder, self.rvbc = folder, rvbc
        self.model = os.path.join(HERE, "..", "end_to_end", "tiny.rvb")
        self.inject = self.at("inject.so")
        self.cache, self.program, self.deployed = self.at("cache"), self.at("tiny"), self.at("small")
        self.weights = self.at("weights.safetensors")
        self.x, self.y, self.picture = self.at("x.npy"), self.at("y.npy"), self.at("picture.png")
        self.data = self.at("data")
        self.count = 0
        os.makedirs(self.at("tmp"))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("RVB_", "XDG_")) and k != "CXX"}
        self.env.update(RVB_CACHE_DIR=self.cache, TMPDIR=self.at("tmp"), HOME=self.at("home"), LC_ALL="C", TERM="dumb",
                        OMP_WAIT_POLICY="PASSIVE", OMP_NUM_THREADS="2")
        for name in ("RVB_STDLIB", "RVB_LIBRARY", "RVB_INCLUDE"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.must([os.environ.get("CC", "cc"), "-O1", "-shared", "-fPIC", "-o", self.inject,
                   os.path.join(HERE, "inject.c"), "-ldl"])
        self.must([rvbc, self.model, "-q", "-o", self.program])
        self.must([self.program, "init", "--seed", "1", "-o", self.weights])
        self.must([rvbc, "deploy", self.model, "--weights", self.weights, "-q", "-o", self.deployed])
        pixels = [rng.gauss(0, 1) for _ in range(12 * 28 * 28)]
        write(self.x, npy(pixels, [12, 1, 28, 28]))
        write(self.y, npy([rng.randrange(10) for _ in range(12)], [12], "<i8"))
        write(self.picture, png(bytes(rng.randrange(256) for _ in range(50 * 50)), 50))
        os.makedirs(self.data)
        for part, count in (("train", 12), ("t10k", 8)):  # Fashion-MNIST's layout
            write(f"{self.data}/{part}-images-idx3-ubyte",
                  struct.pack(">4I", 0x803, count, 28, 28) + bytes(rng.randrange(256) for _ in range(count * 784)))
            write(f"{self.data}/{part}-labels-idx1-ubyte",
                  struct.pack(">2I", 0x801, count) + bytes(rng.randrange(10) for _ in range(count)))

    def at(self, *parts):
        return os.path.join(self.folder, *parts)

    def must(self, command, cwd=None, env=None):
        result = run(command, cwd or self.folder, env or self.env, patience=300)
        if result.status != 0:
            sys.exit(f"the campaign cannot begin: {' '.join(command)}: {result}\n{result.err}")
        return result

    def box(self):
        """A fresh folder for one try."""
        self.count += 1
        folder = self.at(f"try-{os.getpid()}-{self.count}")
        os.makedirs(os.path.join(folder, "tmp"))
        return folder

    def fault(self, box, calls, at=0, do=None, many=1, only=None, log=None, room=None, under=None):
        """The environment for inject.c."""
        counter = os.path.join(os.path.dirname(box), os.path.basename(box) + ".counter")
        write(counter, bytes(4096))
        value = {"LD_PRELOAD": self.inject, "RVB_FAULT_COUNTER": counter, "RVB_FAULT_CALLS": calls,
                 "RVB_FAULT_AT": str(at), "RVB_FAULT_MANY": str(many)}
        if do:
            value["RVB_FAULT_DO"] = do if do in ("KILL", "SHORT") else str(getattr(errno, do))
        for name, what in (("IN", only), ("LOG", log), ("UNDER", under)):
            if what:
                value["RVB_FAULT_" + name] = what
        if room is not None:
            value["RVB_FAULT_ROOM"] = str(room)
        return value

    def calls(self, command, box, env=None, only=None):
        """How often a command makes each call, where nothing is wrong."""
        log = box + ".log"
        run(command, box, env or self.env, fault=self.fault(box, "", only=only, log=log), patience=300)
        counted = {}
        for line in open(log, errors="replace"):
            call = line.split(" ", 1)[0]
            counted[call] = counted.get(call, 0) + 1
        return counted


# What each call can answer, and the process's death before it.
ANSWERS = {
    "write": ["KILL", "ENOSPC", "EIO", "EINTR", "SHORT"],
    "read": ["KILL", "EIO", "EINTR", "SHORT"],
    "sync": ["KILL", "EIO", "ENOSPC", "EINTR"],
    "rename": ["KILL", "ENOSPC", "EACCES", "EIO"],
    "open": ["KILL", "EMFILE", "EACCES", "EIO", "ENOSPC", "EINTR"],
    "close": ["KILL", "EIO", "ENOSPC", "EINTR"],
    "mkdir": ["KILL", "EACCES", "ENOSPC"],
    "truncate": ["KILL", "EIO", "ENOSPC"],
    "unlink": ["KILL", "EACCES"],
    "pipe": ["EMFILE"],
    "thread": ["EAGAIN"],
    "fork": ["EAGAIN", "ENOMEM"],
}


def every_call(counted, only=None):
    """Each call of a command with each of its answers: CALL:NUMBER:ANSWER."""
    return [f"{call}:{n}:{answer}" for call in sorted(counted) if only is None or call in only
            for n in range(1, counted[call] + 1) for answer in ANSWERS[call]]


def sample(tries, count):
    """A systematic sample: the first, the last and those in equal distances."""
    if count is None or len(tries) <= count:
        return tries
    return [tries[i * (len(tries) - 1) // max(1, count - 1)] for i in range(count)]
