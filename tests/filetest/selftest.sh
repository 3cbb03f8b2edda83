#!/bin/sh
# The runner itself, with a stand-in for rvbc that prints its arguments and its input, reports, and fails when told to.
# usage: selftest.sh FILETEST
set -eu
filetest=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/rvbc" <<'EOF'
#!/bin/sh
echo "arguments: $1"
grep -v '^//' "$2" || :
test -e neighbour.rvb && echo "sees its neighbour"
echo "$2:2: reported" >&2
exit "${3:-0}"
EOF
chmod +x "$work/rvbc"
mkdir -p "$work/tests/deep"
echo "no test: others import it" >"$work/tests/deep/neighbour.rvb"
printf '// run: plain %%s\nhello\n// ---- expect\narguments: plain\nhello\nplain.ir:2: reported\n' >"$work/tests/plain.ir"
printf '// run: fails %%s 3\n// ---- expect\narguments: fails\nsees its neighbour\nfails.rvb:2: reported\n// exit 3\n' \
  >"$work/tests/deep/fails.rvb"
export RVBC="$work/rvbc"

check() { # what, expected exit code, command…
  what=$1 expected=$2
  shift 2
  code=0
  "$@" >"$work/out" 2>&1 || code=$?
  if [ "$code" -ne "$expected" ]; then
    echo "FAILED: $what: exit $code, expected $expected" >&2
    cat "$work/out" >&2
    exit 1
  fi
}
says() {
  grep -q -- "$1" "$work/out" || {
    echo "FAILED: \"$1\" is not in:" >&2
    cat "$work/out" >&2
    exit 1
  }
}

check "right expectations pass" 0 "$filetest" "$work/tests"
says "2 passed, 0 failed"

sed -i 's/^hello$/HELLO/' "$work/tests/plain.ir"
sed -i '0,/^HELLO$/s//hello/' "$work/tests/plain.ir" # the input stays, the expectation is wrong
check "a wrong expectation fails" 1 "$filetest" "$work/tests"
says "FAILED .*plain.ir"
says "  - HELLO"
says "  + hello"

printf '// run: plain %%s\n// show: func\n// hide: _[0-9]+\nfunc a_12\n  b_3\n}\nplan c_4\n// ---- expect\nfunc a#\n  b#\n}\nparts.ir:2: reported\n' \
  >"$work/tests/parts.ir"
check "parts that are shown, without what is hidden" 0 "$filetest" "$work/tests/parts.ir"
sed -i 's/^  b#$/  b_3/' "$work/tests/parts.ir"
check "what is hidden cannot be expected" 1 "$filetest" "$work/tests/parts.ir"
rm "$work/tests/parts.ir"

sed -i '/^\/\/ exit 3$/d' "$work/tests/deep/fails.rvb"
check "a wrong exit code fails" 1 "$filetest" "$work/tests/deep"
says "  + // exit 3"

check "--update rewrites" 0 "$filetest" --update "$work/tests"
says "0 passed, 0 failed, 2 updated"
check "updated tests pass" 0 "$filetest" "$work/tests"
says "2 passed, 0 failed"

echo "func" >"$work/tests/lost.ir"
check "an .ir file that is no test fails" 1 "$filetest" "$work/tests"
says "FAILED .*lost.ir: the first line"

mkdir "$work/empty"
check "an empty folder is a mistake" 2 "$filetest" "$work/empty"
RVBC=/nowhere check "no rvbc is a mistake" 2 "$filetest" "$work/tests"
echo "filetest: all as expected"
