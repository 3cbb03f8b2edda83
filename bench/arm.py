#!/usr/bin/env python3
"""What a 3 x 3 convolution of 64 to 64 channels at 32 x 32 would take on Arm cores, by llvm-mca's models of them.

    bench/arm.py [--build FOLDER] [--mca llvm-mca-19] [--json FILE]

Compiles the layer for aarch64 in each format, takes the loops out of the objects as they are, and prints a table: synapses a
cycle and core in the inner loop; with everything that a block of pixels and outputs needs besides (building its share of the
tables, loops over taps, widening, stores); both as ratios to a loop of `fmla` on f32, at its peak in the same model. A model
assumes that everything is in the L1 cache and that branches are foreseen. No board was at hand.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

# LLVM 19 gives the Cortex-A76 the model of the Cortex-A57, another kind of core; the Neoverse N1 is the A76's sibling.
cores = ["neoverse-n1", "cortex-a76", "neoverse-n2", "neoverse-v2"]
network = """import neurons
network Layer(image: [64, 32, 32] repeated 1) {
  x = image |> conv2d(64, kernel = 3, padding = 1, weights = binary) as layer |> batchnorm |> reverb
  return x |> global_avgpool |> linear(10) |> mean_over_time
}
"""
channels, outputs, taps, pixels = 64, 64, 9, 32 * 32

# What a table is compared with: a block of 4 pixels by 16 outputs, one or four channels a round, weights and pixels loaded.
fmla = ["ldp q24, q25, [x0]", "ldp q26, q27, [x0, #32]", "ldr q28, [x1]", "ldr q29, [x1, #16]", "add x0, x0, #64", "add x1, x1, #32"] + [
    f"fmla v{p * 4 + v}.4s, v{24 + v}.4s, v{28 + p // 4}.s[{p % 4}]" for p in range(4) for v in range(4)]  # fmt: skip
sdot = ["ldp q24, q25, [x0]", "ldp q26, q27, [x0, #32]", "ldr q28, [x1]", "ldr q29, [x1, #16]", "add x0, x0, #64", "add x1, x1, #32"] + [
    f"sdot v{p * 4 + v}.4s, v{24 + v}.16b, v{28 + p // 4}.4b[{p % 4}]" for p in range(4) for v in range(4)]  # fmt: skip


def run(*words, **keywords):
    done = subprocess.run(words, capture_output=True, text=True, **keywords)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words[:3])} failed:\n{done.stderr}")
    return done.stdout


def cycles(mca, core, instructions, rounds=200):
    """Of one round of these instructions, one round after the other."""
    text = "\n".join(re.sub(r"^(b\.\w+|cbn?z|b)\b.*", "nop", line) for line in instructions)
    out = run(mca, "-mtriple=aarch64", f"-mcpu={core}", "-mattr=+dotprod", f"-iterations={rounds}", input=text)
    return int(re.search(r"Total Cycles:\s+(\d+)", out)[1]) / rounds


def functions(object_file):
    """name -> [(address, instruction)] of the section with the synapses."""
    result, name = {}, None
    for line in run("aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", "-j", ".text.synapses", object_file).splitlines():
        if found := re.match(r"[0-9a-f]+ <(.*)>:", line):
            name = found[1]
            result[name] = []
        elif found := re.match(r"\s*([0-9a-f]+):\s+(.*)", line):
            text = re.sub(r"\s*//.*", "", found[2]).replace("\t", " ")
            result[name].append((int(found[1], 16), text))
    return result


def loops(code):
    """[(first, last)] by place, of the branches backwards."""
    places = {address: i for i, (address, _) in enumerate(code)}
    found = []
    for i, (_, text) in enumerate(code):
        branch = re.match(r"(?:b\.\w+|b|cbn?z \w+,|tbn?z \w+, #\d+,) ([0-9a-f]+) <", text)
        if branch and places.get(int(branch[1], 16), i + 1) <= i:
            found.append((places[int(branch[1], 16)], i))
    return found


def layer(folder, spikes, rvbc):
    flags = ["--spikes", spikes] + ([] if spikes == "f32" else ["--calibrate", "x.npy"])
    run(rvbc, "deploy", "layer.rvb", "--weights", "w.safetensors", "--target", "aarch64", "-q", "--emit=lib", "-o", spikes,
        *flags, cwd=folder)  # fmt: skip
    os.mkdir(f"{folder}/objects.{spikes}")
    run("aarch64-linux-gnu-ar", "x", f"../{spikes}.a", cwd=f"{folder}/objects.{spikes}")
    for name in sorted(os.listdir(f"{folder}/objects.{spikes}")):
        if name.startswith("rvb_layer_"):
            return functions(f"{folder}/objects.{spikes}/{name}")
    sys.exit(f"no layer's object with spikes {spikes}")


def measured(code, mca, core):
    """Synapses a cycle in the inner loop, and of whole blocks with their tables; the loop's instructions that only move."""
    name = max((n for n in code if n.startswith("sums_")), key=lambda n: int(re.match(r"sums_(\d+)", n)[1]))
    p, v = map(int, re.match(r"sums_(\d+)x(\d+)", name).groups())
    sums = code[name]
    text = [t for _, t in sums]
    first, last = max(loops(sums), key=lambda l: sum(t.startswith("tbl") for t in text[l[0] : l[1] + 1]) / (l[1] - l[0] + 1))
    inner = text[first : last + 1]
    lookups = sum(t.startswith("tbl") for t in inner)
    in_block = p * v * (4 if any(t.startswith(("fadd", "add v")) for t in inner) else 8) * taps * channels
    outer = min((l for l in loops(sums) if l[0] <= first and l[1] > last), key=lambda l: l[1] - l[0])  # over taps
    tap = text[outer[0] : first] + text[last + 1 : outer[1] + 1]
    around = text[: outer[0]] + text[outer[1] + 1 :]
    tables = [t for _, t in code["tables"]]
    build_first, build_last = max(loops(code["tables"]), key=lambda l: sum(
        t.startswith(("fadd", "fsub", "add v", "sub v", "uzp", "zip", "dup", "eor", "tbl")) for t in tables[l[0] : l[1] + 1]) / (l[1] - l[0] + 1))  # fmt: skip
    build = tables[build_first : build_last + 1]
    digits = any(t.startswith("uadalp") for t in inner)
    planes = 1
    if digits:
        accumulators = len({t.split()[1] for t in inner if t.startswith("uadalp")})
        planes = accumulators // (p * v)
    per_lookup = 64 / planes if digits else 12
    stored = sum(16 * (2 if t.startswith("stp") else 1) for t in build if re.match(r"(stp|str|stur) q", t))
    build_channels = stored / (32 * planes) * (8 if digits else 3)
    fast = lookups * per_lookup / cycles(mca, core, inner)
    rounds = round(in_block / taps / (lookups * per_lookup))  # of the inner loop in a tap
    block = taps * cycles(mca, core, inner * rounds + tap, 50) + cycles(mca, core, around)
    table_cycles = cycles(mca, core, build) / build_channels * channels * pixels
    blocks = pixels * outputs * taps * channels / in_block
    whole = pixels * outputs * taps * channels / (blocks * block + table_cycles)
    moves = sum(bool(re.match(r"(mov v|orr v|str q|stp q|stur q|ldr q\d+, \[sp)", t)) for t in inner)
    return fast, whole, moves


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--build", default=os.environ.get("RVB_BUILD", f"{root}/build"))
    parser.add_argument("--mca", default="llvm-mca-19")
    parser.add_argument("--json")
    options = parser.parse_args()
    rvbc = os.path.abspath(f"{options.build}/bin/rvbc")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/layer.rvb", "w") as file:
            file.write(network)
        run(rvbc, "layer.rvb", "-q", "-o", "layer", cwd=folder)
        run("./layer", "init", "--seed", "1", "-o", "w.safetensors", cwd=folder)
        run("/usr/bin/python3", "-c", "import numpy; numpy.save('x.npy', numpy.random.RandomState(1).randn(1, 64, 32, 32).astype('f4'))", cwd=folder)  # fmt: skip
        code = {spikes: layer(folder, spikes, rvbc) for spikes in ("f32", "i32", "i16")}
    for core in cores:
        peak = 64 / cycles(options.mca, core, fmla)
        rows.append({"core": core, "loop": "fmla f32", "inner": peak, "whole": None, "ratio": 1.0})
        dot = 256 / cycles(options.mca, core, sdot)
        rows.append({"core": core, "loop": "sdot i8", "inner": dot, "whole": None, "ratio": dot / peak})
        for spikes in code:
            fast, whole, moves = measured(code[spikes], options.mca, core)
            rows.append({"core": core, "loop": f"tables {spikes}", "inner": fast, "whole": whole, "ratio": whole / peak, "moves": moves})  # fmt: skip
    print("| core | loop | inner loop, synapses a cycle | with tables | of `fmla` | moves and spills in the loop |")
    print("|---|---|---:|---:|---:|---:|")
    for r in rows:
        whole = "" if r["whole"] is None else f"{r['whole']:.1f}"
        print(f"| {r['core']} | {r['loop']} | {r['inner']:.1f} | {whole} | {r['ratio']:.2f} | {r.get('moves', '')} |")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"schema": "rvb.arm/1", "rows": rows}, file, indent=1)


main()
