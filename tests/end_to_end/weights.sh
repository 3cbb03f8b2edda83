#!/bin/bash
# The weights of the library decide as their cards say, to the sample; and they are the files the cards speak of. Of the test
# part those that --limit takes.
. "$(dirname "$0")/common.sh"
grep -qw avx2 /proc/cpuinfo || { echo "skipped: the cards are of x86-64-v3"; exit 0; }

count=0
for card in "$root"/stdlib/weights/*.json; do
  name=$(basename "$card" .json)
  weights=$root/stdlib/weights/$name.safetensors
  [ "$(field "$card" '["schema"]')" = rvb.card/1 ] || die "$card is no card"
  [ "$(sha256sum <"$weights" | cut -d' ' -f1)" = "$(field "$card" '["file"]["sha256"]')" ] || die "$weights is another file"
  case $name in
    fashion) data=$(fashion_folder) ;;
    *) data= ;; # what no package has: its decisions on random numbers are held against the card
  esac
  mapfile -t defines < <(field "$card" '["network"].get("set", "")' | xargs -n 1 -r printf -- '-D\n%s\n')
  "$RVBC" deploy "$root/$(field "$card" '["network"]["file"]')" -q --weights "$weights" --target "$(field "$card" '["test"]["target"]')" "${defines[@]}" -o net
  if [ -n "$(field "$card" '["test"].get("random", "")')" ]; then
    expect 0 ./net infer -i random:1 --output random.npy
    /usr/bin/python3 - "$card" <<'END'
import json, sys
import numpy as np
wanted = json.load(open(sys.argv[1]))["test"]["random"]["decisions"]
found = np.load("random.npy").argmax(1).tolist()
assert len(wanted) > 9 and len(set(wanted)) > 1 and found == wanted, (found, wanted)
END
  fi
  count=$((count + 1))
  [ -n "$data" ] || continue
  expect 0 ./net eval --data "$data" --json --limit "$(field "$card" '["test"]["first"]["count"]')"
  for key in correct count; do
    [ "$(field said '["'$key'"]')" = "$(field "$card" '["test"]["first"]["'$key'"]')" ] || die "$key of $name: $(field said '["'$key'"]')"
  done
  [ "$(field said '["data"]["hash"]')" = "$(field "$card" '["data"]["test"]["hash"]')" ] || die "$name: other data"
done
[ "$count" -eq "$(ls "$root"/stdlib/weights/*.safetensors | wc -l)" ] || die "weights without a card"
