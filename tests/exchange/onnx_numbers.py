"""An ONNX model run operator by operator in double precision, from the operators' specification: a reader that is not
ours, and slow. What a model computes is to follow from its text, whatever runtime reads it."""
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

KINDS = {1: np.float64, 6: np.int32, 7: np.int64, 9: np.bool_, 3: np.int8}


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def wide(array):
    return array.astype(np.float64) if array.dtype == np.float32 else array


def images(function, x, *more, **options):
    return function(torch.from_numpy(np.ascontiguousarray(x)), *more, **options).numpy()


def conv(x, w, pads, strides, kernel_shape, dilations=(1, 1), group=1):
    assert list(w.shape[2:]) == list(kernel_shape) and pads[:2] == pads[2:]
    return images(F.conv2d, x, torch.from_numpy(np.ascontiguousarray(w)), None, strides, pads[:2], dilations, group)


def average(x, kernel_shape, strides, pads, count_include_pad):
    assert pads[:2] == pads[2:]
    return images(F.avg_pool2d, x, kernel_shape, strides, pads[:2], count_include_pad=bool(count_include_pad))


def maximum(x, kernel_shape, strides, pads):
    assert pads[:2] == pads[2:]
    return images(F.max_pool2d, x, kernel_shape, strides, pads[:2])


def sliced(x, begin, end, axes):
    index = [slice(None)] * x.ndim
    for b, e, a in zip(begin, end, axes):
        index[a] = slice(b, e)
    return x[tuple(index)]


def padded(x, pads, value):
    half = len(pads) // 2
    return np.pad(x, list(zip(pads[:half], pads[half:])), constant_values=value)


def expanded(x, shape):
    return x * np.ones(np.broadcast_shapes(x.shape, tuple(shape)), x.dtype)


def reduced(function):
    return lambda x, axes, keepdims: function(x, axis=tuple(axes), keepdims=bool(keepdims))


SIMPLE = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Min": np.minimum, "Max": np.maximum,
    "Neg": np.negative, "Abs": np.abs, "Exp": np.exp, "Log": np.log, "Sqrt": np.sqrt, "Tanh": np.tanh,
    "Floor": np.floor, "Round": np.rint,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)), "Atan": np.arctan, "Cos": np.cos, "Softplus": lambda x: np.logaddexp(0, x),
    "GreaterOrEqual": np.greater_equal, "Greater": np.greater, "LessOrEqual": np.less_equal, "Less": np.less,
    "And": np.logical_and, "Or": np.logical_or, "Not": np.logical_not, "Where": np.where, "Identity": lambda x: x,
    "MatMul": np.matmul, "Conv": conv, "AveragePool": average, "MaxPool": maximum,
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdims=True),
    "Reshape": lambda x, shape: x.reshape(shape), "Transpose": lambda x, perm: x.transpose(perm),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)), "Expand": expanded,
    "Concat": lambda *x, axis: np.concatenate(x, axis), "Gather": lambda x, i, axis: np.take(x, i, axis),
    "Shape": lambda x: np.array(x.shape, np.int64), "Slice": sliced, "Pad": padded,
    "Cast": lambda x, to: x.astype(KINDS[to]), "ReduceSum": reduced(np.sum), "ReduceMean": reduced(np.mean),
    "ReduceMax": reduced(np.max), "Relu": lambda x: np.maximum(x, 0),
    "ThresholdedRelu": lambda x, alpha: np.where(x > np.float32(alpha), x, 0),
}  # fmt: skip


def run_scan(values, inputs, body, num_scan_inputs, scan_input_axes, scan_input_directions, scan_output_directions):
    states, sequences = inputs[:-num_scan_inputs], inputs[-num_scan_inputs:]
    steps = sequences[0].shape[scan_input_axes[0]]
    rows = [[] for _ in body.output[len(states):]]
    for step in range(steps):
        inner = dict(values)
        slices = [np.take(s, steps - 1 - step if d else step, a)
                  for s, a, d in zip(sequences, scan_input_axes, scan_input_directions)]  # fmt: skip
        inner.update(zip([i.name for i in body.input], list(states) + slices))
        results = run_graph(body, inner)
        states, emitted = results[:len(states)], results[len(states):]
        for row, each in zip(rows, emitted):
            row.append(each)
    return states + [np.stack(row[::-1] if d else row) for row, d in zip(rows, scan_output_directions)]


def declared(port, value):
    """The type and dimensions that the model gives, held against the value."""
    kind = port.type.tensor_type
    assert value.dtype == KINDS[kind.elem_type], (port.name, value.dtype, kind.elem_type)
    assert len(kind.shape.dim) == value.ndim, port.name
    for dim, extent in zip(kind.shape.dim, value.shape):
        assert dim.dim_param or dim.dim_value == extent, (port.name, value.shape)


def run_graph(graph, values):
    for constant in graph.initializer:
        values[constant.name] = wide(numpy_helper.to_array(constant))
    for port in graph.input:
        declared(port, values[port.name])
    for node in graph.node:
        inputs = [values[name] for name in node.input]
        results = (run_scan(values, inputs, **attributes(node)) if node.op_type == "Scan"
                   else [SIMPLE[node.op_type](*inputs, **attributes(node))])  # fmt: skip
        for name, result in zip(node.output, results):
            assert name not in values or node.op_type == "Scan", name
            values[name] = np.asarray(result)
    for port in graph.output:
        declared(port, values[port.name])
    return [values[port.name] for port in graph.output]


def run(model, image):
    (port,) = model.graph.input
    return run_graph(model.graph, {port.name: image.astype(np.float64)})
