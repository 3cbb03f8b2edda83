#!/bin/bash
# What deployment leaves to multiply is named: products of values with values and their share. With masks of 0 and 1 they
# are selections: QKFormer's attention only adds, Spikformer's products are matrices.
. "$(dirname "$0")/common.sh"

cat >attention.rvb <<'RVB'
import spiking_attention
param gated = false
param matrices = false
param learned = false
block Mixed(x) {
  trained w = 0.1 over [16, 16]
  return matmul(x, w) as product
}
network Attention(x: [16, 9] over 2) {
  y = x
  if matrices {
    y = y + SpikingSelfAttention(y, 2, 0.25, false, reverb, lif_decay, reverb, binary(alpha)) as attention
  } else {
    y = y + QueryKeyAttention(y, 2, reverb, lif_decay, lif_decay(threshold = 0.5), binary(alpha)) as attention
  }
  if gated {
    g = y |> linear(16, over = channel, weights = binary(alpha)) as gate |> batchnorm as gate_bn
    y = y * sigmoid(g)
  }
  if learned {
    y = Mixed(y) as mixed
  }
  return mean(y, over = token) |> linear(3, weights = binary) as classifier |> mean_over_time
}
RVB
"$RVBC" attention.rvb -q -o net
./net init --seed 4 -o w.safetensors

expect 0 "$RVBC" deploy attention.rvb -q --weights w.safetensors -o small --verify-addonly
says 'verified: 0 multiplies' ', 100.0 % of the synaptic operations; no other layer has synapses'
! grep -q 'values are multiplied' said || die "a selection is called a product"
"$RVBC" deploy attention.rvb --weights w.safetensors --emit=ir >ir
! grep -qE 'mul\(%[a-z0-9._]*spike[a-z0-9._]*, %|mul\(%everywhere' ir || die "a mask is multiplied by"
grep -q 'select(%passes' ir

# 2 steps, 9 tokens, 16 channels: 288 products; 4 layers of 16 x 16 x 9 and the classifier at each step.
"$RVBC" attention.rvb -D gated=true -q -o gated
./gated init --seed 4 -o gated.safetensors
expect 0 "$RVBC" deploy attention.rvb -D gated=true -q --weights gated.safetensors -o gated.infer --verify-addonly
says 'values are multiplied by values at: `gate_bn` (1.5 %)'
./gated.infer info --json >info.json
holds "$(field info.json '["deployment"]["verification"]["value_products"][0]["products"]') == 288"

"$RVBC" attention.rvb -D matrices=true -q -o matrices
./matrices init --seed 4 -o matrices.safetensors
expect 0 "$RVBC" deploy attention.rvb -D matrices=true -q --weights matrices.safetensors -o matrices.infer --verify-addonly
says '; no other layer has synapses; values are multiplied by values at: `attention.matmul` (' ', `attention.matmul_2` ('

# A matrix that is learned is a real weight, whichever layer reads it.
"$RVBC" attention.rvb -D learned=true -q -o learned
./learned init --seed 4 -o learned.safetensors
expect 0 "$RVBC" deploy attention.rvb -D learned=true -q --weights learned.safetensors -o learned.infer --verify-addonly
says 'with real weights multiply: `mixed.product` ('
! grep -q 'values are multiplied' said || die "a learned matrix is called a value"
