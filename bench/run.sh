#!/bin/bash
# Our programs beside PyTorch on the same network, interleaved in one run: a table of ratios, then JSON rows.
#
#   bench/run.sh [--threads 1,2] [--rounds 3] [--weights W.safetensors] [--json FILE]
#
# Each round times ours, then PyTorch's; what is compared is the median of the rounds. A ratio above 1 says that ours is
# faster. Data loading is not included anywhere.
set -euo pipefail
. "$(dirname "$0")/../.ci/common.sh"

threads=1 rounds=3 weights= json=
while [ $# -gt 0 ]; do
  case $1 in
    --threads) threads=$2 ;;
    --rounds) rounds=$2 ;;
    --weights) weights=$(realpath "$2") ;;
    --json) json=$(realpath -m "$2") ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit ;;
    *) echo "unknown argument $1; see $0 --help" >&2; exit 2 ;;
  esac
  shift 2
done

install_missing build bench
folder=${RVB_BUILD:-$root/build}
work=$folder/bench-run
[ -f "$folder/CMakeCache.txt" ] || configure "$folder" -DRVB_TESTS=OFF
build "$folder" rvbc rvb_stdlib rvb_runtime_all
rm -rf "$work"
mkdir -p "$work"
cd "$work"
"$folder/bin/rvbc" "$root/examples/fashion.rvb" -o fashion >&2
if [ -z "$weights" ]; then
  ./fashion init --seed 1 -o start.safetensors >&2
  weights=$work/start.safetensors
fi
"$folder/bin/rvbc" deploy "$root/examples/fashion.rvb" --weights "$weights" -o fashion.infer >&2

for ((round = 1; round <= rounds; round++)); do
  for count in ${threads//,/ }; do
    say "round $round of $rounds, $count threads"
    ./fashion bench --train --batch 128 --threads "$count" --weights "$weights" --format jsonl |
      sed 's/^{/{"program": "trained", /' >>ours.jsonl
    ./fashion bench --batch 1,32 --threads "$count" --weights "$weights" --format jsonl |
      sed 's/^{/{"program": "trained", /' >>ours.jsonl
    ./fashion.infer bench --batch 1,32 --threads "$count" --format jsonl |
      sed 's/^{/{"program": "deployed", /' >>ours.jsonl
    /usr/bin/python3 "$root/bench/peers/pytorch_fashion.py" --threads "$count" --work train:128 --work infer:1 \
      --work infer:32 >>theirs.jsonl
  done
done
/usr/bin/python3 "$root/bench/ratios.py" ours.jsonl theirs.jsonl ${json:+"$json"}
