#!/bin/bash
# Compiled programs where memory, descriptors or CPUs are short.
. "$(dirname "$0")/common.sh"

tiny
./tiny init --seed 1 -o w.safetensors
"$RVBC" deploy "$here/tiny.rvb" -q --weights w.safetensors -o tiny.infer
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(60, 1, 28, 28).astype("f4"))
np.save("y.npy", np.arange(60) % 10)'
samples=(--input x.npy --labels y.npy)

# The same bytes without any descriptor, or with standard error on a full disk.
./tiny train "${samples[@]}" --epochs 2 --log-every 1 --run-dir whole 2>/dev/null
./tiny train "${samples[@]}" --epochs 2 --log-every 1 --run-dir closed <&- >&- 2>&- || die "closed descriptors: $?"
./tiny train "${samples[@]}" --epochs 2 --log-every 1 --run-dir full 2>/dev/full || die "standard error is full: $?"
for run in closed full; do
  same whole/last.safetensors $run/last.safetensors
  if grep -v '^{"kind"' $run/metrics.jsonl; then
    die "$run/metrics.jsonl has what is no metric"
  fi
done

# From too little memory to enough: a message with exit code 5, until it works. Below 6 MB or so the program does not
# begin.
enough() {
  local kilobytes code
  for ((kilobytes = 6500; kilobytes < 600000; kilobytes += kilobytes / 8)); do
    code=0
    rm -rf run
    (ulimit -v $kilobytes && exec timeout 60 "$@") >said 2>&1 </dev/null || code=$?
    [ $code -ne 0 ] || return 0
    [ $code -ne 127 ] || continue # the system's loader, or timeout's
    if [ $code -ne 5 ] || ! grep -qE 'memory|thread' said; then
      cat said
      die "with $kilobytes KB: ended with $code: $*"
    fi
  done
  die "it never works: $*"
}
if [ -z "${ASAN_OPTIONS+set}" ] && ! nm tiny | grep -q __asan_init; then
  enough ./tiny train "${samples[@]}" --epochs 1 --threads 2 --run-dir run
  enough ./tiny eval "${samples[@]}" --threads 2 --weights w.safetensors
  enough ./tiny.infer infer --input x.npy --threads 2
  enough ./tiny.infer bench --batch 2 --threads 2 --repeats 1 --seconds 0
  enough ./tiny.infer info
fi

(ulimit -s 256 && exec ./tiny.infer infer --input x.npy --threads 2 --top 1) >said || die "a small stack: $?"

# As many threads as the process may use.
threads() { "$@" ./tiny.infer info --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["machine"]["threads"])'; }
[ "$(threads taskset -c 0)" = 1 ] || die "affinity does not count"
[ "$(threads env OMP_NUM_THREADS=3)" = 3 ] || die "OMP_NUM_THREADS does not count"
# A quota, where this machine lets us set one.
group=/sys/fs/cgroup/cpu/rvb-test-$$
if [ "$(nproc)" -gt 1 ] && mkdir $group 2>/dev/null; then
  trap 'rmdir $group; rm -rf "$work"' EXIT
  if echo 50000 >$group/cpu.cfs_quota_us && echo 100000 >$group/cpu.cfs_period_us; then
    in_group() { (echo "$BASHPID" >$group/cgroup.procs && exec "$@"); }
    [ "$(threads in_group)" = 1 ] || die "the quota of a cgroup does not count"
  fi
fi 2>/dev/null
