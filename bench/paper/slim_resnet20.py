#!/usr/bin/python3
"""The slim ResNet20 (width 16, learnable alpha) on CIFAR-10 in PyTorch, to hold ours against: the same network, initial
weights, recipe and number of epochs. bench/paper/against_pytorch.sh calls it.

    slim_resnet20.py --data cifar-10-batches-bin --weights INIT.safetensors [--epochs N] [--seed S] [--threads N] [--json F]

INIT.safetensors: from `./slim init --seed S -o INIT.safetensors`; both programs begin with these weights. The recipe: SGD
(rate 0.02, momentum 0.9, weight decay 1e-4 on weights alone), cosine to 0 by epochs, batch 128, crops of the image padded by
4, flips, the loss of the mean over time. The image stands still and the threshold is 0, so that one time step is all of
them: PyTorch, too, computes one.
"""
import argparse
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F


root = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(root / "bench" / "peers"), str(root / "tests" / "golden")]
import networks
import safetensors_file
from torch_worker import sgd

WIDTH, CLASSES, BATCH, PADDING = 16, 10, 128, 4
RATE = 0.02  # suits few epochs; at 0.1, the paper's for 400, three seeds ended 8 points apart after five
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)


def load(folder, files):
    records = np.concatenate([np.fromfile(pathlib.Path(folder) / file, np.uint8).reshape(-1, 3073) for file in files])
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32)), torch.from_numpy(records[:, 0].astype(np.int64))


def normalise(images):
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    return (images.float() / 255 - mean) / deviation


def augment(images, random):
    """A crop of the padded image (black around it) and a flip, for every image by itself."""
    n, size = len(images), images.shape[2]
    padded = F.pad(images, (PADDING,) * 4)
    top, left = (torch.randint(0, 2 * PADDING + 1, (n, 1), generator=random) for _ in range(2))
    columns = torch.arange(size).repeat(n, 1)
    flips = torch.rand(n, 1, generator=random) < 0.5
    columns = torch.where(flips, size - 1 - columns, columns) + left
    rows = torch.arange(size).repeat(n, 1) + top
    each = torch.arange(n).view(n, 1, 1, 1)
    channels = torch.arange(3).view(1, 3, 1, 1)
    return padded[each, channels, rows.view(n, 1, size, 1), columns.view(n, 1, 1, size)]


def network(weights):
    features, classifier = networks.resnet20(lambda: networks.Reverb(1, 0.0), 3, CLASSES, WIDTH)
    net = networks.Network(features, classifier, True, 1)
    state = {name: tensor for name, tensor in net.state_dict().items() if "num_batches" not in name}
    initial = safetensors_file.read(weights)
    if len(state) != len(initial):
        sys.exit(f"{weights} holds {len(initial)} tensors, the network {len(state)}")
    with torch.no_grad():
        for (name, tensor), (ours, values) in zip(state.items(), initial.items()):  # both in the order of the layers
            if tuple(tensor.shape) != tuple(np.shape(values)):
                sys.exit(f"{ours} {np.shape(values)} is not {name} {tuple(tensor.shape)}")
            tensor.copy_(torch.from_numpy(np.array(values)))
    return net.to(memory_format=torch.channels_last)


def accuracy(net, images, labels):
    net.eval()
    right = 0
    with torch.no_grad():
        for i in range(0, len(images), 500):
            x = normalise(images[i : i + 500]).contiguous(memory_format=torch.channels_last)
            right += (net(x).argmax(1) == labels[i : i + 500]).sum().item()
    net.train()
    return right / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random = torch.Generator().manual_seed(options.seed)
    images, labels = load(options.data, [f"data_batch_{i}.bin" for i in range(1, 6)])
    test_images, test_labels = load(options.data, ["test_batch.bin"])
    net = network(options.weights)
    optimizer = sgd(net)
    result = {}
    for epoch in range(options.epochs):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 + math.cos(math.pi * epoch / options.epochs)) / 2
        begin, loss_sum = time.time(), 0.0
        order = torch.randperm(len(images), generator=random)
        for i in range(0, len(order), BATCH):
            chosen = order[i : i + BATCH]
            x = normalise(augment(images[chosen], random)).contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(net(x), labels[chosen])
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(chosen)
        seconds = time.time() - begin
        result = {"accuracy": accuracy(net, test_images, test_labels), "loss": loss_sum / len(images), "seconds": seconds}
        print(f"epoch {epoch + 1}/{options.epochs}  loss {result['loss']:.4f}  test {100 * result['accuracy']:.2f} %  "
              f"{seconds:.0f} s", file=sys.stderr, flush=True)  # fmt: skip
    line = json.dumps({"peer": f"PyTorch {torch.__version__}", "seed": options.seed, "epochs": options.epochs, **result})
    print(line)
    if options.json:
        pathlib.Path(options.json).write_text(line + "\n")


if __name__ == "__main__":
    main()
