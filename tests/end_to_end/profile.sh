#!/bin/bash
# profile: the kernels of the plan with their times, what they move and compute, and bounds from what the machine can do.
. "$(dirname "$0")/common.sh"
short="--repeats 3 --seconds 0.01 --threads 1"

# The kernels are those of the plan, in its order; a step of a loop counts as often as it runs.
cat >looped.rvb <<'END'
cell Turn(x) {
  state h = 0 over [8]
  h = tanh(x + linear(h, 8, bias = false) as turn)
  return h
}
network Looped(x: [12] over 5) {
  return x |> linear(8) as enter |> Turn as cell1 |> linear(3) as classifier |> mean_over_time
}
END
"$RVBC" looped.rvb -q -o looped
tiny
for program in tiny looped; do
  source=$here/tiny.rvb
  [ $program = tiny ] || source=looped.rvb
  "$RVBC" "$source" --emit=plan >$program.plan
  ./$program profile $short --batch 6 --json >$program.json
  ./$program profile $short --batch 6 --train --json >$program.train.json
done
./tiny init --seed 1 -o w.st
"$RVBC" deploy "$here/tiny.rvb" -q --weights w.st --spikes i16 --calibrate random:1:20 --target x86-64-v3 -o tiny.infer
"$RVBC" deploy "$here/tiny.rvb" --weights w.st --spikes i16 --calibrate random:1:20 --target x86-64-v3 --emit=plan >deployed.plan
"$RVBC" deploy "$here/tiny.rvb" -q --weights w.st --sparse unit -o tiny.sparse
./tiny.infer profile $short --batch 6 --json >deployed.json
./tiny.sparse profile $short --batch 6 --json >sparse.json
python3 - <<'END'
import json, re
def plan(name, function):
    text = open(name).read()
    part = re.search(rf"^plan @{function}:.*?(?=^plan @|\Z)", text, re.M | re.S).group(0)
    return re.findall(r"^\s+(rvb_\w+)\(", part, re.M)
def check(profile, kernels, batch=6):
    p = json.load(open(profile))
    assert p["schema"] == "rvb.profile/1" and p["batch"] == batch and p["threads"] == 1 and p["runs"] >= 3
    assert [k["kernel"] for k in p["kernels"] if k["times"] == 1] == kernels, (profile, kernels)  # a loop's are not in the text
    assert p["kernels"] and all(k["ms"] > 0 and k["bytes"] > 0 and k["bound_ms"] > 0 for k in p["kernels"])
    for key in ("ms", "bytes", "multiply_adds", "additions", "other_operations", "bound_ms"):
        for rows in (p["layers"], [p["total"]]):
            assert abs(sum(r[key] for r in rows) - sum(k[key] for k in p["kernels"])) <= 1e-9 * p["total"][key], key
    assert all(abs(r["of_bound"] * r["ms"] - r["bound_ms"]) < 1e-9 for r in p["layers"])
    m = p["machine"]
    assert m["multiply_adds_per_second"] > 1e8 and len(m["bandwidth"]) >= 5
    return p, {r["layer"]: r for r in p["layers"]}
p, layers = check("tiny.json", plan("tiny.plan", "infer"))
# A still image at threshold 0: one step is computed. 8 channels in, 40 out, 14 x 14 pixels.
assert layers["encode"]["multiply_adds"] == 6 * 14 * 14 * 9 * 8, layers["encode"]
assert layers["unit"]["additions"] == 6 * 14 * 14 * 9 * 8 * 40, layers["unit"]
assert layers["classifier"]["multiply_adds"] == 6 * 40 * 49 * 10
# The binary layer reads and writes at least its spikes, and does not move them ten times.
spikes = 6 * 14 * 14 * 4 * (8 + 40)
assert spikes <= layers["unit"]["bytes"] < 3 * spikes, (spikes, layers["unit"])
t, trained = check("tiny.train.json", plan("tiny.plan", "gradient"))
assert t["what"] == "training step" and t["optimizer_ms"] > 0 and "optimizer_ms" not in p
assert trained["unit"]["multiply_adds"] + trained["unit"]["additions"] == 3 * layers["unit"]["additions"]
d, deployed = check("deployed.json", plan("deployed.plan", "infer"))
assert d["deployed"] and deployed["unit"]["additions"] == layers["unit"]["additions"]
assert deployed["unit"]["bytes"] < layers["unit"]["bytes"]  # 16-bit spikes
s = json.load(open("sparse.json"))
[k] = [k for k in s["kernels"] if "(sparse)" in k["operation"]]
assert k["additions"] == 0 and k["other_operations"] > 0
for name, function in (("looped.json", "infer"), ("looped.train.json", "gradient")):
    p, _ = check(name, plan("looped.plan", function))
    assert {k["times"] for k in p["kernels"]} == {1, 5}, name
assert sum(k["multiply_adds"] for k in json.load(open("looped.json"))["kernels"] if k["times"] == 5) == 6 * 5 * 8 * 8
END

# The text and the page; nothing is loaded from elsewhere.
expect 0 ./tiny profile $short --batch 2 --html page.html --weights w.st
says 'between kernels' 'unit_bn' 'GB/s of 64 KiB' 'The bound of a kernel is'
python3 - page.html <<'END'
import html.parser, sys
text = open(sys.argv[1]).read()
class Page(html.parser.HTMLParser):
    open, cells = [], []
    def handle_starttag(self, tag, attributes):
        assert not any(name in ("src", "href") for name, _ in attributes), attributes
        if tag != "meta":
            self.open.append(tag)
    def handle_startendtag(self, tag, attributes):  # <line …/>
        pass
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        self.cells.append(data)
page = Page()
page.feed(text)
assert not page.open and {"Tiny", "encode", "unit", "all kernels", "Kernels, in their order"} <= set(page.cells)
END
expect 0 ./tiny.infer profile $short --html - --json
expect 2 ./tiny profile --batch 0
expect 2 ./tiny.infer profile --train
printf 'network Numbers(x: [3] over 2) {\n  return x |> linear(2) |> mean_over_time\n}\nrecipe { loss = mse }\n' >numbers.rvb
"$RVBC" numbers.rvb -q -o numbers
expect 0 ./numbers profile $short --train --batch 3
expect 5 ./tiny profile $short --batch 1 --html /nowhere/page.html
