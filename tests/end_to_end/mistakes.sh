#!/bin/bash
# Wrong text, wrong flags, missing files: what rvbc says and how it ends.
. "$(dirname "$0")/common.sh"

cat >wrong.rvb <<'END'
import neurons

network Wrong(image: [1, 28, 28] repeated 2) {
  x = image |> conv2d(32, kernel = 3, padding = 1) |> reverb
  y = image |> conv2d(16, kernel = 3, padding = 1) |> reverb
  z = x + y
  w = missing |> reverb
  return x |> flatten |> linear(10) |> mean_over_time
}
END
expect 1 "$RVBC" check wrong.rvb
says 'error[RVB0203]' 'error[RVB0101]' 'wrong.rvb:6:' 'wrong.rvb:7:' '^' '[32, 28, 28]' '[16, 28, 28]'
expect 1 "$RVBC" wrong.rvb -o wrong
[ ! -e wrong ] || die "a wrong model left a program behind"
expect 1 "$RVBC" check wrong.rvb --diagnostics=json
python3 - said <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
codes = [row["code"]["code"] for row in rows if row.get("code")]
assert "RVB0203" in codes and "RVB0101" in codes, codes
END

expect 0 "$RVBC" explain RVB0203
expect 0 "$RVBC" explain 203
expect 0 "$RVBC" check "$root/examples/fashion.rvb"
expect 1 "$RVBC" check "$root/examples/fashion.rvb" -D nothing=1
says RVB0108
expect 2 "$RVBC" "$root/examples/fashion.rvb" --targett=native
says --target
expect 2 "$RVBC" "$root/examples/fashion.rvb" --target=x86-64-v33 -o never
says 'error[RVB0401]: unknown target `x86-64-v33`' 'did you mean `x86-64-v3`'
for command in check fmt summary; do
  expect 5 "$RVBC" $command nowhere.rvb
  says 'error[RVB0501]: cannot read nowhere.rvb'
done
printf 'import resnet20\nimport vgg16\n' >two.rvb
expect 1 "$RVBC" check two.rvb --diagnostics=short
says 'RVB0312'
[ "$(grep -c error said)" = 1 ] || die "one mistake, several errors"
expect 2 "$RVBC" chekc "$root/examples/fashion.rvb"
says check
expect 2 "$RVBC" "$root/examples/fashion.rvb" -D nothing
expect 5 "$RVBC" check no/such.rvb
says no/such.rvb
expect 5 "$RVBC" "$here/tiny.rvb" -q -o no/such/folder/tiny
says no/such/folder
expect 0 "$RVBC" --help
says rvbc
expect 0 "$RVBC" --version
