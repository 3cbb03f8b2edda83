#!/bin/bash
# tests/rooms.sh finds arrows that run the wrong way.
. "$(dirname "$0")/common.sh"

mkdir -p tree/compiler/{ir,kernels,driver,passes} tree/runtime
echo '#include "ir/ir.h"' >tree/compiler/passes/good.cpp
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
plant runtime/compiler.cpp '#include "ir/ir.h"'
expect 0 "$root/tests/rooms.sh" "$work/tree"
