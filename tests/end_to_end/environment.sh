#!/bin/bash
# What rvbc needs from its machine and may not get: disk space, memory, descriptors, a linker, a cache folder. Exit 5 and the
# reason, never "a bug in rvbc"; and nothing is left running or lying about.
. "$(dirname "$0")/common.sh"
model=$here/tiny.rvb
mkdir tmp
export TMPDIR=$work/tmp

tiny
cp tiny reference
./tiny init --seed 1 -o w.safetensors
"$RVBC" deploy "$model" -q --weights w.safetensors -o small

refused() {
  expect 5 "$@"
  ! grep -qE 'bug in rvbc|LLVM ERROR|Stack dump|terminate called' said || die "$(cat said)"
  [ "$(wc -l <said)" -le 14 ] || die "$(cat said)"
}

# Memory: whatever the limit, it works or says so. Below, the system's loader does not get as far as main.
limited() { (ulimit -v "$1" && exec "${@:2}"); }
for command in "check $model" "$model -q -o limited" "deploy $model -q --weights w.safetensors -o limited"; do
  reached=0
  for limit in $(seq 150000 9000 350000) 450000 600000; do
    got=0
    timeout 60 bash -c 'ulimit -v "$1"; shift; exec "$@"' limited $limit "$RVBC" $command >said 2>&1 || got=$?
    if grep -q 'error while loading shared libraries' said; then
      continue
    fi
    case $got in
      0)
        reached=$((reached + 1))
        [ $reached -lt 3 ] || break
        ;;
      5) grep -qiE 'memory|allocate' said || die "limit $limit: $(cat said)" ;;
      *) die "limit $limit: ended with $got: $command: $(cat said)" ;;
    esac
  done
  [ $reached -gt 0 ] || die "no limit is enough for $command"
done
# In the processes that compile kernels, too.
RVB_CACHE_DIR=$work/empty refused limited 230000 "$RVBC" "$model" -q -o never
says memory

# Files that cannot grow, as on a full disk; too few descriptors.
RVB_CACHE_DIR=$work/empty refused bash -c "ulimit -f 4; exec '$RVBC' '$model' -q -o never"
says 'cannot write' '.o'
refused bash -c "ulimit -f 40; exec '$RVBC' '$model' -q -o never"
# none but the standard streams: whoever runs the tests may have left others open
few='exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n 4;'
refused bash -c "$few exec '$RVBC' '$model' -q -o never"
RVB_CACHE_DIR=$work/empty refused bash -c "$few exec '$RVBC' '$model' -q -o never"
says 'open files'
refused "$RVBC" "$model" -q -o "$work"
TMPDIR=$work/nowhere refused "$RVBC" "$model" -q -o never
TMPDIR=$model refused "$RVBC" "$model" -q -o never
[ ! -e never ] || die "a program was written"

# The linker, as make takes it from CXX.
mkdir 'other tools'
printf '#!/bin/sh\nexec c++ "$@"\n' >'other tools/my c++'
chmod +x 'other tools/my c++'
cp 'other tools/my c++' mine
for CXX in 'env c++' './mine' './other tools/my c++' "'other tools/my c++' -O1" '  '; do
  CXX=$CXX expect 0 "$RVBC" "$model" -q -o linked
  same linked reference
done
CXX=mine PATH=:$PATH expect 0 "$RVBC" "$model" -q -o linked
for CXX in nowhere ./nowhere 'nowhere c++' "$work"; do
  CXX=$CXX refused "$RVBC" "$model" -q -o never
  says 'cannot start' CXX
done
CXX=false refused "$RVBC" "$model" -q -o never
CXX='sh -c "kill -9 $$"' refused "$RVBC" "$model" -q -o never
says memory

# Folders of any name, and named relative to where one stands.
odd=$'odd, "new\nline" $x'
mkdir "$odd"
cp "$model" w.safetensors "$odd/"
(
  cd "$odd"
  RVB_CACHE_DIR=cache TMPDIR=. expect 0 "$RVBC" deploy tiny.rvb -q --weights w.safetensors -o 'a program'
  same 'a program' "$work/small"
  [ -n "$(ls cache)" ] || die "a relative cache folder is not used"
  RVB_CACHE_DIR=cache expect 0 "$RVBC" deploy tiny.rvb -q --weights w.safetensors --emit lib,header -o 'a library'
  [ -s 'a library.a' ] && [ -s 'a library.h' ] || die "no library"
)

# Objects in the cache that are not what was put there are made again.
export RVB_CACHE_DIR=$work/cache
expect 0 "$RVBC" "$model" -q -o again
same again reference
objects=(cache/*.o)
flip() { # the bit of a file
  /usr/bin/python3 - "$@" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    at, bit = divmod(int(sys.argv[2]), 8)
    file.seek(at)
    byte = file.read(1)[0]
    file.seek(at)
    file.write(bytes([byte ^ 1 << bit]))
END
}
for i in 0 1 2 3 4 5; do
  object=${objects[$((i * 7))]}
  flip "$object" $((i * 3001 % ($(stat -c %s "$object") * 8)))
done
mv "${objects[1]}" aside
mv "${objects[2]}" "${objects[1]}"
mv aside "${objects[2]}"
truncate -s 100 "${objects[3]}"
: >"${objects[4]}"
rm "${objects[5]}" "${objects[6]}" "${objects[8]}"
mkfifo "${objects[5]}"
ln -s /dev/zero "${objects[6]}"
mkdir "${objects[8]}"
touch "${objects[8]}/file"
expect 0 timeout 100 "$RVBC" "$model" -q -o again
same again reference
[ "$(grep -c note: said)" -eq 1 ] || die "one note, about the folder: $(cat said)"
says 'no regular file'
rm -r "${objects[8]}"
expect 0 "$RVBC" "$model" -q -o again
[ ! -s said ] || die "$(cat said)"

# A folder that others may write is not trusted, neither the one that is named nor the default ones.
untrusted() {
  expect 0 "$@" "$RVBC" "$model" -q -o again
  same again reference
  says 'note: kernels are not kept in the cache folder'
}
chmod 777 cache
untrusted env
says 'other users may write there'
chmod 1777 cache
expect 0 "$RVBC" "$model" -q -o again
[ ! -s said ] || die "$(cat said)"
chmod 700 cache
if [ "$(id -u)" -eq 0 ]; then
  chown 12345 cache
  untrusted env
  says 'belongs to another user'
  chown 0 cache
  mkdir "tmp/rvb-cache-0"
  chown 12345 "tmp/rvb-cache-0"
  untrusted env -u RVB_CACHE_DIR -u HOME -u XDG_CACHE_HOME
  says 'belongs to another user'
  rm -r tmp/rvb-cache-0
  ln -s "$work/cache" tmp/rvb-cache-0
  chown -h 12345 tmp/rvb-cache-0
  untrusted env -u RVB_CACHE_DIR -u HOME -u XDG_CACHE_HOME
  rm tmp/rvb-cache-0
fi
untrusted env -u RVB_CACHE_DIR -u XDG_CACHE_HOME HOME=/proc/nowhere
RVB_CACHE_DIR=$model/cache refused "$RVBC" "$model" -q -o never

# Killed, rvbc takes all that it started along, and the next run removes what it left.
running() { # a process whose command line names our folder
  for line in /proc/[0-9]*/cmdline; do
    if [ "$line" != "/proc/$$/cmdline" ] && { tr '\0' ' ' <"$line" | grep -qF "$1"; } 2>/dev/null; then
      return 0
    fi
  done
  return 1
}
until_true() {
  for _ in $(seq 300); do
    if "$@"; then
      return
    fi
    sleep 0.1
  done
  die "never: $*"
}
gone() { ! running "$1"; }
sleeper=$work/sleeper
printf '#!/bin/sh\nexec -a "%s" sleep 300 2>/dev/null || exec sleep 300\n' "$sleeper" | sed '1s/sh/bash/' >sleeper
printf '#!/bin/sh\n"%s" & "%s"\n' "$sleeper" "$sleeper" >slow
chmod +x sleeper slow
for signal in TERM HUP KILL; do
  CXX=$work/slow "$RVBC" "$model" -q -o never &
  compiler=$!
  until_true running "$sleeper"
  kill -$signal $compiler
  wait $compiler || true
  until_true gone "$sleeper"
done
[ -n "$(ls tmp)" ] || die "this test tests nothing"
for signal in TERM KILL; do # while kernels are compiled
  RVB_CACHE_DIR=$work/fresh "$RVBC" "$model" -q -o "$work/never" --target x86-64-v3 &
  compiler=$!
  until_true compgen -G "tmp/rvbc-tmp-*/rvb_*.o" >/dev/null
  kill -$signal $compiler
  wait $compiler || true
  until_true gone "$work/never" # kernels' processes have rvbc's command line
done
touch cache/rvb_old_0123456789abcdef.o.99999999.tmp.o
expect 0 "$RVBC" "$model" -q -o again
[ -z "$(ls tmp)" ] || die "left in TMPDIR: $(ls tmp)"
[ -z "$(ls cache | grep tmp)" ] || die "left in the cache: $(ls cache | grep tmp)"
# A parent that ignores the ends of children hides none.
expect 0 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$RVBC" "$model" -q -o again
same again reference
