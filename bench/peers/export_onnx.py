#!/usr/bin/python3
"""export_onnx.py MODEL.onnx --network NAME --batch N [--collapsed]: the deployed network for ONNX Runtime, in fp32.

With --show-all every convolution's input and output is an output of the model, and MODEL.f32 is an input, to measure
ranges with. With --ranges RANGES.json every convolution is quantised: weights to 8 bits per channel, activations to
unsigned 8 bits per tensor with the scales of the ranges. The batch is fixed: ONNX Runtime then plans its memory ahead.
"""
import argparse
import json
import os
import warnings

import networks
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper


def thresholded_relu(g, x, threshold, value):
    """PyTorch's exporter knows no threshold but 0; ONNX has an operator for it."""
    return g.op("ThresholdedRelu", x, alpha_f=torch.onnx.symbolic_helper._maybe_get_const(threshold, "f"))


def export(options):
    net = networks.deployed(options.network, options.collapsed)
    sequence = networks.NETWORKS[options.network].sequence
    x = networks.make_input(options.network, options.batch, collapsed=not sequence)
    with torch.no_grad():
        torch.onnx.register_custom_op_symbolic("aten::threshold", thresholded_relu, 16)
    torch.onnx.export(net, x, options.model + ".part", opset_version=16, input_names=["image"], output_names=["logits"])
    if options.show_all:
        x.numpy().tofile(options.model.replace(".onnx", ".f32"))
    return onnx.load(options.model + ".part")


def show_all(model):
    wanted = []
    for node in model.graph.node:
        if node.op_type == "Conv":
            wanted += [node.input[0], node.output[0]]
    for value in dict.fromkeys(wanted):
        if value != "image":
            model.graph.output.append(helper.make_tensor_value_info(value, TensorProto.FLOAT, None))
    return model


class Quantiser:
    """Puts QuantizeLinear, DequantizeLinear around convolutions: what ONNX Runtime fuses into integer kernels."""

    def __init__(self, model, ranges):
        self.model, self.ranges = model, ranges
        self.weights = {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}
        self.nodes, self.constants, self.done = [], [], {}

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def scale_of(self, value):
        low, high = self.ranges.get(value, (-4.5, 4.5))
        low, high = min(low, 0.0), max(high, 0.0)
        scale = max((high - low) / 255, 1e-8)
        return np.float32(scale), np.uint8(round(-low / scale))

    def activation(self, source, value, name):
        scale, zero = self.scale_of(value)
        s, z = self.constant(name + "_scale", np.array(scale)), self.constant(name + "_zero", np.array(zero))
        self.nodes.append(helper.make_node("QuantizeLinear", [source, s, z], [name + "_q"], name=name + "_q"))
        self.nodes.append(helper.make_node("DequantizeLinear", [name + "_q", s, z], [name], name=name))
        return scale

    def convolution(self, node):
        x, w = node.input[0], node.input[1]
        if x not in self.done:
            self.done[x] = (x + "_dq", self.activation(x, x, x + "_dq"))
        name, x_scale = self.done[x]
        weight = self.weights[w]
        scale = (np.abs(weight.reshape(len(weight), -1)).max(1) / 127).astype(np.float32)
        scale[scale == 0] = 1
        packed = np.rint(weight / scale.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.int8)
        names = [self.constant(w + "_q", packed), self.constant(w + "_scale", scale),
                 self.constant(w + "_zero", np.zeros(len(weight), np.int8))]  # fmt: skip
        self.nodes.append(helper.make_node("DequantizeLinear", names, [w + "_dq"], name=w + "_dq", axis=0))
        inputs = [name, w + "_dq"]
        if len(node.input) > 2:
            b = node.input[2]
            packed = np.rint(self.weights[b] / (scale * x_scale)).astype(np.int32)
            names = [self.constant(b + "_q", packed), self.constant(b + "_scale", (scale * x_scale).astype(np.float32)),
                     self.constant(b + "_zero", np.zeros(len(packed), np.int32))]  # fmt: skip
            self.nodes.append(helper.make_node("DequantizeLinear", names, [b + "_dq"], name=b + "_dq", axis=0))
            inputs.append(b + "_dq")
        out = node.output[0]
        raw = helper.make_node("Conv", inputs, [out + "_raw"], name=node.name)
        raw.attribute.extend(node.attribute)
        self.nodes.append(raw)
        self.activation(out + "_raw", out, out)

    def run(self):
        for node in self.model.graph.node:
            if node.op_type == "Conv":
                self.convolution(node)
            else:
                self.nodes.append(node)
        del self.model.graph.node[:]
        self.model.graph.node.extend(self.nodes)
        self.model.graph.initializer.extend(self.constants)
        used = {i for node in self.nodes for i in node.input}
        kept = [w for w in self.model.graph.initializer if w.name in used]
        del self.model.graph.initializer[:]
        self.model.graph.initializer.extend(kept)
        return self.model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--network", choices=networks.NETWORKS, required=True)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--collapsed", action="store_true", help="one step instead of T equal ones")
    parser.add_argument("--show-all", action="store_true")
    parser.add_argument("--ranges", help="a file of ranges: write the model in int8")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    model = export(options)
    if options.show_all:
        model = show_all(model)
    if options.ranges:
        with open(options.ranges) as file:
            model = Quantiser(model, json.load(file)["ranges"]).run()
        onnx.checker.check_model(model)
    onnx.save(model, options.model + ".part")  # a half-written model is never found under its name
    os.replace(options.model + ".part", options.model)


if __name__ == "__main__":
    main()
