#!/bin/bash
# Where rvbc's results go: standard output that is full or closed, messages that nobody can read, devices, pipes, links; and
# where its inputs come from.
. "$(dirname "$0")/common.sh"
model=$here/tiny.rvb

tiny
./tiny init --seed 1 -o w.safetensors
"$RVBC" "$model" --emit ir -o tiny.ir
printf 'int f(int a) { return a + 1; }\n' >f.c
cc -O2 -c f.c

# Every command that prints: a result that could not be delivered is an error, and it is said once.
undelivered() {
  for way in full closed; do
    local got=0
    if [ $way = full ]; then
      "$RVBC" "$@" >/dev/full 2>said <"$model" || got=$?
    else
      "$RVBC" "$@" >&- 2>said <"$model" || got=$?
    fi
    [ $got -eq 5 ] || die "standard output $way: ended with $got: $*"
    [ "$(grep -c 'cannot write to standard output' said)" -eq 1 ] || die "standard output $way: not said once: $*"
  done
}
undelivered --help
undelivered deploy --help
undelivered --version
undelivered targets
undelivered explain 203
undelivered summary "$model"
undelivered summary --json "$model"
undelivered fmt -
for format in dot mermaid json; do undelivered graph --format $format "$model"; done
for kind in ast ir plan llvm asm; do undelivered "$model" --emit $kind; done
undelivered "$model" --print-after all
undelivered "$model" --time-passes
undelivered opt tiny.ir
undelivered inspect f.o f
undelivered deploy "$model" --weights w.safetensors --verify-addonly -q -o small
"$RVBC" check "$model" >/dev/full || die "check prints nothing"

# A message that nobody can read changes nothing else.
for channels in '2>&-' '2>/dev/full' '0<&- 1>&- 2>&-'; do
  run() {
    local wanted=$1 got=0
    shift
    eval "\"\$RVBC\" \"\$@\" $channels" || got=$?
    [ $got -eq "$wanted" ] || die "$channels: ended with $got, expected $wanted: $*"
  }
  run 5 check nowhere.rvb
  run 2 --unknown
  run 1 check f.c
  run 0 "$model" -o other
  same tiny other
  rm other
done

# What is no regular file is written through and stays what it is.
kind_of() { stat -c %F "$1"; }
"$RVBC" "$model" -q -o /dev/null
[ "$(kind_of /dev/null)" = 'character special file' ] || die "/dev/null is gone"
expect 5 "$RVBC" "$model" -q -o /dev/full
says 'cannot write /dev/full'
"$RVBC" "$model" -q -o /dev/stdout >copy
same tiny copy
(
  echo before
  "$RVBC" graph --format dot "$model" -o /dev/stdout
  echo after
) >drawn
[ "$(head -1 drawn) $(tail -1 drawn)" = 'before after' ] || die "/dev/stdout is not standard output"
mkfifo pipe
cat pipe >through &
"$RVBC" "$model" -q -o pipe
wait
same tiny through
[ "$(kind_of pipe)" = fifo ] || die "the pipe is gone"
ln -s behind link
"$RVBC" "$model" -q -o link
same tiny behind
[ "$(kind_of link)" = 'symbolic link' ] || die "the link is gone"
cp "$model" mine.rvb
printf '\n\n' >>mine.rvb
ln -s mine.rvb other.rvb
"$RVBC" fmt other.rvb
[ "$(kind_of other.rvb)" = 'symbolic link' ] || die "fmt replaces a link"
expect 0 "$RVBC" fmt --check mine.rvb
expect 2 "$RVBC" deploy "$model" --weights w.safetensors --emit lib -o /dev/null
says 'no regular file'

# Texts are regular files, standard input or a descriptor that the shell passes on; nothing else is opened.
for other in pipe /dev/zero .; do
  expect 5 timeout 20 "$RVBC" check $other
  says "cannot read $other"
  expect 5 timeout 20 "$RVBC" opt $other
  expect 5 timeout 20 "$RVBC" inspect $other f
  printf 'import "%s"\n' $other >imports.rvb
  cat "$model" >>imports.rvb
  expect 1 timeout 20 "$RVBC" check imports.rvb
  says 'RVB0109' 'note: cannot read '
done
printf 'import "/proc/self/mem"\n' >imports.rvb
cat "$model" >>imports.rvb
expect 1 "$RVBC" check imports.rvb
says 'cannot read /proc/self/mem: Input/output error'
"$RVBC" check - <"$model"
"$RVBC" check /dev/stdin <"$model"
"$RVBC" check <(cat "$model")

# -- ends the options, before the model too.
cp "$model" ./-odd.rvb
expect 0 "$RVBC" -- "$model"
same tiny ./tiny
expect 0 "$RVBC" -q -o named -- -odd.rvb
same tiny named
for command in check summary 'fmt --check' 'graph --format dot'; do
  expect 0 "$RVBC" $command -- -odd.rvb
done
expect 0 "$RVBC" deploy -q --weights w.safetensors -o small -- -odd.rvb
