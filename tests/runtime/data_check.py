"""The data sets' readers against independent writers (data/writers.py, h5py, Pillow, NumPy) and frames made in NumPy
by SpikingJelly's rules; damaged files; the cache. Ran as: data_check.py DATA_DUMP"""
import glob
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "data"))
try:
    import h5py
    import numpy as np
    import lz4.frame  # noqa: F401
    import zstandard  # noqa: F401
    from PIL import Image
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)
from writers import EVENT, aedat2, aedat3, aedat4, atis, put, random_events

DUMP = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp()
os.environ["RVB_CACHE_DIR"] = WORK + "/cache"
rng = np.random.default_rng(1)


def run(folder, part, shape, steps, classes, **options):
    out = WORK + "/out"
    words = [DUMP, folder, part, ",".join(map(str, shape)), str(steps), str(classes), out]
    words += [f"{name}={value}" for name, value in options.items()]
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def load(folder, part, shape, steps, classes, **options):
    code, out, err = run(folder, part, shape, steps, classes, **options)
    assert code == 0, err
    x = np.load(WORK + "/out.x.npy")
    if len(shape) == 3:
        x = x.transpose(1, 0, 4, 2, 3)  # [N, T, C, H, W]
    else:
        x = x[:, :, 0, 0, :].transpose(1, 0, 2)
    return x, np.load(WORK + "/out.y.npy").astype(int), json.loads(out), err


def refused(code, folder, part, shape, steps, classes, *texts, **options):
    got, _, err = run(folder, part, shape, steps, classes, **options)
    assert got == code, f"exit {got}, expected {code}: {err}"
    for text in texts:
        assert text in err, f"`{text}` is missing in: {err}"


def frames(events, steps, width, height, by="equal_count", size=None):
    """SpikingJelly's integrate_events_to_frames with cal_fixed_frames_number_segment_index; Tonic's windows of time."""
    w, h = size or (width, height)
    result = np.zeros([steps, 2, h, w], np.float32)
    n = len(events)
    if by == "equal_count":
        d = n // steps
        bounds = [(i * d, i * d + d) for i in range(steps)]
        bounds[-1] = (bounds[-1][0], n)
    elif by.startswith("duration="):
        t, d = events["t"] - events["t"][0], int(by[9:-2])
        bounds = [(np.searchsorted(t, d * i), np.searchsorted(t, d * i + d)) for i in range(steps)]
    else:
        t = events["t"]
        d = (t[-1] - t[0]) // steps
        bounds = []
        for i in range(steps):
            inside = np.flatnonzero((t >= t[0] + d * i) & (t < t[0] + d * i + d))
            bounds.append((inside[0], inside[-1] + 1) if len(inside) else (0, 0))
        bounds[-1] = (np.flatnonzero(t >= t[0] + d * (steps - 1))[0], n)  # to the end
    for i, (a, b) in enumerate(bounds):
        e = events[a:b]
        np.add.at(result[i], (e["p"], e["y"] * h // height, e["x"] * w // width), 1)
    return result


def equal(got, wanted):
    assert got.shape == np.shape(wanted), (got.shape, np.shape(wanted))
    assert np.array_equal(got, wanted), f"{np.sum(got != wanted)} values differ"


def dealt(listed):
    """The first of every class, the second of every class …"""
    by_class = {}
    for label, item in listed:
        by_class.setdefault(label, []).append(item)
    most = max(map(len, by_class.values()))
    return [(label, by_class[label][i]) for i in range(most) for label in sorted(by_class) if i < len(by_class[label])]


def class_folder(name, ending, make, part="Train", classes=3, each=4):
    """Files of random events; make(i, events) gives the bytes."""
    listed = []
    for k in range(classes):
        for i in range(each):
            events, content = make(k * each + i)
            put(f"{WORK}/{name}/{part}/{k}/{i:03}{ending}".replace("//", "/"), content)
            listed.append((k, events))
    return dealt(listed)


def check_framed(name, part, sensor, listed, shape=None, steps=7, classes=3, **options):
    shape = shape or (2, sensor[1], sensor[0])
    for by in ("equal_count", "equal_time"):
        x, y, info, _ = load(f"{WORK}/{name}", part, shape, steps, classes, frames=by, **options)
        assert list(y) == [k for k, _ in listed], y
        wanted = np.stack([frames(e, steps, *sensor, by=by, size=(shape[2], shape[1])) for _, e in listed])
        equal(x, wanted if shape[0] == 2 else wanted.sum(2, keepdims=True))
    return info


def test_nmnist():
    def make(i):
        events = random_events(rng, 500 + 13 * i, 34, 34)
        if i % 3 == 1:
            events["t"] += 2 * 8192
        return events, atis(events, (10, 300) if i % 3 == 1 else ())

    listed = class_folder("nmnist", ".bin", make)
    tests = class_folder("nmnist", ".bin", make, part="Test", each=2)
    info = check_framed("nmnist", "train", (34, 34), listed)
    assert info["format"] == "N-MNIST" and info["samples"] == 12 and info["partition"] == "official"
    check_framed("nmnist", "test", (34, 34), tests)
    check_framed("nmnist", "train", (34, 34), listed, shape=(2, 17, 16), steps=3)  # a sensor that is scaled down
    check_framed("nmnist", "train", (34, 34), listed, shape=(1, 34, 34))  # polarities together
    other = check_framed("nmnist", "train", (34, 34), listed, steps=600)  # more frames than events
    assert other["split_hash"] == info["split_hash"] and other["hash"] != info["hash"]
    x, _, _, _ = load(WORK + "/nmnist", "train", (2, 34, 34), 0, 3)  # a still image: all events in one frame
    equal(x, np.stack([frames(e, 1, 34, 34) for _, e in listed]))
    x, _, _, _ = load(WORK + "/nmnist", "train", (2, 1, 1), 1, 3)  # counts beyond a byte
    assert x.max() > 255
    equal(x, np.stack([frames(e, 1, 34, 34, size=(1, 1)) for _, e in listed]))

    good = open(WORK + "/nmnist/Train/1/001.bin", "rb").read()
    where = (WORK + "/nmnist", "train", (2, 34, 34), 4, 3)
    for bad, says in (
        (good[:-2], "no multiple of 5"),
        (b"", "empty"),
        (bytes([34]) + good[1:], "(34, "),
        (bytes([0, 240, 0, 0, 0]), "no events"),
    ):
        put(WORK + "/nmnist/Train/1/001.bin", bad)
        refused(1, *where, "Train/1/001.bin", says)
    put(WORK + "/nmnist/Train/1/001.bin", good)
    refused(1, WORK + "/nmnist", "train", (2, 34, 34), 4, 10, "3 folders of classes", "10 classes")
    refused(1, WORK + "/nmnist", "train", (2, 48, 48), 4, 3, "34 x 34", "48 x 48")
    refused(1, WORK + "/nmnist", "train", (3, 34, 34), 4, 3, "2 polarities", "3 channels")
    refused(1, WORK + "/nmnist", "train", (100,), 4, 3, "vectors of 100")
    shutil.copytree(WORK + "/nmnist", WORK + "/half")
    shutil.rmtree(WORK + "/half/Test")
    refused(5, WORK + "/half", "test", (2, 34, 34), 4, 3, "test", "is missing")
    load(WORK + "/half", "train", (2, 34, 34), 4, 3)
    os.rename(WORK + "/half/Train/2", WORK + "/half/Train/x")
    os.makedirs(WORK + "/half/Test/2")
    put(WORK + "/half/Test/2/a.bin", good)
    refused(1, WORK + "/half", "test", (2, 34, 34), 4, 3, "no class `2`")
    os.makedirs(WORK + "/half/Train/empty")
    refused(5, WORK + "/half", "train", (2, 34, 34), 4, 4, "empty holds no file", ".bin")


def test_partitions():
    folder = WORK + "/nmnist"
    whole, labels, info, _ = load(folder, "train", (2, 34, 34), 4, 3)
    tr, _, a, _ = load(folder, "train", (2, 34, 34), 4, 3, partition="random:0.25:7")
    te, _, b, _ = load(folder, "test", (2, 34, 34), 4, 3, partition="random:0.25:7")
    assert len(tr) == 9 and len(te) == 3 and a["partition"] == "random:0.25:7"
    assert {x.tobytes() for x in tr} | {x.tobytes() for x in te} == {x.tobytes() for x in whole}
    other = load(folder, "train", (2, 34, 34), 4, 3, partition="random:0.25:8")[2]
    assert len({info["hash"], a["hash"], b["hash"], other["hash"]}) == 4
    assert load(folder, "train", (2, 34, 34), 4, 3, partition="random:0.25:7")[2] == a
    put(WORK + "/part.txt", b"test 0/001.bin\ntrain 2/003.bin\n")
    x, y, _, _ = load(folder, "test", (2, 34, 34), 4, 3, partition=f"file:{WORK}/part.txt")
    equal(x, whole[3:4])
    assert y[0] == 0
    put(WORK + "/part.txt", b"test 0/100.bin\n")
    refused(1, folder, "test", (2, 34, 34), 4, 3, "part.txt:1", "0/100.bin", partition=f"file:{WORK}/part.txt")
    refused(2, folder, "test", (2, 34, 34), 4, 3, "random:0.2:1", partition="half")
    flat = WORK + "/flat"
    shutil.copytree(folder + "/Train", flat)
    refused(2, flat, "train", (2, 34, 34), 4, 3, "--partition")
    assert len(load(flat, "train", (2, 34, 34), 4, 3, partition="random:0.5:1")[1]) == 6


def test_cifar10():
    pixels = rng.integers(0, 256, [60, 3, 32, 32]).astype("u1")
    labels = rng.integers(0, 10, 60).astype("u1")
    records = [bytes([k]) + p.tobytes() for k, p in zip(labels, pixels)]
    folder = WORK + "/cifar"
    for i in range(5):
        put(f"{folder}/cifar-10-batches-bin/data_batch_{i + 1}.bin", b"".join(records[i * 10 : i * 10 + 10]))
    put(folder + "/cifar-10-batches-bin/test_batch.bin", b"".join(records[50:]))
    where = (3, 32, 32), 0, 10
    x, y, info, _ = load(folder, "train", *where)
    equal(x[:, 0], pixels[:50] / np.float32(255))
    equal(y, labels[:50])
    equal(load(folder, "test", *where)[1], labels[50:])
    parts = [load(folder, part, *where, partition="random:0.2:3") for part in ("train", "test")]
    assert [len(p[0]) for p in parts] == [40, 10]
    assert sorted(i.tobytes() for p in parts for i in p[0]) == sorted(i.tobytes() for i in x)
    assert len({p[2]["split_hash"] for p in parts} | {info["split_hash"]}) == 3
    put(WORK + "/p.txt", b"test 7\ntest 3\ntrain 49\n")
    x, y, _, _ = load(folder, "test", *where, partition=f"file:{WORK}/p.txt")
    equal(x[:, 0], pixels[[3, 7]] / np.float32(255))
    put(folder + "/cifar-10-batches-bin/data_batch_2.bin", records[0][:-1])
    refused(1, folder, "train", *where, "data_batch_2.bin", "3073")
    put(folder + "/cifar-10-batches-bin/data_batch_2.bin", b"\x0a" + records[0][1:])
    refused(1, folder, "train", *where, "data_batch_2.bin", "label 10")
    os.remove(folder + "/cifar-10-batches-bin/data_batch_2.bin")
    os.remove(folder + "/cifar-10-batches-bin/data_batch_4.bin")
    refused(5, folder, "train", *where, "missing data_batch_2.bin, data_batch_4.bin")


def test_cifar10_dvs():
    numbers = (0, 42, 99, 100, 999)
    listed = {}
    for k, name in enumerate(("airplane", "frog")):
        for i in numbers:
            events = random_events(rng, 3000, 128, 128, span=1_300_000)
            listed[k, i] = events
            put(f"{WORK}/dvs/{name}/cifar10_{name}_{i}.aedat", aedat2(events, external=5))
            put(f"{WORK}/dvs4/{name}/cifar10_{name}_{i}.aedat4", aedat4(events, 128, 128, compression=i % 5, table=i > 50))
    for folder in ("dvs", "dvs4"):
        for part, chosen in (("test", numbers[:3]), ("train", numbers[3:])):
            # Files lie in the order of their names: 0, 100, 42, 99, 999.
            ordered = dealt([(k, listed[k, i]) for k in (0, 1) for i in sorted(chosen, key=str)])
            info = check_framed(folder, part, (128, 128), ordered, classes=2, steps=10)
            assert info["format"] == "CIFAR10-DVS" and info["partition"] == "first-hundred", info
            check_framed(folder, part, (128, 128), ordered, shape=(2, 48, 48), classes=2, steps=10)
    assert "995 of 1000 recordings of airplane" in load(WORK + "/dvs", "test", (2, 128, 128), 4, 2)[3]
    first = WORK + "/dvs/airplane/cifar10_airplane_0.aedat"
    good = open(first, "rb").read()
    where = (WORK + "/dvs", "test", (2, 128, 128), 4, 2)
    for bad, says in (
        (good[:-3], "no multiple of 8"),
        (good[:40], "header does not end"),
        (b"", "#!AER-DAT2.0"),
        (good.replace(b"DAT2.0", b"DAT9.0"), "#!AER-DAT2.0"),
        (good[:80].split(b"test\r\n")[0] + b"test\r\n", "no events"),
        (good[:80].split(b"test\r\n")[0] + b"test\r\n\0\0\x80\0\0\0\0\5", "no events"),
        (good + b"\0\1\0\0\0\0\0\0", "16 bits"),
        (b"#!AER-DAT3.1\r\n", "END-HEADER"),
    ):
        put(first, bad)
        refused(1, *where, "cifar10_airplane_0.aedat", says)
    put(first, good)


def test_aedat4_damage():
    events = random_events(rng, 900, 346, 260)
    for compression in range(5):
        folder = f"{WORK}/four{compression}"
        good = aedat4(events, 346, 260, compression)
        put(folder + "/train/a/0.aedat4", good)
        x, _, _, _ = load(folder, "train", (2, 260, 346), 5, 1)
        equal(x[0], frames(events, 5, 346, 260))
        where = (folder, "train", (2, 260, 346), 5, 1)
        packet = good.index(b"</dv>") + 5
        for bad, says in (
            (good[:100], "0.aedat4"),
            (good[: packet + 60], "truncated"),
            (good[: len(good) // 2], "truncated"),
            (b"", "#!AER-DAT4.0"),
            (good.replace(b">EVTS<", b">TRIG<"), "no stream of events"),
            (good.replace(b'"sizeX" type="int">346', b'"sizeX" type="int">20 '), "sensor has 20 x 260"),
        ):
            put(folder + "/train/a/0.aedat4", bad)
            refused(1, *where, "0.aedat4", says)
        if compression:
            cut = bytearray(good)
            cut[packet + 40 : packet + 60] = bytes(20)
            put(folder + "/train/a/0.aedat4", bytes(cut))
            code, _, err = run(*where)
            assert code == 1 and "0.aedat4" in err, err


def test_far_times():
    """Times whose difference is no int64."""
    for i, far in enumerate((1 << 62, -(1 << 62), -(1 << 63), (1 << 63) - 1)):
        events = random_events(rng, 90, 34, 34)
        folder = f"{WORK}/far{i}"
        put(folder + "/train/a/0.aedat4", aedat4(events, 34, 34))
        load(folder, "train", (2, 34, 34), 5, 1, frames="equal_time")
        events["t"][40] = far
        put(folder + "/train/a/0.aedat4", aedat4(events, 34, 34))
        refused(1, folder, "train", (2, 34, 34), 5, 1, "0.aedat4", "packet 1", str(far), frames="equal_time")


def test_gesture():
    folder = WORK + "/gesture/DvsGesture"
    wanted = {"train": [], "test": []}
    for part, names in (("train", ("user01_fluorescent", "user02_led")), ("test", ("user24_lab",))):
        put(f"{folder}/trials_to_{part}.txt", "".join(f"{n}.aedat\r\n" for n in names).encode())
        for n in names:
            events = random_events(rng, 5000, 128, 128, span=5_000_000, start=(1 << 31) + 1000 if n == "user02_led" else 1000)
            put(f"{folder}/{n}.aedat", aedat3(events))
            rows, base = "class,startTime_usec,endTime_usec\n", int(events["t"][0])
            for k in range(1, 5):
                a, b = base + 1_000_000 * k, base + 1_000_000 * k + 700_000
                if n == "user01_fluorescent" and k == 3:
                    b = a - 5  # the gesture that ends before it begins
                else:
                    wanted[part].append((k - 1, events[(events["t"] >= a) & (events["t"] < b)]))
                rows += f"{k},{a},{b}\n"
            put(f"{folder}/{n}_labels.csv", rows.encode())
    for part in ("train", "test"):
        info = check_framed("gesture", part, (128, 128), wanted[part], classes=11, steps=6)
        assert info["format"] == "DVS128-Gesture" and info["classes"][8] == "air drums"
    assert "user01_fluorescent_labels.csv:4" in load(WORK + "/gesture", "train", (2, 128, 128), 6, 11)[3]
    where = (WORK + "/gesture", "test", (2, 128, 128), 4, 11)
    name = folder + "/user24_lab"
    good, labels = open(name + ".aedat", "rb").read(), open(name + "_labels.csv", "rb").read()
    huge = bytearray(good)
    at = good.index(b"END-HEADER") + 12
    huge[at + 16 : at + 20] = b"\xff\xff\xff\xff"
    for bad, says in (
        (good[:-9], "truncated"),
        (good[:-60], "truncated"),
        (good[:30], "END-HEADER"),
        (good.replace(b"DAT3.1", b"DAT2.0"), "#!AER-DAT3.1"),
        (bytes(huge), "truncated in packet 0"),
        (good.replace(good[-3000:-64], b""), "user24_lab.aedat"),
        (aedat3(random_events(rng, 100, 128, 128, span=1000)), "no events from"),
    ):
        put(name + ".aedat", bad)
        refused(1, *where, "user24_lab.aedat", says)
    put(name + ".aedat", good)
    for bad in (b"class,startTime_usec,endTime_usec\n12,1,2\n", b"a\nb\n", b"t\n1,2\n", b"t\n1,2,3,4\n"):
        put(name + "_labels.csv", bad)
        refused(1, *where, "user24_lab_labels.csv:2", "CLASS,START,END")
    put(name + "_labels.csv", labels)
    refused(1, WORK + "/gesture", "test", (2, 128, 128), 4, 3, "label 3")
    os.remove(name + "_labels.csv")
    refused(5, *where, "user24_lab_labels.csv", "incomplete")
    os.remove(folder + "/trials_to_test.txt")
    refused(5, *where, "trials_to_test.txt")


def test_heidelberg():
    def write(path, count, **damage):
        times, units, labels = [], [], []
        with h5py.File(path, "w") as file:
            for i in range(count):
                n = 200 + i
                times.append(np.sort(rng.random(n)).astype("f2"))
                units.append(rng.integers(0, 700, n).astype("u2"))
                labels.append(i % 20)
            if "unit" in damage:
                units[1][3] = damage["unit"]
            if "short" in damage:
                units[2] = units[2][:-1]
            spikes = file.create_group("spikes")
            for name, lists, kind in (("times", times, "f2"), ("units", units, "u2")):
                if damage.get("lacks") == name:
                    continue
                data = spikes.create_dataset(name, (count,), dtype=h5py.vlen_dtype(np.dtype(kind)))
                for i, each in enumerate(lists):
                    data[i] = each
            if damage.get("lacks") != "labels":
                file.create_dataset("labels", data=np.array(labels[: damage.get("labels", count)], "u2"))
            file.create_dataset("extra/speaker", data=np.zeros(count, "u2"))
        return times, units, labels

    folder = WORK + "/shd"
    os.makedirs(folder)
    times, units, labels = write(folder + "/shd_train.h5", 25)
    write(folder + "/shd_test.h5", 5)
    for features in (700, 140):
        for by in ("equal_count", "equal_time"):
            x, y, info, _ = load(folder, "train", (features,), 9, 20, frames=by)
            assert list(y) == labels and info["format"] == "SHD"
            for i in range(25):
                events = np.zeros(len(times[i]), EVENT)
                events["t"] = np.rint(times[i].astype("f8") * 1e6)
                events["x"] = units[i]
                equal(x[i], frames(events, 9, 700, 1, by=by, size=(features, 1))[:, 0, 0])
    vectors = load(folder, "train", (700,), 9, 20)[0]
    equal(load(folder, "train", (1, 1, 700), 9, 20)[0][:, :, 0, 0], vectors)  # an image of one row
    refused(1, folder, "train", (700,), 9, 10, "label 10")
    refused(1, folder, "train", (800,), 9, 20, "700 units")
    refused(1, folder, "train", (2, 34, 34), 9, 20, "polarities")
    for damage, says in (
        ({"unit": 700}, "unit 700"),
        ({"short": 1}, "sample 2 has 202 times and 201 units"),
        ({"lacks": "units"}, "`spikes/units`"),
        ({"lacks": "labels"}, "`labels`"),
        ({"labels": 4}, "4 labels"),
    ):
        write(folder + "/shd_test.h5", 5, **damage)
        refused(1, folder, "test", (700,), 9, 20, "shd_test.h5", says)
    # A small file that promises many labels: none of them is read.
    for promised in (1 << 28, 1 << 19):
        write(folder + "/shd_test.h5", 5, lacks="labels")
        with h5py.File(folder + "/shd_test.h5", "a") as file:
            file.create_dataset("labels", (promised,), "u2", chunks=(1 << 16,))
        refused(1, folder, "test", (700,), 9, 20, "shd_test.h5", str(promised))
    good = open(folder + "/shd_train.h5", "rb").read()
    for bad in (b"", b"no HDF5", good[: len(good) // 2], good[:100]):
        put(folder + "/shd_test.h5", bad)
        refused(1, folder, "test", (700,), 9, 20, "shd_test.h5")
    # libhdf5 itself falls over some damaged files (which ones is its affair); the program must not.
    damaged = 0
    for attempt in range(60):
        bad = bytearray(good)
        for _ in range(50):
            bad[rng.integers(0, min(len(bad), 4000 if attempt % 2 else len(bad)))] = rng.choice([0, 255, 17])
        put(folder + "/shd_test.h5", bytes(bad))
        code, _, err = run(folder, "test", (700,), 9, 20)
        assert code in (0, 1), (code, err)
        damaged += code
    assert damaged > 0
    os.remove(folder + "/shd_test.h5")
    refused(5, folder, "test", (700,), 9, 20, "missing shd_test.h5")
    os.makedirs(WORK + "/ssc")
    shutil.copy(folder + "/shd_train.h5", WORK + "/ssc/ssc_test.h5")
    refused(5, WORK + "/ssc", "train", (700,), 9, 35, "SSC", "missing ssc_train.h5")
    shutil.copy(folder + "/shd_train.h5", WORK + "/ssc/ssc_train.h5")
    for part in ("train", "test"):
        x, y, info, _ = load(WORK + "/ssc", part, (700,), 9, 35)
        assert list(y) == labels and info["format"] == "SSC", info
        equal(x, vectors)


def test_numpy():
    def saved(**arrays):
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    def packed(**arrays):
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    def plain(array):
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    structure = np.dtype([("x", "<i2"), ("y", "<i2"), ("p", "?"), ("t", "<i8")])

    def make(i):
        e = random_events(rng, 300 + i, 24, 20)
        columns = {name: e[name] for name in "txyp"}
        if i % 4 == 0:
            return e, (saved if i % 8 else packed)(**columns)
        if i % 4 == 1:
            s = np.zeros(len(e), structure)
            for name in "xypt":
                s[name] = e[name]
            return e, plain(s)
        if i % 4 == 2:
            return e, plain(np.stack([e["x"], e["y"], e["p"], e["t"]], 1).astype("f8"))
        return e, packed(**{**columns, "p": columns["p"].astype(bool)})

    listed = class_folder("numpy", ".npy", make, part="train", each=8)
    check_framed("numpy", "train", (24, 20), listed)
    path = WORK + "/numpy/train/0/000.npy"
    good = open(path, "rb").read()
    e = random_events(rng, 50, 24, 20)
    wide = random_events(rng, 50, 24, 20)
    wide["x"][7] = 24
    s = np.zeros(9, structure)
    for bad, says in (
        (good[:-30], "truncated"),
        (good[: len(good) // 2], "truncated"),
        (b"", "NUMPY"),
        (plain(s)[:-5], "truncated"),
        (plain(np.zeros(4)), "[4]"),
        (plain(np.zeros(5, [("x", "<i2"), ("y", "<i2"), ("t", "<i8")])), "lacks"),
        (plain(np.zeros(5, [("x", "<c8"), ("y", "<i2"), ("p", "<i2"), ("t", "<i8")])), "`<c8`"),
        (saved(t=e["t"], x=e["x"], y=e["y"], p=e["p"][1:]), "different lengths"),
        (saved(t=wide["t"], x=wide["x"], y=wide["y"], p=wide["p"]), "event 7 (x 24"),
        (saved(a=e["t"], b=e["x"]), "neither"),
        (plain(np.zeros([0, 4])), "no events"),
    ):
        put(path, bad)
        refused(1, WORK + "/numpy", "train", (2, 20, 24), 4, 3, "000.npy", says)
    put(path, good)

    for name, kind in (("bytes", "u1"), ("words", "i4"), ("floats", "f4")):
        arrays = {}
        for i in range(4):
            a = rng.integers(0, 256 if kind == "u1" else 60000, [5, 2, 6, 7]).astype(kind)
            arrays[i % 2, i // 2] = (a / 7 - 3).astype("f4") if kind == "f4" else a
            put(f"{WORK}/{name}/train/{i % 2}/{i}.npz", packed(frames=arrays[i % 2, i // 2]))
        x, y, _, _ = load(f"{WORK}/{name}", "train", (2, 6, 7), 5, 2)
        equal(x, np.stack([arrays[k, i] for i in (0, 1) for k in (0, 1)]).astype("f4"))
        refused(1, f"{WORK}/{name}", "train", (2, 6, 7), 4, 2, "[5, 2, 6, 7]", "[4, 2, 6, 7]")


def picture(height, width):
    y, x = np.mgrid[0:height, 0:width]
    a = np.stack([x * 255 // width, y * 255 // height, (x * y) % 256], 2) + rng.integers(-20, 20, [height, width, 3])
    return Image.fromarray(np.clip(a, 0, 255).astype("u1"))


def test_pictures():
    folder, shown = WORK + "/pictures", []
    for i, (h, w) in enumerate(((60, 80), (81, 50), (33, 33), (200, 120), (40, 40), (500, 31))):
        image = picture(h, w)
        path = f"{folder}/val/n{i % 2}/{i}.png"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        image.save(path)
        os.makedirs(f"{folder}/train/n{i % 2}", exist_ok=True)
        shutil.copy(path, f"{folder}/train/n{i % 2}/{i}.png")
        shown.append(image)
    for resize in (0, 40):
        x, y, info, _ = load(folder, "test", (3, 32, 32), 0, 2, resize=resize)
        assert info["format"] == "pictures by class" and list(y) == [0, 1] * 3
        for i, image in enumerate(shown):
            size = resize or 32
            w, h = image.size
            size = (size, int(size * h / w)) if w <= h else (int(size * w / h), size)
            image = image.resize(size, Image.BILINEAR)
            left, top = int(round((size[0] - 32) / 2)), int(round((size[1] - 32) / 2))
            wanted = np.asarray(image.crop((left, top, left + 32, top + 32)), "f4").transpose(2, 0, 1)
            off = np.abs(x[i, 0] * 255 - wanted)
            assert off.max() < 0.01, (i, off.max(), np.mean(off > 0.5))
    refused(1, folder, "test", (3, 32, 32), 0, 2, "resized to 16 pixels", "must not be smaller", resize=16)
    # JPEG, also grey and in inks, byte for byte as Pillow reads it.
    jpeg = WORK + "/jpeg/train"
    for i, mode in enumerate(("RGB", "L", "CMYK")):
        os.makedirs(f"{jpeg}/{i}")
        image = picture(32, 32).convert(mode)
        image.save(f"{jpeg}/{i}/x.jpeg", quality=80)
        x = load(WORK + "/jpeg", "train", (3, 32, 32), 0, i + 1)[0]
        wanted = np.asarray(Image.open(f"{jpeg}/{i}/x.jpeg").convert("RGB"), "f4").transpose(2, 0, 1)
        equal(np.rint(x[i, 0] * 255), wanted)
    # Parts at random: within the picture's colours, another one each epoch, the same one again.
    a = load(folder, "train", (3, 32, 32), 0, 2, augment="resized_crop=0.2,flip", epoch=0)[0]
    b = load(folder, "train", (3, 32, 32), 0, 2, augment="resized_crop=0.2,flip", epoch=1)[0]
    c = load(folder, "train", (3, 32, 32), 0, 2, augment="resized_crop=0.2,flip", epoch=0, threads=1)[0]
    equal(a, c)
    assert all(not np.array_equal(a[i], b[i]) for i in range(6))
    # A picture of two gradients tells which part is shown: x grows along rows, y along columns.
    y, x = np.mgrid[0:100, 0:200]
    Image.fromarray(np.stack([x * 255 // 199, y * 255 // 99, 0 * x], 2).astype("u1")).save(folder + "/train/n0/0.png")
    for epoch in range(20):
        p = load(folder, "train", (3, 32, 32), 0, 2, augment="resized_crop=0.08", epoch=epoch)[0][0, 0]
        wide, high = (p[0, :, -1].mean() - p[0, :, 0].mean()) * 200, (p[1, -1].mean() - p[1, 0].mean()) * 100
        assert wide > 0 and high > 0 and 0.6 < (wide / high) < 1.6, (wide, high)
        assert wide * high > 0.06 * 20000
    refused(1, folder, "test", (3, 32, 32), 0, 2, "resize", resize=20)
    refused(1, folder, "test", (3, 32, 32), 4, 2, "sequences")
    path = folder + "/val/n1/3.png"
    good = open(path, "rb").read()
    for bad in (good[: len(good) // 2], b"", b"GIF89a" + good):
        put(path, bad)
        refused(1, folder, "test", (3, 32, 32), 0, 2, "n1/3.png")
        shutil.copy(path, folder + "/train/n1/3.png")
        refused(1, folder, "train", (3, 32, 32), 0, 2, "n1/3.png", augment="resized_crop")
    put(path, good)
    put(folder + "/val/n1/x.npy", b"")
    refused(1, folder, "test", (3, 32, 32), 0, 2, "another kind")


def test_kinds_of_pictures():
    """Byte for byte what Pillow's convert("RGB") and convert("L") make of each: transparency is dropped."""
    folder = WORK + "/kinds"

    def draw(mode):
        a = rng.integers(0, 256, (23, 31, 4)).astype("u1")
        if mode in ("RGBA", "LA"):
            return Image.fromarray(np.ascontiguousarray(a[..., : {"RGBA": 4, "LA": 2}[mode]]), mode)
        rgb = Image.fromarray(np.ascontiguousarray(a[..., :3]))
        return rgb.quantize(40) if mode == "P" else rgb.convert(mode)

    cases = [(mode, "png", {}) for mode in ("RGB", "L", "RGBA", "LA", "P", "1")]
    cases += [("P", "png", {"transparency": 5}), ("L", "png", {"transparency": 5}), ("P", "png", {"bits": 4})]
    cases += [("RGB", "png", {"transparency": (1, 2, 3)})]
    cases += [(mode, "bmp", {}) for mode in ("RGB", "L", "P", "1", "RGBA")]
    cases += [(mode, "webp", more) for mode in ("RGB", "RGBA") for more in ({}, {"lossless": True, "exact": True})]
    cases += [(mode, "tif", {"compression": "tiff_lzw"}) for mode in ("RGB", "L", "P", "1", "RGBA", "LA")]
    cases += [("CMYK", "tiff", {}), ("RGB", "tif", {"compression": "jpeg"}), ("RGB", "ppm", {}), ("L", "pgm", {})]
    cases += [(mode, "jpg", {"quality": 70}) for mode in ("RGB", "L", "CMYK")]
    shown = []
    for i, (mode, ending, more) in enumerate(cases):
        os.makedirs(f"{folder}/train/a", exist_ok=True)
        draw(mode).save(f"{folder}/train/a/{i:02}.{ending}", **more)
        shown.append(Image.open(f"{folder}/train/a/{i:02}.{ending}"))
    for mode, channels in (("RGB", 3), ("L", 1)):
        x = load(folder, "train", (channels, 23, 31), 0, 1)[0]
        for i, image in enumerate(shown):
            wanted = np.asarray(image.convert(mode), "f4").reshape(23, 31, channels).transpose(2, 0, 1)
            assert np.array_equal(np.rint(x[i, 0] * 255), wanted), cases[i]
    for ending in ("bmp", "webp", "tif", "ppm"):  # damaged: named
        (path,) = glob.glob(f"{folder}/train/a/1?.{ending}")[:1] or glob.glob(f"{folder}/train/a/*.{ending}")[:1]
        good = open(path, "rb").read()
        put(path, good[: len(good) // 2])
        refused(1, folder, "train", (3, 23, 31), 0, 1, os.path.basename(path))
        put(path, good)


def test_folders_in_folders():
    """As torchvision's ImageFolder walks them; what is not read is counted."""
    folder = WORK + "/nested"
    files = ("train/a/2.png", "train/a/more/1.png", "train/a/more-x/0.png", "train/a/more/deep/3.png", "train/b/x/0.bmp",
             "test/a/only/0.png", "test/b/0.png")  # fmt: skip
    for value, name in enumerate(files):
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        Image.fromarray(np.full((8, 8), value, "u1")).save(f"{folder}/{name}")
    walked = [
        os.path.join(root, name)
        for k in "ab"
        for root, _, names in sorted(os.walk(f"{folder}/train/{k}", followlinks=True))
        for name in sorted(names)
    ]
    listed = dealt([(0 if "/train/a/" in w else 1, files.index(os.path.relpath(w, folder))) for w in walked])
    put(folder + "/train/a/more/notes.txt", b"")
    put(folder + "/train/b/x.gif", b"GIF89a")
    put(folder + "/train/b/y.GIF", b"GIF89a")
    put(folder + "/train/b/.hidden", b"")
    x, y, _, err = load(folder, "train", (1, 8, 8), 0, 2)
    assert [round(v * 255) for v in x[:, 0, 0, 0, 0]] == [v for _, v in listed], (x[:, 0, 0, 0, 0] * 255, listed)
    assert list(y) == [k for k, _ in listed]
    assert err.count("note:") == 1 and "3 files of kinds that are not read are left out: 2 .gif, 1 .txt" in err, err
    assert load(folder, "test", (1, 8, 8), 0, 2)[3] == ""
    os.symlink("..", folder + "/train/a/more/up")
    refused(5, folder, "train", (1, 8, 8), 0, 2, "does a link lead back up")


def test_cache():
    folder, cache = WORK + "/nmnist", WORK + "/cache/data"
    where = (folder, "train", (2, 34, 34), 6, 3)
    shutil.rmtree(cache)
    first, _, info, _ = load(*where, threads=1)
    assert len(os.listdir(cache)) == 1
    kept = cache + "/" + os.listdir(cache)[0]
    before = os.stat(kept)
    content = open(kept, "rb").read()
    equal(load(*where)[0], first)
    assert os.stat(kept).st_mtime_ns == before.st_mtime_ns  # it was used, not made again
    os.remove(kept)
    load(*where, threads=7)
    assert open(kept, "rb").read() == content  # whatever the number of threads
    # Damaged, or of another key: made again.
    for bad in (content[:-1], content[:4000], b"", b"RVBDATA1" + bytes(9000), content.replace(b"official", b"0fficial")
                if b"official" in content else content[:-2], content + b"x"):  # fmt: skip
        put(kept, bad)
        equal(load(*where)[0], first)
        assert open(kept, "rb").read() == content
    # A file that changes, is renamed, comes or goes: nothing stale. Even one that keeps its size and its time.
    path = folder + "/Train/0/000.bin"
    old = open(path, "rb").read()
    times = os.stat(path)
    time.sleep(0.02)
    put(path, old[:2] + bytes([old[2] ^ 128]) + old[3:])  # the first event's polarity
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = load(*where)
    assert not np.array_equal(changed[0], first) and changed[2]["hash"] != info["hash"]
    put(path, old)
    again = load(*where)
    equal(again[0], first)
    assert again[2] == info
    os.rename(path, folder + "/Train/0/0005.bin")
    equal(load(*where)[0], first)  # the same place in the order of names
    os.rename(folder + "/Train/0/0005.bin", path)
    assert not glob.glob(cache + "/*.tmp")
    # A folder that cannot be written: the samples stay in memory.
    os.environ["RVB_CACHE_DIR"] = "/proc/nowhere"
    x, _, other, err = load(*where)
    equal(x, first)
    assert other["hash"] == info["hash"] and "not kept" in err
    # A disk that is full: an error, and nothing is left.
    os.environ["RVB_CACHE_DIR"] = WORK + "/full"
    words = [DUMP, folder, "train", "2,34,34", "6", "3", WORK + "/out"]
    done = subprocess.run(["bash", "-c", "trap '' XFSZ; ulimit -f 20; exec \"$@\"", "x"] + words, capture_output=True, text=True)
    assert done.returncode == 5 and "RVB_CACHE_DIR" in done.stderr, (done.returncode, done.stderr)
    assert os.listdir(WORK + "/full/data") == []
    os.environ["RVB_CACHE_DIR"] = WORK + "/cache"


def test_killed():
    """Killed at any moment, a conversion leaves no file that could be taken for a whole one, and the next one works."""
    folder = WORK + "/many"
    for i in range(600):
        put(f"{folder}/train/{i % 2}/{i}.bin", atis(random_events(rng, 400, 34, 34)))
    os.environ["RVB_CACHE_DIR"] = WORK + "/kill"
    words = [DUMP, folder, "train", "2,34,34", "20", "2", WORK + "/out"]
    wanted, _, info, _ = load(folder, "train", (2, 34, 34), 20, 2)
    cache = WORK + "/kill/data"
    (name,) = os.listdir(cache)
    content = open(f"{cache}/{name}", "rb").read()
    killed = halves = 0
    for attempt in range(40):
        shutil.rmtree(cache, ignore_errors=True) if attempt % 4 == 0 else None
        if os.path.exists(f"{cache}/{name}"):
            os.remove(f"{cache}/{name}")
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # At the moment the temporary file has grown to a part that differs each time.
        limit, end = len(content) * (attempt + 1) // 42, time.time() + 20
        while process.poll() is None and time.time() < end:
            try:
                sizes = [os.path.getsize(f) for f in glob.glob(cache + "/*.tmp")]
            except FileNotFoundError:  # complete, and renamed meanwhile
                continue
            if any(size > limit for size in sizes):
                break
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        halves += bool(glob.glob(cache + "/*.tmp"))
        for f in glob.glob(cache + "/*.rvbd"):
            assert open(f, "rb").read() == content, "a half cache"
    assert killed > 10 and halves > 10, (killed, halves)
    x, _, again, _ = load(folder, "train", (2, 34, 34), 20, 2)
    equal(x, wanted)
    assert again == info
    assert os.listdir(cache) == [name], os.listdir(cache)
    os.environ["RVB_CACHE_DIR"] = WORK + "/cache"


def main(tests):
    try:
        for name in sys.argv[2:] or [n for n in tests if n.startswith("test_")]:
            begin = time.time()
            tests[name]()
            print(f"{name}: passed in {time.time() - begin:.1f} s", flush=True)
    finally:
        shutil.rmtree(WORK)


if __name__ == "__main__":
    main(dict(globals()))
