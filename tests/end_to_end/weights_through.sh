#!/bin/bash
# Weights through functions of the program: trained and deployed give the same, and deployment holds signs and numbers alone.
. "$(dirname "$0")/common.sh"

cp "$root/tests/language/check/weights_through.rvb" .
"$RVBC" weights_through.rvb -q -o net
./net init --seed 3 -o w.safetensors
"$RVBC" deploy weights_through.rvb -q --weights w.safetensors -o small --verify-addonly >said
says 'verified: 0 multiplies'
./net infer random:1:64 --weights w.safetensors --output trained.npy
./small infer random:1:64 --output deployed.npy
/usr/bin/python3 - <<'PY'
import numpy as np
a, b = np.load("trained.npy"), np.load("deployed.npy")
assert np.ptp(a) > 0.1 and np.abs(a - b).max() < 1e-5 * np.abs(a).max(), np.abs(a - b).max()
PY
"$RVBC" deploy weights_through.rvb --weights w.safetensors --emit=ir >ir
grep -q 'two.a.bits: u32' ir
! grep -qE 'sqrt|cos\(|index\(|two.a.weight' ir || die "a function of the weights is computed again at every inference"

# What is trained is the argument of the function: one step moves it.
./net train --data synthetic:64 --epochs 1 --batch 16 --seed 3 --lr 0.1 -q --run-dir run >log
"$RVBC" deploy weights_through.rvb -q --weights run/last.safetensors -o trained
differ w.safetensors run/last.safetensors
