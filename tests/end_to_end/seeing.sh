#!/bin/bash
# What a person looks at: trace, report, weight flips and TensorBoard's event files, each against something independent.
. "$(dirname "$0")/common.sh"
export PYTHONPATH=$here:$root/tests/golden PYTHONDONTWRITEBYTECODE=1
data=$(fashion_folder)

tiny tiny -D threshold=0.25
./tiny train --data "$data" --limit 200 --epochs 3 --batch 50 --log-every 2 --run-dir run --tensorboard board -q >said
says 'flips'

# The event file says what metrics.jsonl says.
[ "$(ls board)" = "$(ls board | grep '^events.out.tfevents\.')" ] || die "one event file is expected"
/usr/bin/python3 - board/events.out.tfevents.* <<'END'
import json, sys
import read_events
found = {(step, tag): value for step, tag, value in read_events.read(sys.argv[1])}
expected = {}
for line in map(json.loads, open("run/metrics.jsonl")):
    names = {"step": {"steps/loss": "loss", "steps/accuracy": "accuracy", "learning_rate": "lr"},
             "epoch": {"loss/train": "train_loss", "loss/test": "test_loss", "accuracy/train": "train_accuracy",
                       "accuracy/test": "test_accuracy", "flips": "flips", "outside": "outside", "rate": "rate"}}[line["kind"]]
    for tag, key in names.items():
        expected[line["step" if line["kind"] == "step" else "steps"], tag] = line[key]
    for layer, signs in line.get("layers", {}).items():
        for what, share in signs.items():
            expected[line["steps"], f"{what}/{layer}"] = share
    for neuron, rate in line.get("rates", {}).items():
        expected[line["steps"], "rate/" + neuron] = rate
# a binary layer and two neurons
assert len(expected) == 6 * 3 + 3 * (5 + 2 + 2 + 2) and found.keys() == expected.keys(), found.keys() ^ expected.keys()
for key, value in expected.items():
    assert abs(found[key] - value) <= 1e-6 * max(1, abs(value)), (key, found[key], value)
END
printf 'x' | dd of="$(ls board/*)" bs=1 seek=150 conv=notrunc status=none
! /usr/bin/python3 -c 'import glob, read_events; read_events.read(glob.glob("board/*")[0])' 2>/dev/null || die "damage went unseen"

# Flips of an epoch of one step: the signs before and after, compared.
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(9, 1, 28, 28).astype("f4"))
np.save("y.npy", np.arange(9))'
./tiny init --seed 7 -o before.safetensors
./tiny train --input x.npy --labels y.npy --weights before.safetensors --epochs 2 --steps 1 --lr 3 --batch 9 --run-dir one -q >/dev/null
./tiny train --resume --run-dir one -q >/dev/null
/usr/bin/python3 - <<'END'
import json
from safetensors_file import read
before, after = (read(name)["unit.weight"] >= 0 for name in ("before.safetensors", "one/last.safetensors"))
lines = [line for line in map(json.loads, open("one/metrics.jsonl")) if line["kind"] == "epoch"]
assert len(lines) == 2, lines
assert 0 < lines[0]["flips"] < 1, lines[0]
net = (before != after).mean()  # a weight that went there and back shows in the flips alone
assert lines[0]["flips"] + lines[1]["flips"] >= net > 0, (lines, net)
END
rm -rf single
./tiny train --input x.npy --labels y.npy --weights before.safetensors --epochs 1 --lr 3 --batch 9 --run-dir single -q >/dev/null
/usr/bin/python3 - <<'END'
import json
from safetensors_file import read
before, after = (read(name)["unit.weight"] >= 0 for name in ("before.safetensors", "single/last.safetensors"))
line = [line for line in map(json.loads, open("single/metrics.jsonl")) if line["kind"] == "epoch"][0]
assert abs(line["flips"] - (before != after).mean()) < 1e-12 and line["flips"] > 0, line
END

# The drawing's numbers are those of NumPy.
cp run/best.safetensors w.safetensors
expect 0 ./tiny trace --layer reverb --sample 4 --input x.npy --labels y.npy --weights w.safetensors -o trace.svg
/usr/bin/python3 - <<'END'
import re
import xml.etree.ElementTree as tree
import numpy as np
from safetensors_file import read
from tiny_reference import encode
svg = tree.parse("trace.svg").getroot()
names = {"s": "http://www.w3.org/2000/svg"}
texts = [t.text for t in svg.iterfind(".//s:text", names)]
for wanted in ("time step", "membrane", "value of a spike", "input (the same at every step)", "share of spikes"):
    assert wanted in texts, wanted
assert any(t.startswith("Tiny: reverb (reverb, [8,") for t in texts) and any("label 4" in t for t in texts), texts[:3]
assert len(svg.findall(".//s:image", names)) == 1 + 2 + 8  # the input, two scales, a map a channel
spikes, _ = encode(read("w.safetensors"), np.load("x.npy")[4:5], 2, 0.25)
seen = 0
for title in svg.iterfind(".//s:title", names):
    if match := re.fullmatch(r"neuron (\d+)·(\d+),(\d+), step (\d+): (\S+)", title.text):
        c, y, x, step = map(int, match.groups()[:4])
        assert abs(spikes[step - 1][0, c, y, x] - float(match[5])) <= 1e-3 * float(match[5]), title.text
        seen += 1
sums = sum(spikes)[0].reshape(8, -1).max(1)
assert seen >= (sums > 0).sum() > 0, seen
END
# The same as arrays, of all layers or of one.
expect 0 ./tiny trace --sample 4 --input x.npy --weights w.safetensors -o trace.npz
expect 0 ./tiny trace --layer reverb --sample 4 --input x.npy --weights w.safetensors --format npz -o one.npz
expect 0 ./tiny trace --sample 4 --input x.npy --weights w.safetensors --format nirdata --dt 0.001 -o trace.nir
expect 0 ./tiny infer --input x.npy --weights w.safetensors -o logits.npy
/usr/bin/python3 - <<'END'
import h5py
import numpy as np
from safetensors_file import read
from tiny_reference import encode
x = np.load("x.npy")
spikes = np.stack(encode(read("w.safetensors"), x[4:5], 2, 0.25)[0])[:, 0]
arrays = np.load("trace.npz")
assert sorted(arrays.files) == ["input", "logits"] + [f"{n}.{k}" for n in ("reverb", "reverb_2") for k in ("membrane", "spikes")]
assert sorted(np.load("one.npz").files) == ["input", "logits", "reverb.membrane", "reverb.spikes"]
ours, membrane = arrays["reverb.spikes"], arrays["reverb.membrane"]
assert np.array_equal(np.load("one.npz")["reverb.spikes"], ours) and np.array_equal(arrays["input"], x[4:5])
assert ours.shape == spikes.shape and np.abs(ours - spikes).max() <= 1e-5 and (ours != 0).any()
assert np.array_equal(np.where(membrane >= 0.25, membrane, 0), ours)
assert np.abs(arrays["logits"] - np.load("logits.npy")[4]).max() <= 1e-5
with h5py.File("trace.nir") as file:
    assert file.attrs["__type__"] == "NIRGraphData" and sorted(file["nodes"]) == ["reverb", "reverb_2"]
    for name, node in file["nodes"].items():
        assert node.attrs["__type__"] == "NIRNodeData"
        events, v = node["observables/spikes"], node["observables/v"]
        assert events.attrs["__type__"] == "ValuedEventData" and v.attrs["__type__"] == "TimeGriddedData"
        wanted = arrays[name + ".spikes"].reshape(1, 2, -1)
        assert events.attrs["n_neurons"] == wanted.shape[2] and events.attrs["t_max"] == 2 * v.attrs["dt"] == 0.002
        found = np.zeros_like(wanted)
        found[0, np.floor(events["time"][0] / 0.001).astype(int), events["idx"][0]] = events["value"][0]
        assert np.array_equal(found, wanted) and events["idx"].shape == (1, (wanted != 0).sum())
        assert np.array_equal(v["data"], arrays[name + ".membrane"].reshape(1, 2, -1))
END
expect 2 ./tiny trace --input x.npy --weights w.safetensors --format nirdat -o t.svg
says 'did you mean `nirdata`'
expect 2 ./tiny trace --layer revreb --input x.npy --labels y.npy --weights w.safetensors -o t.svg
says 'did you mean `reverb`' reverb_2
expect 2 ./tiny trace --input x.npy --weights w.safetensors -o t.svg
says '--layer'
expect 1 ./tiny trace --layer reverb --sample 9 --input x.npy --weights w.safetensors -o t.svg
says '9 samples'
for what in encode 'encode unit'; do
  /usr/bin/python3 - $what <<'END'
import sys
import numpy as np
from safetensors_file import read, write
weights = read("w.safetensors")
for name in sys.argv[1:]:
    weights[name + ".weight"] = np.full_like(weights[name + ".weight"], 3e38)
write("huge.safetensors", weights)
END
  expect 1 ./tiny trace --layer reverb_2 --input x.npy --weights huge.safetensors -o huge.svg
  says 'is not finite'
done
"$RVBC" deploy "$here/tiny.rvb" -q -D threshold=0.25 --weights w.safetensors --observe -o seen
expect 0 ./seen trace --layer reverb_2 --input x.npy -o deployed.svg
grep -q 'reverb_2' deployed.svg

# The report: one page, nothing from outside, every part in its place.
expect 0 ./tiny report --run-dir run -o report.html
# Its drawings as files are those of the page.
expect 0 ./tiny report --run-dir run --figures figures
/usr/bin/python3 - <<'END'
import os, re
import xml.etree.ElementTree as tree
page = open("report.html").read()
assert sorted(os.listdir("figures")) == [n + ".svg" for n in ("accuracy", "confusion", "firing", "flips", "loss", "rate")]
space = "{http://www.w3.org/2000/svg}"
for name in os.listdir("figures"):
    figure = tree.parse("figures/" + name).getroot()
    texts = [t.text for t in figure.iter(space + "text")]
    assert figure.tag == space + "svg" and len(texts) > 3, name
    assert any(re.sub(r"\s", "", "".join(f">{t}<" for t in texts)) in re.sub(r"\s", "", "".join(re.findall(r"<text[^>]*(>[^<]*<)/text>", svg)))
               for svg in re.findall(r"<svg.*?</svg>", page, re.S)), name
END
expect 2 ./tiny report --run-dir run
says '-o FILE.html'
/usr/bin/python3 - <<'END'
import html.parser, json, re
page = open("report.html").read()
class Checker(html.parser.HTMLParser):
    open_tags, text = [], ""
    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "iframe", "img"), tag
        for name, value in attributes:
            assert name not in ("src", "onload") and (name != "href" or value.startswith("data:")), (tag, name)
        if tag not in ("meta", "br", "!doctype"):
            self.open_tags.append(tag)
    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open_tags.pop()
    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag, tag
    def handle_data(self, data):
        self.text += data + "\n"
checker = Checker()
checker.feed(page)
assert not checker.open_tags, checker.open_tags
assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", page)
last = [json.loads(line) for line in open("run/metrics.jsonl")][-1]
for wanted in ("Loss", "Accuracy", "Weight flips", "Decisions on the test set", "firing rate", "sparsity", "12.5 pJ a FLOP",
               "binary spike costs", "weight_decay", "source hash", "decision", "label", f"{100 * last['best_accuracy']:.2f} %"):
    assert wanted in checker.text, wanted
END
mv run moved
# A line of wrong kinds, an extreme one, one that a kill cut off.
printf '%s\n' '{"kind":"epoch","epoch":"x","train_loss":[1]}' '[1]' 'null' >>moved/metrics.jsonl
printf '%s\n' '{"kind":"epoch","epoch":4,"steps":16,"train_loss":1e308,"test_loss":-1e308}' >>moved/metrics.jsonl
printf '{"kind":"epo' >>moved/metrics.jsonl
sed -i "s|$data|/nowhere|" moved/config.json
expect 0 ./tiny report --run-dir moved -o blind.html
says 'no evaluation'
grep -q 'No evaluation' blind.html
printf '[]' >moved/config.json
expect 1 ./tiny report --run-dir moved -o blind.html
expect 5 ./tiny report --run-dir nowhere -o r.html
expect 2 ./tiny report -o r.html
