# Counts the operations of tiny.rvb with NumPy alone, in double precision, and compares with `eval --energy --json`.
import json
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])  # tests/golden
from safetensors_file import read
from tiny_reference import convolve, encode, ternary, unit

weights = read("w.safetensors")
x = np.load("x.npy")
steps, threshold = 2, float(sys.argv[2])
first, _ = encode(weights, x, steps, threshold)
is_ternary = "ternary" in sys.argv  # of unit, and of the classifier, which then reads the neurons themselves
second, _ = unit(weights, first, threshold, is_ternary)
pooled = [s.reshape(len(x), 40, 7, 2, 7, 2).mean((3, 5)) for s in second]

# Events x fan-out: a convolution of the events with ones counts every tap that an event really meets.
ones = lambda w: np.ones(w.shape)
operations = {
    "encode": steps * convolve((x != 0) * 1.0, ones(weights["encode.weight"]), 2).sum(),
    "unit": sum(convolve((s != 0) * 1.0, np.ones((40, 8, 3, 3)), 1).sum() for s in first),
    "classifier": sum((p != 0).sum() * 10 for p in pooled),
}
sparsity = 0
if is_ternary:
    masks = {name: (ternary(weights[name + ".weight"]) != 0) * 1.0 for name in ("unit", "classifier")}
    operations["unit"] = sum(convolve((s != 0) * 1.0, masks["unit"], 1).sum() for s in first)
    operations["classifier"] = sum(((s.reshape(len(x), -1) != 0) @ masks["classifier"].T).sum() for s in second)
    sparsity = sum((m == 0).sum() for m in masks.values()) / (72 + sum(m.size for m in masks.values()))
possible = {
    "encode": steps * convolve(np.ones(x.shape), ones(weights["encode.weight"]), 2).sum(),
    "unit": steps * convolve(np.ones(first[0].shape), np.ones((40, 8, 3, 3)), 1).sum(),
    "classifier": steps * len(x) * 40 * (196 if is_ternary else 49) * 10,
}
spikes = {"reverb": sum((s != 0).sum() for s in first), "reverb_2": sum((s != 0).sum() for s in second)}

said = json.load(open("said"))
energy = said["energy"] if "energy" in said else said
n = len(x)
assert energy["samples"] == n
assert {layer["layer"] for layer in energy["synapses"]} == operations.keys()
assert {layer["layer"] for layer in energy["neurons"]} == spikes.keys()
for layer in energy["synapses"]:
    name = layer["layer"]
    # A membrane within rounding of the threshold may fall on either side.
    assert abs(layer["operations"] - operations[name] / n) <= 1e-4 * operations[name] / n, (layer, operations[name] / n)
    assert layer["dense_without_padding"] == possible[name] / n, (layer, possible[name] / n)
    assert layer["dense"] == steps * {"encode": 8 * 9 * 196, "unit": 40 * 8 * 9 * 196, "classifier": 78400 if is_ternary else 19600}[name]
    assert abs(layer["rate_operations"] - layer["rate"] * layer["dense"]) < 1e-6 * layer["dense"]
for layer in energy["neurons"]:
    assert abs(layer["spikes"] - spikes[layer["layer"]] / n) <= 1e-4 * spikes[layer["layer"]] / n, layer
bench = energy["neurobench"]
counts = bench["synaptic_operations"]
additions = operations["unit"] + (operations["classifier"] if is_ternary else 0)
assert abs(counts["Effective_ACs"] - additions / n) <= 1e-4 * additions / n
assert abs(counts["Effective_MACs"] - (sum(operations.values()) - additions) / n) < 10
if "deployed" in sys.argv:  # its weights are out of reach
    assert bench["connection_sparsity"] is None
else:
    assert abs(bench["connection_sparsity"] - sparsity) < 1e-3, (bench, sparsity)
assert counts["Dense"] == sum(possible.values()) / n
assert abs(bench["activation_sparsity"] - (1 - sum(spikes.values()) / n / (steps * 196 * 48))) < 1e-4
total, paper = energy["total"], energy["models"][0]
assert total["flops"] == steps * 8 * 9 * 196
assert abs(paper["energy_uj"] - (total["flops"] * 12.5e-6 + total["rate_operations"] * 77e-9)) < 1e-9, paper
assert len(energy["caveats"]) >= 3
