#!/bin/bash
# Mutated inputs of each kind through the readers, under the address and undefined-behaviour sanitizers: no crash, no
# hang, no leak.
#
#   tests/fuzz/run.sh [--runs N] [--seed S] [--build-only|--no-build] [KIND...]
#
# Kinds: language, ir, passes (the IR's passes), safetensors, npy, idx, image, events; all unless named. N is 100,000 unless
# given. Built in build/sanitized (RVB_BUILD names another folder than build). An input that fails is kept as
# fuzz_KIND.failed there.
set -euo pipefail
. "$(dirname "$0")/../../.ci/common.sh"

runs=100000 seed=1 build=yes run=yes kinds=()
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=${2:?--runs needs a value}; shift 2 ;;
    --seed) seed=${2:?--seed needs a value}; shift 2 ;;
    --build-only) run=no; shift ;;
    --no-build) build=no; shift ;;
    -h | --help) usage ;;
    -*) die "unknown option $1" ;;
    *) kinds+=("$1"); shift ;;
  esac
done

folder=$folder/sanitized
here=$root/tests/fuzz
if [ "$build" = yes ]; then
  configure "$folder" -DRVB_SANITIZE=ON -DRVB_TESTS=ON -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1"
  build "$folder" fuzzers
fi
[ "$run" = yes ] || exit 0
if [ ${#kinds[@]} -eq 0 ]; then
  for source in "$here"/fuzz_*.cpp; do
    kind=${source##*/fuzz_}
    kinds+=("${kind%.cpp}")
  done
fi

# What each kind is mutated from: folders and files.
seeds() {
  case $1 in
    language) echo "$root/stdlib" "$root/examples" "$root"/tests/golden/*.rvb "$here/corpus/language" ;;
    passes) echo "$here/corpus/ir" ;;
    *) echo "$here/corpus/$1" ;;
  esac
}

export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
cd "$folder"
for kind in "${kinds[@]}"; do
  read -ra corpus <<<"$(seeds "$kind")"
  "$folder/tests/fuzz/fuzz_$kind" --runs "$runs" --seed "$seed" "${corpus[@]}"
done
