#!/bin/bash
# import rvb: a deployed library gives the program's bits from arrays as they lie, and rvbc's programs are functions.
. "$(dirname "$0")/common.sh"
export PYTHONPATH=$root/runtime/python PYTHONDONTWRITEBYTECODE=1 RVBC
data=$(fashion_folder)

"$RVBC" "$here/tiny.rvb" -q -o tiny
./tiny train --data "$data" --limit 200 --epochs 1 --quiet --run-dir run >/dev/null
"$RVBC" deploy "$here/tiny.rvb" -q --weights run/last.safetensors -o tiny.infer
expect 0 "$RVBC" deploy "$here/tiny.rvb" --weights run/last.safetensors --emit=so,lib,header -o net
[ -s net.so ] && [ -s net.a ] && [ -s net.h ] || die "a library is missing"
cat >spoken.rvb <<'END'
import neurons
network Spoken(x: [20] over 5) {
  return x |> linear(12) as hidden |> reverb |> linear(12, weights = binary) as inner |> reverb |> linear(3) as classifier |> mean_over_time
}
END
"$RVBC" spoken.rvb -q -o spoken
./spoken init -o spoken.st
"$RVBC" deploy spoken.rvb -q --weights spoken.st -o spoken.infer
"$RVBC" deploy spoken.rvb -q --weights spoken.st --emit=so -o spoken.so
cp "$here/tiny.rvb" net.rvb
sed 's/Tiny/Broken/; s/conv2d(40/conv2d(fourty/' net.rvb >broken.rvb

cat >check.py <<'END'
import gzip, json, subprocess, sys, threading
import numpy as np
import rvb

def raises(kind, call, *parts):
    try:
        call()
    except kind as error:
        assert all(part in str(error) for part in parts), error
        return error
    raise AssertionError(f"no {kind}")

def program(name, x):
    np.save("x.npy", x)
    subprocess.run([name, "infer", "--input", "x.npy", "--output", "y.npy"], check=True, capture_output=True)
    return np.load("y.npy")

# Bytes become inputs as the program makes them; the same bits, whatever the pieces; arrays where they lie.
raw = gzip.open(sys.argv[1] + "/t10k-images-idx3-ubyte.gz").read(16 + 50 * 784)
pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(50, 28, 28)
with rvb.Network("net.so", batch=16) as net:
    assert (net.name, net.classes, net.steps, net.shape, net.sequence) == ("Tiny", 10, 2, (1, 28, 28), False), net
    x = net.prepare(pixels)
    right = program("./tiny.infer", x)
    assert np.array_equal(net(x), right) and right.shape == (50, 10) and np.ptp(right) > 0
    out = np.zeros((50, 10), np.float32)
    assert net.run(x, out) is out and np.array_equal(out, right)
    assert net._floats(x) is x  # no copy on the way in
    assert np.array_equal(net(np.asfortranarray(x)), right) and np.array_equal(net(x[::2]), right[::2])
    assert np.array_equal(net(x.astype("f8")), right)
    # The images shown step by step.
    net.reset()
    for _ in range(net.steps):
        streamed = net.step(x[:16])
    assert np.array_equal(streamed, right[:16])
    net.step(x[:16])
    net.reset()
    [net.step(x[3:5]), second := net.step(x[3:5])]
    assert np.array_equal(second, right[3:5])
    raises(ValueError, lambda: net(x[0]), "expected", "28, 28]")
    raises(ValueError, lambda: net(x[:0]), "at least one")
    raises(ValueError, lambda: net(np.zeros((2, 3, 28, 28), "f4")), "expected [2, 1, 28, 28]")
    raises(ValueError, lambda: net(np.float32(1)))
    raises(ValueError, lambda: net.step(x), "opened for batch=16")
    raises(ValueError, lambda: net(x, np.zeros((50, 10))), "float32")
    raises(ValueError, lambda: net(x, np.zeros((50, 20), np.float32)[:, ::2]), "contiguous")
    raises(TypeError, lambda: net(pixels[:, None]), "prepare")
    raises(TypeError, lambda: net.prepare(x), "uint8")
    bad = x.copy()
    bad[1, 0, 3, 3] = np.nan
    assert raises(rvb.Error, lambda: net(bad), "not finite").status == 7
    found = [None] * 4
    def work(i):
        found[i] = net(x)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert all(np.array_equal(each, right) for each in found)
raises(ValueError, lambda: net(x), "closed")
raises(ValueError, lambda: net.reset(), "closed")
net.close()

# Two libraries in one process, one of sequences.
spoken, other = rvb.Network("spoken.so", batch=4, threads=1), rvb.Network("net.so")
s = np.random.RandomState(1).randn(5, 9, 20).astype("f4")
assert np.array_equal(spoken(s), program("./spoken.infer", s)) and np.array_equal(other(x), right)
spoken.reset()
for frame in s:
    last = spoken.step(frame[:4])
assert np.allclose(last, spoken(s)[:4], atol=1e-6)
raises(ValueError, lambda: spoken(s[:4]), "expected [5, 9, 20]")

# What is no network, or is damaged.
raises(OSError, lambda: rvb.Network("nowhere.so"))
raises(OSError, lambda: rvb.Network("net.rvb"))
raises(rvb.Error, lambda: rvb.Network(sys.argv[2]), "no network")
assert raises(rvb.Error, lambda: rvb.Network("net.so", batch=0)).status == 1
weights = rvb.load_weights("run/last.safetensors")
with open("net.so", "rb") as file:
    bytes_ = bytearray(file.read())
at = bytes_.find(weights["encode.weight"].transpose(2, 3, 1, 0).tobytes()[:64])
at = at if at > 0 else bytes_.find(b"rvb.manifest")
bytes_[at] ^= 1
with open("damaged.so", "wb") as file:
    file.write(bytes_)
assert raises(rvb.Error, lambda: rvb.Network("damaged.so")).status == 8

# rvbc and its programs.
trained = rvb.compile("net.rvb", "net", params={"T": 2}, target="native")
lines = trained.train(data=sys.argv[1], limit=100, epochs=1, run_dir="again", quiet=True)
assert lines[-1]["kind"] == "epoch"
result = trained.evaluate(data=sys.argv[1], limit=20, weights="again/last.safetensors")
assert result["count"] == 20 and result["schema"] == "rvb.eval/1"
# What a notebook shows.
import html.parser, re, xml.etree.ElementTree
class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen, self.words, self.frames = [], [], []
        self.feed(text)
    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.frames += [value for name, value in attributes if name == "srcdoc"]
    def handle_data(self, data):
        self.words.append(data)
drawing = xml.etree.ElementTree.fromstring(trained.graph()._repr_svg_())
assert drawing.tag.endswith("svg") and any("unit" in (t or "") for t in drawing.itertext())
shown = Tags(trained._repr_html_())
assert {"svg", "table"} <= set(shown.seen) and {"encode", "binary(alpha)", "Tiny"} <= set(shown.words), shown.words
assert "svg" not in Tags(rvb.Program("net")._repr_html_()).seen and "fashion" not in shown.words
table = Tags(rvb.Network("net.so")._repr_html_())
assert table.seen.count("tr") == len(trained.info()["layers"]) + 1 and any("bytes of weights" in w for w in table.words)
page = trained.report(data=sys.argv[1], limit=20)
assert Tags(page._repr_html_()).frames == [page.html] and "<h2>Training</h2>" in page.html and "src=" not in page.html
profile = trained.profile(repeats=1, seconds=0.01, batch=2, threads=1)
assert profile["schema"] == "rvb.profile/1" and {"encode", "unit"} <= {row["layer"] for row in profile["layers"]}
raises(ValueError, lambda: rvb.Program("net").report(), "run_dir")
raises(ValueError, lambda: rvb.Program("net").graph(), "source")
assert rvb.graph("net.rvb", {"T": 3}).svg and raises(rvb.CompileError, lambda: rvb.graph("net.rvb", {"Q": 3}), "Q")
w = rvb.load_weights("again/last.safetensors")
y = trained.infer(x[:5], weights="again/last.safetensors")
for name in [n for n in w if n.startswith("classifier.")]:
    w[name] = -w[name]
rvb.save_weights("minus.safetensors", w)
assert np.allclose(trained.infer(x[:5], weights="minus.safetensors"), -y, atol=1e-5)
loss, gradient = trained.gradient(x[:5], np.arange(5), weights="again/last.safetensors")
assert loss > 0 and gradient["unit.weight"].shape == w["unit.weight"].shape and np.abs(gradient["unit.weight"]).max() > 0
seen = trained.observe(x[:20], weights="again/last.safetensors")
assert seen["logits"].shape == (20, 10) and sum(name.startswith("spikes:") for name in seen) == 2
assert rvb.deploy("net.rvb", "again/last.safetensors", "fresh.so") == "fresh.so"
assert np.allclose(rvb.Network("fresh.so")(x[:5]), y, atol=1e-4 * np.abs(y).max())
packed = rvb.load_weights(sys.argv[3])
signs = [name for name in packed if packed[name].ndim == 4 and np.unique(np.abs(packed[name])).size == 1]
assert len(signs) == 2 and sum(packed[name].size for name in signs) == 92160, signs
error = raises(rvb.CompileError, lambda: rvb.compile("broken.rvb"), "fourty")
assert error.code == 1 and error.diagnostics[0]["code"]["code"].startswith("RVB"), error.diagnostics
assert raises(rvb.ProgramError, lambda: trained.evaluate(data="/nowhere", weights="minus.safetensors"), "no such folder").code == 5
raises(ValueError, lambda: rvb.load_weights("x.npy"), "no weights file")
END
expect 0 /usr/bin/python3 -W error check.py "$data" "$(/usr/bin/python3 -c 'import numpy.core._multiarray_umath as m; print(m.__file__)')" "$root/stdlib/weights/fashion.safetensors"
