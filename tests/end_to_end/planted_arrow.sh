#!/bin/bash
# tests/rooms.sh finds arrows that run the wrong way.
. "$(dirname "$0")/common.sh"

mkdir -p tree/compiler/{ir,kernels,driver,passes,sema} tree/runtime/recipe
echo '#include "ir/ir.h"' >tree/compiler/passes/good.cpp
echo '#include "recipe/tables.h"' >tree/compiler/sema/good.cpp
echo '#include "recipe/schedules.def"' >tree/runtime/recipe/tables.h
touch tree/runtime/program.h
expect 0 "$root/tests/rooms.sh" "$work/tree"
plant() {
  echo "$2" >"tree/$1"
  expect 1 "$root/tests/rooms.sh" "$work/tree"
  says "$1:1" '1 faults'
  rm "tree/$1"
}
plant compiler/ir/up.h '#include "passes/passes.h"'
plant compiler/passes/out.cpp '#include "driver/options.h"'
plant compiler/passes/halide.cpp '#include <Halide.h>'
plant compiler/kernels/llvm.cpp '#  include "llvm/IR/Module.h"'
plant compiler/kernels/runtime.cpp '#include "program.h"'
plant compiler/kernels/recipe.cpp '#include "recipe/tables.h"'
plant runtime/recipe/runtime.h '#include "failure.h"'
plant runtime/compiler.cpp '#include "ir/ir.h"'
plant compiler/ir/beside.h '#include "../passes/passes.h"'
plant runtime/beside.h '#include "../compiler/ir/ir.h"'
# What stands in no room, and what is too long.
other() { # FILE MESSAGE
  expect 1 "$root/tests/rooms.sh" "$work/tree"
  says "$1: $2" '1 faults'
  rm -r "tree/$1"
}
mkdir tree/compiler/attic
other compiler/attic 'not a room of the table'
touch tree/compiler/stray.cpp
other compiler/stray.cpp 'belongs into a room'
printf '//\n%.0s' {1..451} >tree/runtime/long.cpp
other runtime/long.cpp '451 lines'
expect 0 "$root/tests/rooms.sh" "$work/tree"
