#!/bin/bash
# --mem-limit: the training step's block fits, every gradient keeps its bits, and what cannot fit is refused with the
# smallest size that can.
. "$(dirname "$0")/common.sh"

golden=$root/tests/golden
planned() { # ARGUMENTS...: bytes of the training step's block at the recipe's batch, which goes into `batch`
  expect 0 "$RVBC" summary --json "$@"
  needed=$(field said '["memory_limit"]["planned_bytes"]')
  batch=$(field said '["memory_limit"]["batch"]')
  holds "$needed == $(field said '["memory"]["gradient"]["static_bytes"]') + \
    $batch * $(field said '["memory"]["gradient"]["sample_bytes"]')"
}
gradient() { # PROGRAM CASE OUTPUT
  "$1" gradient --weights "$2/weights.safetensors" --input "$2/x.npy" --labels "$2/labels.npy" --output "$3" >/dev/null
}

for case in residual_moving_threshold0.25_T4_flatten residual_still_threshold0_T4_flatten variant_ternary variant_tebn; do
  model=$golden/$(field "$golden/cases/$case/case.json" '["source"]')
  mapfile -t settings < <(/usr/bin/python3 -c '
import json, sys
for name, value in json.load(open(sys.argv[1]))["settings"].items():
    print("-D")
    print(name + "=" + (value if isinstance(value, str) else json.dumps(value)))' "$golden/cases/$case/case.json")
  planned "$model" "${settings[@]}" --mem-limit 1GB
  full=$needed
  "$RVBC" "$model" "${settings[@]}" -q -o free
  gradient ./free "$golden/cases/$case" free.safetensors

  # What needs no recomputation is the same program.
  "$RVBC" "$model" "${settings[@]}" --emit=plan -o free.plan
  "$RVBC" "$model" "${settings[@]}" --mem-limit "$full" --emit=plan -o roomy.plan
  same free.plan roomy.plan

  expect 1 "$RVBC" "$model" "${settings[@]}" --mem-limit 1KB -o never
  says 'RVB0402' "at batch $batch" '--mem-limit'
  [ ! -e never ] || die "a program was written that does not fit"
  smallest=$(sed -n 's/.*`--mem-limit \([0-9]*\)KB`.*/\1000/p' said)
  holds "$smallest < 0.85 * $full"
  for limit in $((full * 9 / 10)) $(((full + smallest) / 2)) "$smallest"; do
    expect 0 "$RVBC" "$model" "${settings[@]}" --mem-limit "$limit" -o limited
    says 'training memory: ' "at batch $batch" 'operations recomputed'
    planned "$model" "${settings[@]}" --mem-limit "$limit"
    holds "$needed <= $limit"
    gradient ./limited "$golden/cases/$case" limited.safetensors
    same free.safetensors limited.safetensors
  done
done

# The refusal is a diagnostic like any other: at the recipe's batch, or at the file where no recipe sets one.
cp "$here/tiny.rvb" refused.rvb
sed '/batch = 50/d' refused.rvb >silent.rvb
for model in refused silent; do
  expect 1 "$RVBC" $model.rvb --mem-limit 1KB --diagnostics=json -o never
  python3 - said $model.rvb <<'END'
import json, sys
[row] = [json.loads(line) for line in open(sys.argv[1])]
assert row["code"]["code"] == "RVB0402" and row["level"] == "error", row
[span] = row["spans"]
text = open(sys.argv[2], "rb").read()[span["byte_start"]:span["byte_end"]]
assert span["file_name"] == sys.argv[2] and text == (b"batch = 50" if sys.argv[2] == "refused.rvb" else b""), row
assert [child["level"] for child in row["children"]] == ["note", "help"], row
assert "`--mem-limit " in row["children"][1]["message"], row
END
done
expect 1 "$RVBC" summary refused.rvb --mem-limit 1KB --diagnostics=short
says "refused.rvb:$(grep -n 'batch = ' refused.rvb | cut -d: -f1):3: error[RVB0402]: a training step at batch 50 does not fit into 1000 bytes"
[ "$(wc -l <said)" -eq 1 ] || die "a short diagnostic has one line"

# A step at a larger batch than the recipe's works, and says that it needs more.
expect 0 ./limited train --weights "$golden/cases/$case/weights.safetensors" --input "$golden/cases/$case/x.npy" \
  --labels "$golden/cases/$case/labels.npy" --epochs 1 --run-dir run
! grep -q 'above the limit' said || die "a small batch fits"
/usr/bin/python3 - "$golden/cases/$case" <<'END'
import sys
import numpy as np
x, labels = np.load(sys.argv[1] + "/x.npy"), np.load(sys.argv[1] + "/labels.npy")
axis = x.ndim - 4  # sequences have time in front
np.save("many.npy", np.concatenate([x] * (300 // len(labels) + 1), axis))
np.save("labels.npy", np.concatenate([labels] * (300 // len(labels) + 1)))
END
expect 0 ./limited train --weights "$golden/cases/$case/weights.safetensors" --input many.npy --labels labels.npy \
  --batch 300 --epochs 1 --run-dir run2
says 'warning: a step at batch 300 works in' 'above the limit' "at batch $batch"

# Sizes.
for wrong in 0 -3MB 12parsecs MB 1e30GB nan 3mb; do
  expect 2 "$RVBC" "$here/tiny.rvb" --mem-limit="$wrong" -o never
  says '--mem-limit'
done
for right in 100MB 0.1GB 100000KB 96MiB 100000000; do
  expect 0 "$RVBC" summary "$here/tiny.rvb" --mem-limit "$right"
  says 'nothing recomputed'
done

# The pass by itself.
"$RVBC" "$here/tiny.rvb" --emit=ir -o tiny.ir
expect 0 "$RVBC" opt tiny.ir --pass=recompute
expect 2 "$RVBC" opt tiny.ir --pass=recompute=12
says 'recompute takes BYTES@BATCH'
expect 2 "$RVBC" opt tiny.ir --pass=dce=3
says 'takes no argument'
expect 0 "$RVBC" explain RVB0402
