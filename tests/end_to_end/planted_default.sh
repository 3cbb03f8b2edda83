#!/bin/bash
# tests/operator_switches.sh finds a `default:` that stands for operators, and leaves others alone.
. "$(dirname "$0")/common.sh"

mkdir -p tree/compiler/passes tree/tests/interpreter
touch tree/tests/interpreter/elementwise.cpp
source=tree/compiler/passes/planted.cpp
printf 'int f(Kind k) {\n  switch (k) {\n  case Kind::add: return 1;\n  default: return 0;\n  }\n}\n' >$source
expect 0 "$root/tests/operator_switches.sh" "$work/tree"
for name in Opcode ir::Opcode ir::Elementwise ops::Form rvb::ops::Form; do
  printf 'int f(E e) {\n  switch (e) {\n  case %s::sum: return 1;\n  default: return 0;\n  }\n}\n' $name >$source
  expect 1 "$root/tests/operator_switches.sh" "$work/tree"
  says 'planted.cpp:4: a default stands for operators'
done
