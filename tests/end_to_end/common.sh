# For the scripts of this folder; to be sourced. RVBC names the compiler, RVB_BUILD the build folder.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/common.sh"
here=$root/tests/end_to_end
: "${RVBC:=$folder/bin/rvbc}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# expect CODE COMMAND...: what it prints, on both channels, is kept for `says`.
expect() {
  local wanted=$1 got=0
  shift
  last=("$@")
  "$@" >"$work/said" 2>&1 </dev/null || got=$?
  if [ "$got" -ne "$wanted" ]; then
    cat "$work/said"
    die "ended with $got, expected $wanted: $*"
  fi
}

# says TEXT...: the last command printed each of these.
says() {
  local text
  for text in "$@"; do
    if ! grep -qF -- "$text" "$work/said"; then
      cat "$work/said"
      die "this is missing in the output of ${last[*]}: $text"
    fi
  done
}

same() { cmp "$1" "$2" || die "$1 and $2 differ"; }
differ() { ! cmp -s "$1" "$2" || die "$1 and $2 are the same"; }
# field FILE KEYS: a number or text of a JSON file. What is missing is no empty text: that would be equal to another one.
field() {
  python3 -c 'import json, sys; print(eval("json.load(open(sys.argv[1]))" + sys.argv[2]))' "$1" "$2" || {
    echo "no $2 in $1"
    return 1
  }
}
holds() { python3 -c 'import sys; sys.exit(not eval(sys.argv[1]))' "$1" || die "this does not hold: $1"; }

tiny() { "$RVBC" "$here/tiny.rvb" -q -o "${1:-tiny}" "${@:2}"; }
