"""Recordings of events in every format, in every order, unit and spelling: the frames of the events sorted by NumPy, or a
refusal that names the file and the reason. Ran as: events_check.py DATA_DUMP"""
import io
import os
import shutil
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from data_check import WORK, equal, frames, load, main, refused, rng
import h5py
import numpy as np
from writers import aedat2, aedat3, aedat4, atis, put, random_events

RULES = ("equal_count", "equal_time", "duration=50000us")
WIDTH, HEIGHT = 24, 20


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def structure(events, kind="<i8"):
    s = np.zeros(len(events), [("x", "<i2"), ("y", "<i2"), ("p", "?"), ("t", kind)])
    for name in "xypt":
        s[name] = events[name].astype(s.dtype[name])
    return npy(s)


def columns(events, **others):
    return npz(**{**{name: events[name] for name in "txyp"}, **others})


def by_time(events):
    return events[np.argsort(events["t"], kind="stable")]


def check(name, ending, cases, size=(WIDTH, HEIGHT), says=None, **options):
    """Each case is a file and the events in it, whose times are the true ones, in any order."""
    shutil.rmtree(f"{WORK}/{name}", ignore_errors=True)
    for i, (content, _) in enumerate(cases):
        put(f"{WORK}/{name}/train/a/{i:03}{ending}", content)
    for rule in RULES:
        x, _, _, err = load(f"{WORK}/{name}", "train", (2, size[1], size[0]), 5, 1, frames=rule, **options)
        for i, (_, events) in enumerate(cases):
            equal(x[i], frames(by_time(events), 5, *size, by=rule))
        assert (says in err) if says else err == "" or "after the last frame" in err, err


def refuse(name, ending, content, *texts, size=(WIDTH, HEIGHT), code=1, **options):
    shutil.rmtree(f"{WORK}/{name}", ignore_errors=True)
    put(f"{WORK}/{name}/train/a/0{ending}", content)
    refused(code, f"{WORK}/{name}", "train", (2, size[1], size[0]), 5, 1, *texts, **options)


# Formats whose times may be any: a writer of bytes, an ending, the sensor.
FORMATS = {
    "atis": (atis, ".bin", (34, 34)),
    "two": (lambda e: aedat2(wrapped(e, 1 << 32)), ".aedat", (128, 128)),
    "three": (aedat3, ".aedat", (128, 128)),
    "four": (lambda e: aedat4(e, 34, 30), ".aedat4", (34, 30)),
    "columns": (columns, ".npz", (WIDTH, HEIGHT)),
    "structure": (structure, ".npy", (WIDTH, HEIGHT)),
    "list": (lambda e: npy(np.stack([e[c] for c in "xypt"], 1)), ".npy", (WIDTH, HEIGHT)),
    "floats": (lambda e: npy(np.stack([e[c] for c in "xypt"], 1).astype("f8")), ".npy", (WIDTH, HEIGHT)),
}


def wrapped(events, clock, lowest=0):
    """As a clock of so many values shows it that counts on from its lowest after its highest."""
    shown = events.copy()
    shown["t"] = (shown["t"] - lowest) % clock + lowest
    return shown


def test_orders():
    for name, (write, ending, size) in FORMATS.items():
        events = random_events(rng, 400, *size)
        equal_times = events.copy()
        equal_times["t"] = equal_times["t"] // 30000 * 30000
        check(name, ending, [(write(e), e) for e in (events, equal_times)], size)
        orders = (rng.permutation(400), np.arange(400)[::-1], np.roll(np.arange(400), 7), np.r_[1:400, 0])
        shown = [e[order] for e in (events, equal_times) for order in orders]
        check(name, ending, [(write(e), e) for e in shown], size, says=f"note: 8 samples, such as one of {WORK}/{name}/train/a/000"
              f"{ending}, are not ordered by time: events were sorted\n")  # fmt: skip


def test_overflows():
    def case(name, ending, write, clock, size=(WIDTH, HEIGHT), lowest=0):
        e = random_events(rng, 300, *size, start=clock + lowest - 150_000)
        # Only differences of times matter to the frames.
        shown = [e, e[rng.permutation(300)], e[::-1]]
        check(name, ending, [(write(wrapped(s, clock, lowest)), s) for s in shown], size, says="3 samples, such as one of "
              f"{WORK}/{name}/train/a/000{ending}, are of a clock that overflowed")  # fmt: skip

    case("atis", ".bin", atis, 1 << 23, (34, 34))
    case("two", ".aedat", aedat2, 1 << 32, (128, 128))
    case("four", ".aedat4", lambda e: aedat4(e, 34, 30), 1 << 32, (34, 30))
    case("columns", ".npz", columns, 1 << 32)
    case("columns", ".npz", columns, 1 << 31)
    case("columns", ".npz", lambda e: columns(e, t=e["t"].astype("i4")), 1 << 32, lowest=-(1 << 31))
    case("columns", ".npz", lambda e: columns(e, t=e["t"].astype("u4")), 1 << 32)
    case("structure", ".npy", lambda e: structure(e, "<u4"), 1 << 32)
    case("structure", ".npy", lambda e: structure(e, ">i4"), 1 << 32, lowest=-(1 << 31))
    case("floats", ".npy", FORMATS["floats"][0], 1 << 32)

    # A clock with a sign that overflows where an unsigned one goes on.
    e = random_events(rng, 300, 128, 128, start=(1 << 31) - 150_000)
    check("two", ".aedat", [(aedat2(e), e)], (128, 128))

    # Several times, in order and backwards; out of order it cannot be told.
    for clock, lowest in ((1 << 31, 0), (1 << 32, 0), (1 << 32, -(1 << 31))):
        e = random_events(rng, 300, WIDTH, HEIGHT, span=3 * clock, start=lowest + clock // 3)
        check("columns", ".npz", [(columns(wrapped(s, clock, lowest)), s) for s in (e, e[::-1])], says="2 samples, such")
        refuse("columns", ".npz", columns(wrapped(e[rng.permutation(300)], clock, lowest)), "0.npz", "cannot be told")
    # A long recording without overflows: in order, or backwards.
    e = random_events(rng, 300, WIDTH, HEIGHT, span=(1 << 32) - 5)
    check("columns", ".npz", [(columns(s), s) for s in (e, e[::-1])], says="fewer than 100 events a second")
    refuse("columns", ".npz", columns(e[rng.permutation(300)]), "0.npz", "cannot be told", "sort the events")
    # Beyond 32 bits no clock overflows.
    e = random_events(rng, 300, WIDTH, HEIGHT, span=1 << 31, start=1 << 50)[rng.permutation(300)]
    check("columns", ".npz", [(columns(e), e)], says="not ordered")

    # AEDAT 3 counts overflows of its 31 bits in the packets' headers; some writers do not.
    e = random_events(rng, 300, 128, 128, start=(1 << 31) - 150_000)
    early = int(np.searchsorted(e["t"], 1 << 31))
    for cut in (early, early - 20, early + 20):  # at a packet's border, and within a packet
        for counted in (True, False):
            packets = b""
            for part, overflow in ((e[:cut], 0), (e[cut:], 1 if counted else 0)):
                shown = wrapped(part, 1 << 31)
                if cut < early and len(part) > cut and counted:
                    overflow = 0  # of the packet's first event
                payload = b"".join(
                    struct.pack("<II", int(v["x"]) << 17 | int(v["y"]) << 2 | int(v["p"]) << 1 | 1, int(v["t"])) for v in shown
                )
                packets += struct.pack("<HHIIIIII", 1, 1, 8, 4, overflow, len(part), len(part), len(part)) + payload
            path = "three" + str(cut - early) + str(counted)
            content = b"#!AER-DAT3.1\r\n#!END-HEADER\r\n" + packets
            put(f"{WORK}/{path}/train/a/0.aedat", content)
            if cut > early and not counted:  # the header goes back: as good as unsorted
                continue
            x, _, _, _ = load(f"{WORK}/{path}", "train", (2, 128, 128), 5, 1, frames="equal_time")
            equal(x[0], frames(e, 5, 128, 128, by="equal_time"))


def test_gesture():
    """Cut by the labels' times after ordering."""
    folder = WORK + "/gesture"
    e = random_events(rng, 4000, 128, 128, span=4_000_000, start=1000)[rng.permutation(4000)]
    put(folder + "/trials_to_train.txt", b"user01_led.aedat\n")
    put(folder + "/user01_led.aedat", aedat3(e))
    put(folder + "/user01_led_labels.csv", b"class,startTime_usec,endTime_usec\n1,500000,1500000\n2,2000000,3000000\n")
    for rule in RULES:
        x, _, _, err = load(folder, "train", (2, 128, 128), 5, 11, frames=rule)
        for i, (a, b) in enumerate(((500_000, 1_500_000), (2_000_000, 3_000_000))):
            equal(x[i], frames(by_time(e[(e["t"] >= a) & (e["t"] < b)]), 5, 128, 128, by=rule))
        assert "note: 2 samples, such as one of" in err and "user01_led.aedat, are not ordered by time" in err, err


def heidelberg(path, times, units, kind="f4"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, lists, element in (("times", times, kind), ("units", units, "u2")):
            data = file.create_dataset("spikes/" + name, (len(lists),), dtype=h5py.vlen_dtype(np.dtype(element)))
            for i, each in enumerate(lists):
                data[i] = each
        file.create_dataset("labels", data=np.zeros(len(times), "u2"))


def test_heidelberg():
    for name in ("shd", "ssc"):
        folder = f"{WORK}/{name}"
        path = f"{folder}/{name}_train.h5"
        e = random_events(rng, 300, 700, 1, span=900_000)
        e["p"] = 0
        shown = [e, e[rng.permutation(300)], e[::-1]]
        for unit, factor, kind in (("", 1e-6, "f8"), ("s", 1e-6, "f8"), ("ms", 1e-3, "f8"), ("us", 1, "i8"), ("ns", 1e3, "f8")):
            heidelberg(path, [s["t"] * factor for s in shown], [s["x"] for s in shown], kind)
            for rule in RULES:
                x, _, _, err = load(folder, "train", (700,), 5, 1, frames=rule, time_unit=unit)
                for i, s in enumerate(shown):
                    equal(x[i], frames(by_time(s), 5, 700, 1, by=rule)[:, 0, 0])
                assert "2 samples, such" in err and "not ordered" in err, err
        for times, says in (
            (e["t"] * 1e-3, "name their unit with --time-unit ms"),
            (e["t"], "--time-unit"),
            (np.where(e["x"] == e["x"][5], np.nan, 0.1), "nan"),
            (np.where(e["x"] == e["x"][5], np.inf, 0.1), "inf"),
            (e["t"] * 1e-6 - 0.5, "negative"),
        ):
            heidelberg(path, [times], [e["x"]], "f8")
            refused(1, folder, "train", (700,), 5, 1, f"{name}_train.h5", "sample 0", says)


def test_units():
    e = random_events(rng, 300, WIDTH, HEIGHT)
    both = [e, e[rng.permutation(300)]]
    for unit, of in (
        ("s", lambda t: t * 1e-6),
        ("ms", lambda t: t * 1e-3),
        ("us", lambda t: t * 1.0),
        ("us", lambda t: t + 0.25),
        ("ns", lambda t: t * 1000 + 999),
        ("ns", lambda t: t * 1e3 + 0.25),
    ):
        check("units", ".npz", [(columns(s, t=of(s["t"])), s) for s in both], says="001.npz is not ordered", time_unit=unit)
    for unit, factor in (("s", 1_000_000), ("ms", 1000)):
        whole = [s.copy() for s in both]
        for s in whole:
            s["t"] = s["t"] * 20 // factor * factor
        check("units", ".npz", [(columns(s, t=(s["t"] // factor).astype("i4")), s) for s in whole], says="001.npz is not ordered",
              time_unit=unit)  # fmt: skip
    # A clock that overflows counts in its own unit.
    long = random_events(rng, 300, WIDTH, HEIGHT, span=9_000_000)
    shown = (long["t"] * 1000).astype("u8") % (1 << 32)
    check("units", ".npz", [(columns(long, t=shown.astype("u4")), long)], says="overflowed", time_unit="ns")

    folder = (WORK + "/units", "train", (2, HEIGHT, WIDTH), 5, 1)
    for t in (e["t"] * 1e-6, e["t"] * 1e-3, (e["t"] * 1e-6).astype("f4"), e["t"] + 0.5):
        refuse("units", ".npz", columns(e, t=t), "0.npz", "have fractions", "--time-unit s, ms, us or ns", "time_unit")
    s = np.zeros(9, [("x", "<i2"), ("y", "<i2"), ("p", "?"), ("t", "<f8")])
    s["t"] = np.linspace(0, 0.5, 9)
    refuse("units", ".npy", npy(s), "0.npy", "have fractions")
    for bad, says in ((np.nan, "nan, which is not a finite number"), (np.inf, "inf, which"), (-np.inf, "-inf"), (1e300, "too large")):
        t = e["t"].astype("f8")
        t[17] = bad
        for unit in ("", "s", "us"):
            refuse("units", ".npz", columns(e, t=t), "0.npz: event 17 is at time", says, time_unit=unit)
    for t in (e["t"] - 5000, e["t"] * 1e-6 - 1, -e["t"] - 1):
        refuse("units", ".npz", columns(e, t=t), "0.npz", "negative", time_unit="s" if t.dtype.kind == "f" else "")
    refuse("units", ".npz", columns(e, t=e["t"] + (1 << 55)), "0.npz", "too large", time_unit="s")
    # Integers that are hardly microseconds are read as such, with a word.
    for t, says in ((e["t"] // 1000, "more events than microseconds"), (e["t"] // 10**6, "--time-unit s or ms"),
                    (e["t"] * 1000, "--time-unit ns")):  # fmt: skip
        put(folder[0] + "/train/a/0.npz", columns(e, t=t))
        for _ in range(2):  # also from the cache
            assert says in load(*folder)[3]
    # Formats that say their unit
    put(WORK + "/known/train/a/0.bin", atis(random_events(rng, 90, 34, 34)))
    refused(2, WORK + "/known", "train", (2, 34, 34), 5, 1, "microseconds", "`ms`", time_unit="ms")
    load(WORK + "/known", "train", (2, 34, 34), 5, 1, time_unit="us")


def test_spellings():
    """Polarities, names, byte orders, padding: as tools save them."""
    e = random_events(rng, 300, WIDTH, HEIGHT)
    signs = 2 * e["p"] - 1
    polarities = (signs, signs.astype("f4"), signs.astype("i1"), e["p"].astype(bool), e["p"].astype("u1"), e["p"].astype("f2"))
    cases = [(columns(e, p=p), e) for p in polarities]
    for all_equal, value in ((1, 1), (0, -1), (0, 0)):
        same = e.copy()
        same["p"] = all_equal
        cases.append((columns(e, p=np.full(300, value)), same))
    check("spelled", ".npz", cases)
    for p, says in (
        (np.where(np.arange(300) == 7, -1, e["p"] * 0), "0 and -1"),
        (signs * e["p"] + (np.arange(300) % 3 == 0) * 2, "polarity"),
        (np.full(300, 2), "event 0 has polarity 2"),
        (np.full(300, 0.5), "event 0 has polarity 0.5"),
        (np.full(300, np.nan), "event 0 has polarity"),
        (signs.astype("i1").view("u1"), "polarity 255"),
    ):
        refuse("spelled", ".npz", columns(e, p=p), "0.npz", says)
    refuse("spelled", ".npz", columns(e, x=e["x"] + 0.5), "event 0 (x ", "not at a pixel")
    refuse("spelled", ".npz", columns(e, y=e["y"] + HEIGHT), "outside of a sensor", "the network's input")
    cases = [(columns(e, timestamps=np.zeros(3)), e)]  # t goes before
    for names in (dict(t="ts", p="polarity"), dict(t="timestamp", p="pol"), dict(t="T", x="X", y="Y", p="P"), dict(t="timestamps"), dict(t="time")):
        title = {c: names.get(c, c) for c in "xypt"}
        cases.append((npz(**{title[c]: e[c] for c in "xypt"}), e))
        s = np.zeros(300, [(title[c], "<i8") for c in "ptyx"])
        for c in "xypt":
            s[title[c]] = e[c]
        cases.append((npz(events=s, label=np.int64(3)), e))
    check("spelled", ".npz", cases)
    refuse("spelled", ".npz", npz(ts=e["t"], time=e["t"], x=e["x"], y=e["y"], p=e["p"]), "`ts` and `time` name the same")
    refuse("spelled", ".npz", npz(a=e["x"], b=e["y"]), "holds a, b")

    def fields(*dtypes):
        cases = []
        for dtype in dtypes:
            s = np.zeros(300, dtype)
            for c in "xypt":
                s[c] = signs if c == "p" and s.dtype[c].kind != "b" and s.dtype[c] != np.dtype("u1") else e[c]
            cases.append((npy(s), e))
        check("fields", ".npy", cases)

    fields(
        np.dtype({"names": list("xypt"), "formats": ["<u2", "<u2", "<i2", "<i8"], "offsets": [0, 2, 4, 8], "itemsize": 16}),
        np.dtype({"names": list("xypt"), "formats": ["<u2", "<u2", "<i2", "<i8"], "offsets": [3, 6, 9, 16], "itemsize": 40}),
        np.dtype([("t", "<u8"), ("x", "u1"), ("y", "<i4"), ("p", "?")], align=True),
        np.dtype([("t", ">i8"), ("x", ">u2"), ("y", ">i2"), ("p", "i1")]),
        np.dtype([("p", "u1"), ("t", ">f8"), ("y", "<f4"), ("x", "<f2")]),
        np.dtype([("x", "<i8"), ("name", "S5"), ("u", "<U3"), ("y", "<i8"), ("blob", "V3"), ("p", "<i8"), ("t", "<i8")]),
        np.dtype([("more", [("a", "<i2"), ("b", "<f4", (2,))]), ("x", "<i2"), ("y", "<i2"), ("box", "<f4", (2, 3)), ("t", "<i8"), ("p", "i1")]),
        np.dtype([(("column", "x"), "<i2"), (("row", "y"), "<i2"), ("p", "i1"), (("when", "t"), "<i8")]),
        np.dtype([("x", "<u2"), ("y", "<u2"), ("p", "i1"), ("t", "<i8"), ("when", "<M8[us]")]),
    )
    for dtype, says in (
        ([("x", "<i2"), ("y", "<i2"), ("p", "i1"), ("t", "<M8[us]")], "field `t` is of type `<M8[us]`"),
        ([("x", "<i2", (2,)), ("y", "<i2"), ("p", "i1"), ("t", "<i8")], "field `x` is of type"),
        ([("x", "<i2"), ("y", "<i2"), ("on", "i1"), ("t", "<i8")], "lacks one of x, y, p"),
        ([("x", "<i2"), ("y", "<i2"), ("p", "S1"), ("t", "<i8")], "`|S1`"),
    ):
        refuse("fields", ".npy", npy(np.zeros(9, dtype)), "0.npy", says)
    good = npy(np.zeros(9, [("x", "<i2"), ("y", "<i2"), ("p", "i1"), ("t", "<i8")]))
    for old, new in ((b"'<i2'", b"'<i9'"), (b"'<i2'", b"'<i'  "), (b"[('x'", b"[['x'"), (b"'y', ", b"'y'  "), (b"'|i1'", b"'V99'"), (b"(9,)", b"(8,)")):
        assert old in good
        refuse("fields", ".npy", good.replace(old, new, 1), "0.npy")
    deep = b"[('a', " * 200
    header = b"{'descr': " + deep + b"'<i2'" + b")]" * 200 + b", 'fortran_order': False, 'shape': (1,), }\n"
    refuse("fields", ".npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + b"12", "nested too deeply")


def test_durations():
    folder = WORK + "/duration"
    where = (folder, "train", (2, HEIGHT, WIDTH), 5, 1)
    e = random_events(rng, 300, WIDTH, HEIGHT, span=100_000)
    t = e["t"] - e["t"][0]
    put(folder + "/train/a/0.npz", columns(e))
    for text, us in (("duration=7000us", 7000), ("duration=7ms", 7000), ("duration=1s", 10**6), ("duration=20000", 20000), ("duration=1us", 1)):
        x, _, info, err = load(*where, frames=text)
        equal(x[0], frames(e, 5, WIDTH, HEIGHT, by=f"duration={us}us"))
        late = int((t >= 5 * us).sum())
        assert x.sum() == 300 - late
        said = f"0.npz is longer than 5 frames of {us} us: {late} events after the last frame are left out"
        assert (said in err) == (late > 0), err
        assert load(*where, frames=text)[2:] == (info, err)  # also from the cache
    x = load(*where, frames="duration=30ms")[0]
    assert x[0, 3].sum() > 0 and x[0, 4].sum() == 0  # shorter than all frames: the last ones are empty
    put(folder + "/train/a/1.npz", columns(e))
    err = load(*where, frames="duration=7ms")[3]
    assert f"2 samples, such as one of {folder}/train/a/0.npz, are longer" in err, err
    for bad in ("duration", "duration=", "duration=0us", "duration=-5us", "duration=5 us", "duration=5min", "duration=99999999999999s", "duration=5.5ms", "time"):
        refused(2, *where, f"`{bad}`", "duration=5000us", frames=bad)
    x = load(folder, "train", (2, HEIGHT, WIDTH), 0, 1, frames="duration=1us")[0]  # a still image holds all events
    assert x.sum() == 600


def test_hdf5_without_end():
    """An object of a heap whose size leads back to itself: libhdf5 1.10 never ends, others refuse."""
    path = WORK + "/loop/shd_train.h5"
    heidelberg(path, [np.arange(20 + i) % 7 for i in range(3)], [np.arange(20 + i) for i in range(3)])
    content = bytearray(open(path, "rb").read())
    struct.pack_into("<Q", content, content.index(b"GCOL") + 24, (1 << 64) - 16)
    put(path, bytes(content))
    refused(1, WORK + "/loop", "train", (700,), 5, 1, "shd_train.h5", "damaged")
    # Real sizes pass: many samples, megabytes of spikes.
    path = WORK + "/large/shd_train.h5"
    units = [rng.integers(0, 700, 20_000).astype("u2")] * 40
    heidelberg(path, [np.linspace(0, 1, 20_000).astype("f4")] * 40, units)
    assert load(WORK + "/large", "train", (700,), 5, 1)[0].sum() == 40 * 20_000


if __name__ == "__main__":
    main(dict(globals()))
