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
    *) die "no data for the weights of $name" ;;
  esac
  "$RVBC" deploy "$root/$(field "$card" '["network"]["file"]')" -q --weights "$weights" --target "$(field "$card" '["test"]["target"]')" -o net
  expect 0 ./net eval --data "$data" --json --limit "$(field "$card" '["test"]["first"]["count"]')"
  for key in correct count; do
    [ "$(field said '["'$key'"]')" = "$(field "$card" '["test"]["first"]["'$key'"]')" ] || die "$key of $name: $(field said '["'$key'"]')"
  done
  [ "$(field said '["data"]["hash"]')" = "$(field "$card" '["data"]["test"]["hash"]')" ] || die "$name: other data"
  count=$((count + 1))
done
[ "$count" -eq "$(ls "$root"/stdlib/weights/*.safetensors | wc -l)" ] || die "weights without a card"
