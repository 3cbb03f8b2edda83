#!/bin/bash
# Training that was stopped and continued gives the bits of training that was not, with one thread and with two; and the
# number of threads changes no bit either.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

tiny
for threads in 1 2; do
  flags=(--data "$data" --limit 600 --epochs 3 --seed 5 --threads $threads --quiet)
  ./tiny train "${flags[@]}" --run-dir whole$threads
  # stopped in the middle of an epoch, and once more at the end of one
  ./tiny train "${flags[@]}" --run-dir parts$threads --steps 7
  differ whole$threads/last.safetensors parts$threads/last.safetensors
  ./tiny train --run-dir parts$threads --resume --threads $threads --quiet --steps 24
  ./tiny train --run-dir parts$threads --resume --threads $threads --quiet
  same whole$threads/last.safetensors parts$threads/last.safetensors
  same whole$threads/best.safetensors parts$threads/best.safetensors
  for run in whole parts; do
    grep '"kind":"epoch"' $run$threads/metrics.jsonl | grep -o '"flips":[^}]*}}' >$run.flips # in all, and by layer
  done
  [ "$(wc -l <whole.flips)" -eq 3 ] || die "flips are missing in the metrics"
  same whole.flips parts.flips
done
same whole1/last.safetensors whole2/last.safetensors

# Killed between the checkpoint of an epoch's end and its best weights: they are the same, and are written again.
./tiny train --data "$data" --limit 200 --epochs 1 --quiet --run-dir between
mv between/best.safetensors best.kept
./tiny train --run-dir between --resume --quiet
same best.kept between/best.safetensors

# What Adam remembers is saved, too; another optimiser cannot go on from there.
flags=(--data "$data" --limit 600 --epochs 2 --optimizer adamw --weight-decay 0.01 --quiet)
./tiny train "${flags[@]}" --run-dir adam
./tiny train "${flags[@]}" --run-dir adam.parts --steps 7
expect 2 ./tiny train --resume --optimizer sgd --run-dir adam.parts
says 'goes on with adamw'
./tiny train --resume --run-dir adam.parts --quiet
same adam/last.safetensors adam.parts/last.safetensors
expect 2 ./tiny train "${flags[@]}" --momentum 0.5 --run-dir none
says '--momentum is of sgd, rmsprop, not of adamw'

# What runs in the background ends with the script, also where that fails.
child=
trap '[ -z "$child" ] || kill $child 2>/dev/null || true; rm -rf "$work"' EXIT
# Ctrl-C, as early or late as it comes
./tiny train --data "$data" --limit 2000 --epochs 3 --seed 5 --threads 2 --quiet --run-dir whole
set -m # jobs of a script ignore SIGINT otherwise, and a program that begins so does, too
./tiny train --data "$data" --limit 2000 --epochs 3 --seed 5 --threads 2 --log-every 1 --run-dir stopped >log 2>&1 &
child=$!
set +m
for _ in $(seq 600); do
  [ "$(cat stopped/metrics.jsonl 2>/dev/null | wc -l)" -ge 3 ] && break
  sleep 0.05
done
kill -INT $child
code=0
wait $child || code=$?
child=
[ $code -eq 130 ] || { cat log; die "interrupted training ended with $code, expected 130"; }
grep -q -- --resume log || die "an interrupted run says how to continue"
# The end of an epoch that was logged, but not saved: it is done, and logged, again.
python3 - <<'END'
import json
lines = [json.loads(line) for line in open("stopped/metrics.jsonl")]
done = sum(line["kind"] == "epoch" for line in lines)
json.dump({"kind": "epoch", "epoch": done + 1, "steps": lines[-1].get("step", lines[-1].get("steps"))},
          open("stopped/metrics.jsonl", "a"))
open("stopped/metrics.jsonl", "a").write("\n")
END
differ whole/last.safetensors stopped/last.safetensors
./tiny train --resume --run-dir stopped --threads 2 --quiet
same whole/last.safetensors stopped/last.safetensors
[ "$(grep -o '"epoch","epoch":[0-9]*' stopped/metrics.jsonl | tr -dc '0-9\n' | tr '\n' ' ')" = '1 2 3 ' ] || die "epochs in metrics.jsonl"

# A folder belongs to one run at a time, and says what the run does now.
./tiny train --data "$data" --limit 2000 --epochs 1000 --quiet --run-dir taken &
child=$!
for _ in $(seq 600); do
  [ -e taken/last.safetensors ] && break
  sleep 0.05
done
expect 2 ./tiny train --data "$data" --limit 100 --epochs 1 --run-dir taken --resume
says 'another process is training in taken'
kill -TERM $child
wait $child || true
child=
expect 0 ./tiny train --resume --epochs 1 --limit 100 --lr 0.003 --run-dir taken
[ "$(field taken/config.json '["plan"]["rate"]')" = 0.003 ] || die "config.json keeps the plan of before"
expect 3 ./tiny train --data "$data" --limit 200 --steps 1 --min-acc 0.1 --run-dir short
says 'no epoch was finished'
