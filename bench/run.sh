#!/bin/bash
# Our programs and kernels next to PyTorch and ONNX Runtime on the same networks, interleaved in one run on the same cores.
#
#   bench/run.sh [--quick] [--only REGEX] [--json FILE] [--roofline FILE.svg] [--compare OLD.json] [--rounds N]
#
# Prints a table with ratios (above 1: ours is better). Every contender is timed once a round; what is compared is the
# median of the rounds. --only measures the works whose names match, for instance `--only 'convolution|training'`;
# --quick takes fewer and shorter samples. Nothing else should run on the machine. Data loading is included nowhere.
set -euo pipefail
. "$(dirname "$0")/../.ci/common.sh"

arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage ;;
    --quick) arguments+=("$1") ;;
    --json | --roofline) arguments+=("$1" "$(realpath -m "${2:?$1 needs a file}")") && shift ;;
    --compare) arguments+=("$1" "$(realpath "${2:?$1 needs a file}")") && shift ;;
    --only | --rounds) arguments+=("$1" "${2:?$1 needs a value}") && shift ;;
    *) echo "unknown argument $1; see $0 --help" >&2; exit 2 ;;
  esac
  shift
done

install_missing build bench
folder=$(realpath -m "${RVB_BENCH_BUILD:-$root/build-bench}")
[ -f "$folder/CMakeCache.txt" ] || configure "$folder" -DRVB_TESTS=OFF -DRVB_BENCH=ON
build "$folder" rvbc rvb_stdlib rvb_runtime_all kernels_bench
work=$folder/bench-run
mkdir -p "$work/peers"

# ONNX Runtime from npm. Its install script fetches CUDA's libraries, which nothing here uses.
peers=$work/peers
{ node --version && npm --version; } >/dev/null 2>&1 || install_missing node
cp "$root/bench/peers/ort_worker.js" "$peers/"
if ! cmp -s "$root/bench/peers/package.json" "$peers/package.json" || [ ! -d "$peers/node_modules/onnxruntime-node" ]; then
  say "fetching ONNX Runtime from npm"
  cp "$root/bench/peers/package.json" "$peers/"
  if ! (cd "$peers" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error >&2); then
    say "npm could not fetch it: ONNX Runtime is left out"
    peers=
  fi
fi
exec /usr/bin/python3 "$root/bench/run.py" --root "$root" --folder "$work" --rvbc "$folder/bin/rvbc" \
  --kernels "$folder/bench/kernels/kernels_bench" ${peers:+--ort "$peers"} "${arguments[@]}"
