#!/bin/bash
# tests/rooms.sh finds arrows that run the wrong way.
. "$(dirname "$0")/common.sh"

mkdir -p tree/compiler/{ir,kernels,analysis,host,build,driver,passes,sema,codegen} tree/runtime/{interface,recipe,base,files,commands}
echo '#include "ir/ir.h"' >tree/compiler/passes/good.cpp
echo '#include "recipe/tables.h"' >tree/compiler/sema/good.cpp
echo '#include "interface/program.h"' >tree/compiler/codegen/good.cpp
echo '#include "base/failure.h"' >tree/compiler/driver/good.cpp
echo '#include "recipe/schedules.def"' >tree/runtime/recipe/tables.h
echo '#include "files/npy.h"' >tree/runtime/commands/good.cpp
echo '#include "program.h"' >tree/runtime/interface/rvb.h
touch tree/runtime/{interface/program.h,base/failure.h,files/npy.h}
expect 0 "$root/tests/rooms.sh" "$work/tree"
plant() {
  echo "$2" >"tree/$1"
  expect 1 "$root/tests/rooms.sh" "$work/tree"
  says "$1:1" '1 faults'
  rm "tree/$1"
}
plant compiler/ir/up.h '#include "passes/passes.h"'
plant compiler/passes/out.cpp '#include "build/options.h"'
plant compiler/analysis/up.cpp '#include "passes/passes.h"'
plant compiler/build/up.cpp '#include "driver/summary.h"'
plant compiler/passes/halide.cpp '#include <Halide.h>'
plant compiler/kernels/llvm.cpp '#  include "llvm/IR/Module.h"'
plant compiler/kernels/runtime.cpp '#include "interface/program.h"'
plant compiler/codegen/runtime.cpp '#include "base/failure.h"'
plant compiler/kernels/recipe.cpp '#include "recipe/tables.h"'
plant runtime/recipe/runtime.h '#include "base/failure.h"'
plant runtime/base/up.cpp '#include "files/npy.h"'
plant runtime/files/top.cpp '#  include "commands/commands.h"'
plant runtime/files/compiler.cpp '#include "ir/ir.h"'
plant runtime/files/nameless.cpp '#include "failure.h"'
plant runtime/files/neighbour.cpp '#include "npy.h"'
plant compiler/driver/nameless.cpp '#include "failure.h"'
plant compiler/ir/beside.h '#include "../passes/passes.h"'
plant runtime/files/beside.h '#include "../compiler/ir/ir.h"'
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
mkdir tree/tools
other tools 'the top level is fixed'
mkdir tree/runtime/attic
other runtime/attic 'not a room of the table'
touch tree/runtime/stray.h
other runtime/stray.h 'belongs into a room'
mkdir tree/runtime/training
touch tree/runtime/training/{1..29}
other runtime/training "29 files"
printf '//\n%.0s' {1..401} >tree/runtime/base/long.cpp
other runtime/base/long.cpp '401 lines'
expect 0 "$root/tests/rooms.sh" "$work/tree"
# An arrow back up in the table itself.
sed 's/^  ir: support$/  ir: support driver/' "$root/tests/rooms.sh" >circle.sh
expect 1 bash circle.sh "$work/tree"
says 'ir reads driver, which stands below it'
