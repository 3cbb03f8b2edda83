#!/bin/bash
# rvb.torch: a compiled network as a module of PyTorch: its loss, gradients and statistics against the same network written
# with PyTorch's own operators, and a training loop.
. "$(dirname "$0")/common.sh"
export PYTHONPATH=$root/runtime/python PYTHONDONTWRITEBYTECODE=1

# Without PyTorch rvb is there and rvb.torch says what is missing.
cat >without.py <<'END'
import sys
sys.modules["torch"] = None
import rvb
try:
    import rvb.torch
except ImportError as error:
    assert "rvb.torch needs PyTorch" in str(error), error
else:
    raise AssertionError("no error")
END
expect 0 /usr/bin/python3 without.py
/usr/bin/python3 -c 'import torch' 2>/dev/null || {
  echo "note: python3-torch is not installed; rvb.torch was not tried"
  exit 0
}
cat >small.rvb <<'END'
import neurons
network Small(frames: [3, 8, 8] over 4) {
  x = frames |> conv2d(8, padding = 1) as encode |> batchnorm as bn1 |> reverb(threshold = 0.25)
  x = x |> conv2d(12, padding = 1, weights = binary(alpha)) as unit |> batchnorm as bn2 |> reverb(threshold = 0.25)
  return x |> avgpool(2) |> flatten |> linear(5) as classifier |> mean_over_time
}
END
expect 0 "$RVBC" small.rvb --emit=so -o small
[ -s small.so ] && [ ! -e small ] || die "another file was made"
"$RVBC" small.rvb -q -o small
./small init --seed 3 -o w.safetensors
"$RVBC" deploy small.rvb -q --weights w.safetensors --emit=so -o deployed.so
cat >learns.rvb <<'END'
network Numbers(x: [3] over 2) {
  return x |> linear(2) as out |> mean_over_time
}
recipe { loss = mse }
END
"$RVBC" learns.rvb -q --emit=so -o learns.so
cat >part.rvb <<'END'
network Part(frames: [6] over 2) {
  y = frames |> linear(3) as out |> mean_over_time
  loss = cross_entropy(y) * (1 + progress())
  return y
}
END
"$RVBC" part.rvb -q --emit=so -o part.so
cat >check.py <<'END'
import numpy as np, torch, rvb, rvb.torch
from torch.nn import functional as F

net = rvb.torch.Network("small.so", weights="w.safetensors", threads=1)
weights = rvb.load_weights("w.safetensors")
state = net.state_dict()
assert state.keys() == weights.keys() and all(np.array_equal(state[k], weights[k]) for k in weights)
torch.manual_seed(1)
x, y = torch.randn(4, 6, 3, 8, 8), torch.tensor([0, 4, 1, 2, 3, 1])

p = {k: torch.tensor(v, dtype=torch.float64, requires_grad=v.dtype.kind == "f" and "running" not in k) for k, v in weights.items()}
means = {}
def normed(x, name):  # over steps, samples and pixels together
    flat = x.flatten(0, 1)
    mean, var = p[name + ".running_mean"].clone(), p[name + ".running_var"].clone()
    out = F.batch_norm(flat, mean, var, p[name + ".weight"], p[name + ".bias"], True, 0.1, 1e-5)
    means[name + ".running_mean"], means[name + ".running_var"] = mean, var
    return out.view_as(x)
def reverb(x):
    u, out = torch.zeros_like(x[0]), []
    for t in range(len(x)):
        u = 0.25 * u + x[t]
        fires = u >= 0.25
        out.append(torch.where(fires, u, torch.zeros_like(u)))
        u = torch.where(fires, torch.zeros_like(u), u)
    return torch.stack(out)
def signs(w):  # straight through where |w| <= 1
    s = torch.where(w >= 0, 1.0, -1.0).double()
    through = torch.where(w.abs() <= 1, w, w.detach())
    return s + through - through.detach()
def each(f, x):
    return f(x.flatten(0, 1)).unflatten(0, x.shape[:2])
h = reverb(normed(each(lambda a: F.conv2d(a, p["encode.weight"], padding=1), x.double()), "bn1"))
h = reverb(normed(each(lambda a: F.conv2d(a, p["unit.alpha"] * signs(p["unit.weight"]), padding=1), h), "bn2"))
logits = F.linear(each(lambda a: F.avg_pool2d(a, 2).flatten(1), h), p["classifier.weight"], p["classifier.bias"]).mean(0)
loss = F.cross_entropy(logits, y)
(3 * loss).backward()

got = net(x, y)
assert got.dim() == 0 and abs(got.item() - loss.item()) < 1e-5, (got, loss)
(3 * got).backward()
assert torch.allclose(net.logits.double(), logits, atol=1e-4)
names = dict(net.named_parameters())
assert len(names) == 9 and names.keys() == {k for k, v in p.items() if v.requires_grad}, names.keys()
for name, parameter in names.items():
    wanted = p[name].grad
    assert parameter.grad.shape == wanted.shape and wanted.abs().max() > 0, name
    assert (parameter.grad - wanted).abs().max() <= 1e-4 * wanted.abs().max(), name
moved = dict(net.named_buffers())
for name, wanted in means.items():
    assert torch.allclose(moved[name].double(), wanted.detach(), atol=1e-5), name
# Gradients add up as PyTorch's do; the program says the same.
before = names["unit.weight"].grad.clone()
net(x, y).backward()
assert torch.allclose(names["unit.weight"].grad, before * 4 / 3, rtol=1e-5, atol=1e-9)
_, said = rvb.Program("small").gradient(x.numpy(), y.numpy(), weights="w.safetensors", threads=1)
assert all(np.allclose(3 * said[k], p[k].grad, atol=3e-4 * float(p[k].grad.abs().max())) for k in names)

# Logits in use: of the program, and of a deployed library.
fresh = rvb.torch.Network("small.so", weights="w.safetensors", threads=1).eval()
out = fresh(x)
assert not out.requires_grad and np.array_equal(out.numpy(), rvb.Program("small").infer(x.numpy(), weights="w.safetensors", threads=1))
deployed = rvb.torch.Network("deployed.so")
assert not list(deployed.parameters()) and torch.allclose(deployed(x), out, atol=1e-4 * float(out.abs().max()))
kept = fresh.bn1.running_mean.clone()
with torch.no_grad():
    assert not fresh(x, y).requires_grad
assert torch.equal(fresh.bn1.running_mean, kept)  # eval leaves statistics alone

# A loop of one's own: the loss falls; state_dict goes back to the program.
again = rvb.torch.Network("small.so", seed=5)
optimizer = torch.optim.SGD(again.parameters(), lr=0.1, momentum=0.9)
losses = []
for _ in range(30):
    optimizer.zero_grad()
    loss = again(x, y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(again.parameters(), 5.0)
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < 0.2 * losses[0], losses
rvb.save_weights("trained.safetensors", {k: v.numpy() for k, v in again.state_dict().items()})
assert np.allclose(rvb.Program("small").infer(x.numpy(), weights="trained.safetensors"), again.eval()(x).numpy(), atol=1e-5)

# progress() is what the loop says.
part = rvb.torch.Network("part.so", seed=2)
x2, y2 = torch.randn(2, 5, 6), torch.tensor([0, 1, 2, 0, 1])
whole = part(x2, y2).item()
part.progress = 0.0
assert abs(whole - 2 * part(x2, y2).item()) < 1e-5 * whole

# A regression learns numbers.
numbers = rvb.torch.Network("learns.so")
x3, y3 = torch.randn(2, 7, 3), torch.randn(7, 2)
numbers(x3, y3).backward()
weight, bias = (t.detach().clone().requires_grad_() for t in (numbers.out.weight, numbers.out.bias))
F.mse_loss(F.linear(x3, weight, bias).mean(0), y3).backward()
assert torch.allclose(numbers.out.weight.grad, weight.grad, atol=1e-5) and torch.allclose(numbers.out.bias.grad, bias.grad, atol=1e-5)

def refused(kind, call, part):
    try:
        call()
    except kind as error:
        assert part in str(error), error
        return
    raise AssertionError(part)
refused(ValueError, lambda: again(x[:3]), "expected")
refused(ValueError, lambda: again(x[:, :0]), "expected")
refused(TypeError, lambda: again(x.double()), "float32")
refused(ValueError, lambda: again(x, y[:3]), "integers [6]")
refused(ValueError, lambda: again(x, y.float()), "integers")
refused(ValueError, lambda: again(x, y + 5), "from 0 to 4")
refused(ValueError, lambda: again(x.clone().requires_grad_(), y), "gradient by the input")
refused(ValueError, lambda: deployed(x, y), "no loss")
refused(ValueError, lambda: numbers(x3, torch.arange(7)), "numbers [7, 2]")
refused(RuntimeError, lambda: rvb.torch.Network("small.so", weights="other.safetensors"), "encode.weight")
refused(rvb.Error, lambda: rvb.Network("small.so"), "deploy it first")
END
/usr/bin/python3 -c '
import sys; sys.path.insert(0, sys.argv[1])
import rvb, numpy as np
rvb.save_weights("other.safetensors", {"a": np.zeros(3, "f4")})' "$root/runtime/python"
expect 0 /usr/bin/python3 -W error::UserWarning check.py
expect 2 "$RVBC" small.rvb --emit=so -o /dev/null
