#!/usr/bin/python3
"""PyTorch's side of the benchmark: reads one request a line on stdin, answers with one line of JSON.

    {"do": "prepare", "kind": "infer" | "train" | "convolution", "network": ..., "batch": ..., "collapsed": ...}
    {"do": "sample", "seconds": 0.3, "least": 2}

`prepare` builds the work in every layout and mode PyTorch offers, times each, and keeps the fastest for the samples.
"""
import argparse
import json
import resource
import sys
import time
import warnings

import torch
import torch.nn.functional as F
from torch import nn

import networks

LAYOUTS = (("contiguous", torch.contiguous_format), ("channels_last", torch.channels_last))


def sgd(net):
    """Momentum, and weight decay that spares BatchNorm, biases and alphas."""
    decays = [p for name, p in net.named_parameters() if name.endswith("weight") and p.dim() > 1]
    spared = [p for p in net.parameters() if all(p is not other for other in decays)]
    groups = [{"params": decays, "weight_decay": 1e-4}, {"params": spared}]
    return torch.optim.SGD(groups, lr=1e-9, momentum=0.9, foreach=True)


def training_step(request, layout):
    net = networks.build(request["network"], request["collapsed"]).to(memory_format=layout).train()
    x = networks.make_input(request["network"], request["batch"]).contiguous(memory_format=layout)
    labels = torch.arange(request["batch"]) % networks.NETWORKS[request["network"]].classes
    optimizer = sgd(net)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return step


def inference(net, x, layout, frozen):
    net, x = net.to(memory_format=layout), x.contiguous(memory_format=layout)
    if frozen:
        with torch.no_grad():
            net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x)))

    def step():
        with torch.inference_mode():
            return net(x)

    return step


def blocked_convolution(conv, x):
    """oneDNN's own blocked layout for input, weights and output: the convolution without any reordering."""
    from torch.utils import mkldnn as mkldnn_utils

    with torch.no_grad():
        net, x = mkldnn_utils.to_mkldnn(conv), x.to_mkldnn()

    def step():
        with torch.inference_mode():
            return net(x)

    return step


def one_convolution(channels):
    torch.manual_seed(1)
    conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False).eval()
    with torch.no_grad():
        conv.weight.copy_(torch.where(conv.weight >= 0, 1.0, -1.0))
    return conv


def candidates(request):
    if request["kind"] == "train":
        for name, layout in LAYOUTS:
            yield name, lambda layout=layout: training_step(request, layout)
        return
    if request["kind"] == "convolution":
        c, size = request["channels"], request["size"]
        make = lambda: (one_convolution(c), F.relu(torch.randn(request["batch"], c, size, size)))  # noqa: E731
        yield "blocked", lambda: blocked_convolution(*make())
    else:
        network, batch, collapsed = request["network"], request["batch"], request["collapsed"]
        make = lambda: (  # noqa: E731
            networks.deployed(network, collapsed), networks.make_input(network, batch))
    for name, layout in LAYOUTS:
        yield name, lambda layout=layout: inference(*make(), layout, False)
        yield name + ", frozen", lambda layout=layout: inference(*make(), layout, True)


def timed(step):
    start = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - start)


def sample(step, seconds, least):
    times, until = [], time.perf_counter() + seconds
    while len(times) < least or (time.perf_counter() < until and len(times) < 1000):
        times.append(timed(step))
    return times


def prepare(request):
    only, found, best = request.get("mode"), {}, None
    for name, make in candidates(request):
        if only and name != only:
            continue
        try:
            step = make()
            once = min(timed(step) for _ in range(2))
            found[name] = min([once] + sample(step, min(0.5, 20 * once / 1000), 1))
        except RuntimeError as error:  # a mode that this network cannot have
            print(f"{name}: {error}", file=sys.stderr)
            continue
        if best is None or found[name] < found[best[0]]:
            best = (name, step)
        del step
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            work = None
            work = prepare(request)
            answer = {"mode": work[0], "version": torch.__version__.split("a")[0]}
        elif request["do"] == "sample":
            answer = {"ms": sample(work[1], request["seconds"], request["least"])}
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            answer = {"peak_bytes": peak * 1024, "base_bytes": base * 1024}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
