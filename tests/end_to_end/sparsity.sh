#!/bin/bash
# Deployed layers that visit only the spikes that fire: chosen by a calibration or by hand, with the same bits as the
# dense ones, told by the program, additions only.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

# With a threshold of 1 few encoding neurons fire; with 0 most do.
for threshold in 0 1; do
  tiny tiny$threshold -D threshold=$threshold
  ./tiny$threshold init --seed 3 -o $threshold.safetensors
done
deploy() {
  local threshold=$1
  shift
  "$RVBC" deploy "$here/tiny.rvb" -D threshold=$threshold --weights $threshold.safetensors "$@"
}
kernel() { # of the layer `unit`, as the program knows it
  ./"$1" info --json >info.json
  field info.json '["layers"][[layer["path"] for layer in json.load(open("info.json"))["layers"]].index("unit")]["kernel"]'
}
is() { [ "$(kernel "$1")" = "$2" ] || die "$1 is $(kernel "$1"), expected $2"; }
logits() { ./"$1" eval --data "$data" --limit 300 --output "$2" "${@:3}" >/dev/null; }
calibrate=(--calibrate "$data" --calibration-samples 100)

expect 0 deploy 1 -o dense
is dense dense
expect 0 deploy 1 "${calibrate[@]}" -o auto --verify-addonly
says 'silent groups' 'verified: 0 multiplies'
grep -E '^unit .* %.* sparse$' said >/dev/null || die "the calibration did not choose the sparse kernel"
is auto sparse
holds "$(field info.json '["layers"][[layer["path"] for layer in json.load(open("info.json"))["layers"]].index("unit")]["silent_groups"]') > 0.5"
./auto info | grep -E '^unit .* sparse$' >/dev/null || die "info does not show the kernel"
expect 0 deploy 0 "${calibrate[@]}" -o busy
is busy dense

logits dense dense.npy
logits auto auto.npy
same dense.npy auto.npy
logits auto again.npy --threads 1 --batch 7
same dense.npy again.npy

# by hand: for all layers, for one, and against the calibration
expect 0 deploy 0 --sparsity sparse -o forced
is forced sparse
logits busy busy.npy
logits forced forced.npy
same busy.npy forced.npy
expect 0 deploy 0 --sparse unit -o one
is one sparse
expect 0 deploy 1 "${calibrate[@]}" --dense unit -o kept
is kept dense
expect 0 deploy 1 "${calibrate[@]}" --sparsity dense -o kept
is kept dense
deploy 1 --sparsity sparse --dense unit --emit=ir -o - >dense.ir
if grep 'sparse = 1' dense.ir; then die "--dense did not hold against --sparsity"; fi
deploy 1 --sparse unit --emit=ir -o - >sparse.ir
grep 'binary_conv2d.*sparse = 1' sparse.ir >/dev/null || die "the IR does not say which kernel was chosen"

# in integers, on every target: without lookups there is one kernel
for spikes in i32 i16; do
  for sparsity in dense sparse; do
    expect 0 deploy 1 "${calibrate[@]}" --spikes $spikes --sparsity $sparsity -o $spikes.$sparsity --verify-addonly
    says 'verified: 0 multiplies'
    is $spikes.$sparsity $sparsity
    logits $spikes.$sparsity $spikes.$sparsity.npy
  done
  same $spikes.dense.npy $spikes.sparse.npy
done
expect 0 deploy 1 --target generic --sparsity sparse -o generic
is generic dense

expect 1 deploy 1 --sparse units -o never
says 'error[RVB0403]' '`units`' 'did you mean `unit`?'
expect 1 deploy 1 --dense encode -o never # it has real weights
says 'error[RVB0403]' 'its binary layers are: unit'
expect 2 deploy 1 --sparse unit --dense unit -o never
says '--sparse and --dense both name `unit`'
expect 2 deploy 1 --sparsity some -o never
expect 0 "$RVBC" explain RVB0403
[ ! -e never ] || die "a program was written in spite of a mistake"
