"""Is the PyTorch side itself right? Finite differences in double precision, where no neuron crosses its threshold, and the
invariance in time that threshold 0 gives still images."""
import torch

import make_goldens
import reference


def finite_difference(net, x, labels, tensor, index, step):
    flat = tensor.detach().view(-1)
    kept = flat[index].item()
    losses = []
    for sign in (1, -1):
        flat[index] = kept + sign * step
        with torch.no_grad():
            losses.append(reference.loss(net.forward(x, training=True), labels).item())
    flat[index] = kept
    return (losses[0] - losses[1]) / (2 * step)


def check_gradients(case, seed):
    found = None
    while found is None:
        found = make_goldens.try_case(case, seed)
        seed += 1
    _, x, labels, net, _, _, _ = found
    frames = x if case[1] else x.unsqueeze(0).expand(case[3], *x.shape)
    net.nudges = {}
    _, grads, _ = make_goldens.gradients(net, frames, labels)
    worst = 0
    for name in net.trainable():
        tensor, gradient = net.values[name], grads[name]
        if net.kinds[name] == "latent":  # differences go through sign(W); the window is checked exactly
            tensor = net.nudges[name]
            assert torch.equal(gradient, tensor.grad * (net.values[name].abs() <= 1)), name
            gradient = tensor.grad
        for index in range(0, tensor.numel(), max(1, tensor.numel() // 12)):
            numeric = finite_difference(net, frames, labels, tensor, index, 1e-6)
            error = abs(numeric - gradient.view(-1)[index].item()) / gradient.abs().max().item()
            worst = max(worst, error)
    print(f"{make_goldens.case_name(*case):48} largest relative error of a gradient {worst:.1e}")
    assert worst < 1e-6


def check_time(readout):
    generator = torch.Generator().manual_seed(5)
    net = make_goldens.build("residual", make_goldens.SMALL, 0, readout, make_goldens.wild_values(generator))
    x = torch.randn([3, 3, 8, 12], generator=generator, dtype=torch.double)
    logits = {}
    with torch.no_grad():
        net.forward(x.unsqueeze(0), training=False)
        for threshold in (0, 0.25):
            net.threshold = threshold
            for steps in (1, 6):
                frames = x.unsqueeze(0).expand(steps, *x.shape)
                logits[threshold, steps] = torch.stack([net.layers(net, frames)[t] for t in range(steps)])
    spread = (logits[0, 6] - logits[0, 1]).abs().max().item()
    charged = (logits[0.25, 6] - logits[0.25, 1]).abs().max().item()
    print(f"threshold 0: logits of six steps differ by {spread:.1e}; threshold 0.25: by {charged:.2g}")
    assert spread < 1e-12 and charged > 1e-2


def run():
    for seed, case in enumerate(make_goldens.CASES):
        check_gradients(case, 1000 * seed)
    check_time("pool")
