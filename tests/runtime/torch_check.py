"""The runtime's training loop against torch.optim.SGD, Adam, AdamW and CosineAnnealingLR, on the network of fake_program.cpp.

usage: torch_check.py FAKE     exits 77 where PyTorch is not installed
"""
import json, os, struct, subprocess, sys, tempfile

try:
    import numpy as np
    import torch
except ImportError:
    sys.exit(77)


def read(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + n])
    header.pop("__metadata__", None)
    return {k: torch.from_numpy(np.frombuffer(data[8 + n :][v["data_offsets"][0] : v["data_offsets"][1]], "<f4").reshape(v["shape"]).copy())
            for k, v in header.items()}


def main(fake, name):
    torch.set_num_threads(1)
    folder = tempfile.mkdtemp()
    path = lambda name: os.path.join(folder, name)
    rng = np.random.RandomState(3)
    x = rng.randn(50, 1, 28, 28).astype(np.float32)
    y = rng.randint(0, 10, 50)
    np.save(path("x.npy"), np.asfortranarray(x))
    np.save(path("y.npy"), y)
    subprocess.run([fake, "init", "--seed", "9", "-o", path("w.safetensors")], check=True)
    subprocess.run([fake, "train", "--input", path("x.npy"), "--labels", path("y.npy"), "--weights", path("w.safetensors"),
                    "--no-shuffle", "--no-augment", "--log-every", "1", "--batch", "16", "--epochs", "5",
                    "--optimizer", name, "--run-dir", path("run"), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    ours = [json.loads(line) for line in open(path("run/metrics.jsonl"))]
    ours = [line["loss"] for line in ours if line["kind"] == "step"]

    p = read(path("w.safetensors"))
    w, b, c = (p[k].requires_grad_() for k in ("fc.weight", "fc.bias", "conv.weight"))
    mean = p["norm.running_mean"]
    groups = [{"params": [w], "weight_decay": 1e-3}, {"params": [b, c], "weight_decay": 0}]
    if name == "sgd":
        optimizer = torch.optim.SGD(groups, lr=0.02, momentum=0.9)
    else:
        optimizer = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name](groups, lr=0.001)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
    theirs = []
    for epoch in range(5):
        for first in range(0, 50, 16):
            xb = torch.from_numpy(x[first : first + 16]).flatten(1)
            yb = torch.from_numpy(y[first : first + 16])
            m = xb.mean()
            mean = 0.9 * mean + 0.1 * m
            loss = torch.nn.functional.cross_entropy((xb - m) @ w.t() + b, yb) + 0.05 * (c * c).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            theirs.append(loss.item())
        schedule.step()
    assert len(ours) == len(theirs) == 20, (len(ours), len(theirs))
    worst = max(abs(a - b) / abs(b) for a, b in zip(ours, theirs))
    last = read(path("run/last.safetensors"))  # plain weights: the names of a state dictionary
    assert sorted(last) == ["conv.weight", "fc.bias", "fc.weight", "norm.running_mean"], sorted(last)
    parts = {"fc.weight": w, "fc.bias": b, "conv.weight": c, "norm.running_mean": mean}
    apart = max((last[k] - v.detach()).abs().max().item() for k, v in parts.items())
    print(f"{name}, 20 steps: losses within {worst:.2g} (relative), weights within {apart:.2g}")
    assert worst < 1e-5 and apart < 1e-5
    assert ours[-1] < (0.6 if name == "sgd" else 0.9) * ours[0]


for name in "sgd", "adam", "adamw":
    main(sys.argv[1], name)
