# tiny.rvb with NumPy alone, in double precision: the spikes of both neurons, step by step.
import numpy as np


def convolve(x, w, stride):
    n, c, height, width = x.shape
    padded = np.zeros((n, c, height + 2, width + 2))
    padded[:, :, 1:-1, 1:-1] = x
    rows, columns = (height - 1) // stride + 1, (width - 1) // stride + 1
    y = np.zeros((n, w.shape[0], rows, columns))
    for i in range(3):
        for j in range(3):
            part = padded[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            y += np.einsum("nchw,oc->nohw", part, w[:, :, i, j])
    return y


def normalise(x, weights, name):
    at = lambda field: weights[name + "." + field].astype("f8")[None, :, None, None]
    return (x - at("running_mean")) / np.sqrt(at("running_var") + 1e-5) * at("weight") + at("bias")


def neuron(currents, threshold, tau=0.25):
    """Spikes and membranes before the reset, one a step."""
    u, spikes, membranes = 0, [], []
    for current in currents:
        u = tau * u + current
        membranes.append(u)
        spikes.append(np.where(u >= threshold, u, 0))
        u = np.where(u >= threshold, 0, u)
    return spikes, membranes


def ternary(w):
    return np.sign(w) * (np.abs(w) > 0.7 * np.abs(w.astype("f8")).mean())


def signs(weights, is_ternary=False):
    w = weights["unit.weight"]
    return (ternary(w) if is_ternary else np.where(w >= 0, 1.0, -1.0)) * weights["unit.alpha"]


def encode(weights, x, steps, threshold):
    current = normalise(convolve(x.astype("f8"), weights["encode.weight"].astype("f8"), 2), weights, "encode_bn")
    return neuron([current] * steps, threshold)


def unit(weights, spikes, threshold, is_ternary=False):
    return neuron([normalise(convolve(s, signs(weights, is_ternary), 1), weights, "unit_bn") for s in spikes], threshold)
