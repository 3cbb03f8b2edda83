#!/bin/bash
# A campaign of faults: everything that the world can do to a training and to a compiler, done on purpose, many times.
#
#   tests/faults/run.sh                    all of it: about 20 minutes on two quiet cores
#   tests/faults/run.sh --short            two minutes: a systematic sample; this is what ctest runs
#   tests/faults/run.sh --only training    one kind of fault (--list names them; repeatable)
#   tests/faults/run.sh --only training --try arrays:write:3:EIO     one try, as the line of a lost one says
#   tests/faults/run.sh --seed 7           other random moments, bits and samples
#   tests/faults/run.sh --keep             the folders of lost tries stay, and are named
#   tests/faults/run.sh --jobs 1           one kind at a time
#
# Build nothing meanwhile: another archive makes other programs. RVBC names the compiler, RVB_BUILD the build folder in
# which it lies otherwise. Tries take place in TMPDIR, else in /dev/shm, where nothing waits for a disk.
#
# It prints a table: kind of fault, tries, survived, lost, skipped. What needs root, and is not run by root, is skipped.
# Survived is a try that works, or ends with a message and the exit code for its cause, after which everything can go on
# where it was: a training to the bits of one without a fault, a compilation to the same program. Lost is an abort, a
# segmentation fault, a hang (10 s, more on a busy machine), "this is a bug", an exit code that blames the wrong one,
# other numbers or another program without a word, a checkpoint that cannot be continued, files or processes left for
# good. Every lost try prints the command that repeats it. The script fails when one is lost.
#
# common.py has the workshop and the verdict, training.py what a training must come to, inject.c the calls that fail,
# kind_*.py a kind of fault each.
set -euo pipefail
. "$(dirname "$0")/../../.ci/common.sh"
case ${1:-} in -h | --help) usage ;; esac
export RVBC=${RVBC:-$folder/bin/rvbc}
[ -x "$RVBC" ] || die "there is no $RVBC: build first, or name the compiler with RVBC"
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
  export TMPDIR=/dev/shm
fi
python=/usr/bin/python3
[ -x $python ] || python=python3
exec $python -B "$root/tests/faults/campaign.py" "$@"
