#!/bin/bash
# tests/links.py finds links and paths that lead nowhere.
. "$(dirname "$0")/common.sh"

mkdir -p tree/compiler/ir
touch tree/compiler/ir/ir.h
cat >tree/compiler/page.md <<'END'
# A page: of `code`
[here](#a-page-of-code), [there](../other.md#second), [folder](ir), [web](https://example.org/none), `ir/ir.h`, `compiler/ir/ir.h`,
`ir/NAME.cpp`, `train/CLASS/x.rvb`
```
[not a link](none.md), `ir/none.h`
```
END
printf '# First\n## Second\n' >tree/other.md
expect 0 python3 "$root/tests/links.py" "$work/tree"
says '2 pages'
plant() {
  cp tree/other.md kept.md
  echo "$1" >>tree/other.md
  expect 1 python3 "$root/tests/links.py" "$work/tree"
  says "other.md: $2"
  mv kept.md tree/other.md
}
plant '[x](compiler/none.md)' 'compiler/none.md leads nowhere'
plant '[x](#third)' '#third: there is no such heading'
plant '[x](compiler/page.md#second)' 'compiler/page.md#second: there is no such heading'
plant '<img src="none.svg">' 'none.svg leads nowhere'
plant '`ir/none.h`' 'there is no ir/none.h'
plant 'see `compiler/ir/none.cpp`, too' 'there is no compiler/ir/none.cpp'
