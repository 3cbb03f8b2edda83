"""operators_check.py TOOL -: every operator of the IR that has an ONNX form, as a model of its own, against the interpreter."""
import sys

import common
import numpy as np
import onnx
import onnx_numbers
from common import at, call

said = call(sys.argv[1], common.WORK.name, "80")
count = int(said.split()[-2])
worst, kinds = 0.0, set()
np.seterr(all="ignore")
for i in range(count):
    model = onnx.load(at(f"{i}.onnx"))
    if i % 10 == 0:
        onnx.checker.check_model(model, full_check=True)
    row, values = np.load(at(f"{i}.x.npy")), {}
    for port in model.graph.input:
        kind = port.type.tensor_type
        shape = [dim.dim_value or 2 for dim in kind.shape.dim]
        size = int(np.prod(shape))
        values[port.name] = row[:size].reshape(shape).astype(onnx_numbers.KINDS[kind.elem_type])
        row = row[size:]
    assert row.size == 0
    operators = ", ".join(node.op_type for node in model.graph.node)
    try:
        results = np.concatenate([r.ravel().astype(np.float64) for r in onnx_numbers.run_graph(model.graph, values)])
    except Exception as error:
        sys.exit(f"model {i} ({operators}): {error!r}")
    wanted = np.load(at(f"{i}.y.npy"))
    assert results.shape == wanted.shape, (i, results.shape, wanted.shape)
    usual = np.isfinite(wanted)  # random inputs know no domains: what is not finite is so on both sides
    assert np.array_equal(results[~usual], wanted[~usual], equal_nan=True), (i, operators)
    found = np.abs(results - wanted)[usual].max(initial=0) / max(1, np.abs(wanted[usual]).max(initial=0))
    worst = max(worst, found)
    kinds |= {node.op_type for node in model.graph.node}
    if not found <= 1e-5:
        sys.exit(f"model {i} ({operators}): {found:.1e}")
print(f"{count} models, {len(kinds)} operators of ONNX: {worst:.1e}")
