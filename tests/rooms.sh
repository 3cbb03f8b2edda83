#!/bin/bash
# Holds #include lines against the arrows between rooms (compiler/README.md): no circle, nothing runs back up, Halide in
# kernels only, LLVM in machine, layerkernels and codegen only. `rooms.sh FOLDER` checks another tree.
set -euo pipefail
root=${1:-$(cd "$(dirname "$0")/.." && pwd)}

# What each room may read, itself aside; from the ground up: a room reads what stands above it in the table, so there is no
# circle. Names are those of folders, and the first part of what is included.
compiler_rooms='
  editors:
  support:
  targets:
  ir: support
  ops: ir support
  layers: ir ops support
  syntax: support
  sema: layers syntax ops ir support
  irgen: sema layers ir ops support
  analysis: ir ops support
  passes: analysis ir ops support
  kernels: ir targets support
  machine: targets support
  layerkernels: ir kernels machine targets support
  codegen: ir analysis kernels layerkernels machine targets support
  host: machine support
  lsp: host sema layers syntax ir ops support
  build: host support targets ir ops layers syntax sema irgen analysis passes kernels machine layerkernels codegen
  export: build host sema layers analysis ops ir support
  import: build host sema layers support
  driver: lsp import export build host support targets ir ops layers syntax sema irgen analysis passes kernels machine layerkernels codegen
'
runtime_floors='
  interface:
  recipe:
  core: interface
  base:
  files: base
  images: base files
  events: base files
  network: interface recipe core base files
  augmentations: recipe base
  data: core base files images network augmentations
  layouts: core base files images events network data
  evaluation: core base files network data
  optimizers: recipe core base network
  training: recipe base files network data evaluation optimizers
  drawing: base network evaluation
  options: recipe base events network
  commands: recipe core base files images events network data layouts evaluation optimizers training drawing options
  start: core base network options commands
  packaging:
  python:
'
# What the compiler reads of the runtime.
declare -A of_runtime=(
  [sema]="recipe"
  [irgen]="recipe"
  [codegen]="interface"
  [targets]="core"
  [host]="$(tr -d ' ' <<<"$runtime_floors" | cut -d: -f1 | tr '\n' ' ')"
  [build]="$(tr -d ' ' <<<"$runtime_floors" | cut -d: -f1 | tr '\n' ' ')"
  [lsp]="base recipe"
  [export]="base files"
  [import]="base files network"
  [driver]="$(tr -d ' ' <<<"$runtime_floors" | cut -d: -f1 | tr '\n' ' ')"
)
faults=0

fault() {
  echo "$1"
  faults=$((faults + 1))
}

declare -A reads
known=" "
while IFS=: read -r room list; do
  room=${room// /}
  [ -n "$room" ] || continue
  for each in $list; do
    [[ $known == *" $each "* ]] || fault "the table: $room reads $each, which stands below it"
  done
  reads[$room]=" $list ${of_runtime[$room]-} "
  known+="$room "
done <<<"$compiler_rooms$runtime_floors"

includes_of() { # FOLDER
  grep -nHE '^[[:space:]]*#[[:space:]]*include' -r "$1" --include='*.cpp' --include='*.h' --include='*.c' --include='*.y' \
    --include='*.l' --include='*.def' || true
}

for folder in "$root"/compiler/*/ "$root"/runtime/*/; do
  [ -d "$folder" ] || continue
  room=$(basename "$folder")
  where=${folder#"$root"/}
  if [ -z "${reads[$room]+known}" ]; then
    fault "${where%/}: not a room of the table"
    continue
  fi
  while IFS=: read -r file line text; do
    [[ $text =~ ([\"\<])([^\"\>]*) ]] || continue
    quote=${BASH_REMATCH[1]}
    included=${BASH_REMATCH[2]}
    place="${file#"$root"/}:$line"
    first=${included%%/*}
    case $included in
      ../* | */../*) fault "$place: \`..\` hides which room is read" ;;
      Halide.h | Halide*) [ "$room" = kernels ] || fault "$place: only kernels reads Halide" ;;
      llvm/* | llvm-c/*) [[ " machine layerkernels codegen " == *" $room "* ]] || fault "$place: $room may not read LLVM" ;;
      */*)
        if [[ $known == *" $first "* && $first != "$room" && ${reads[$room]} != *" $first "* ]]; then
          fault "$place: $room may not read $first"
        fi
        ;;
      *)
        # Headers name their room, but for the two that are installed next to each other.
        if [ "$quote" = '"' ] && [ "$where" != runtime/interface/ ] && [[ $where = runtime/* || ! -f $folder$included ]] &&
          compgen -G "$root/runtime/*/$included" >/dev/null; then
          fault "$place: $included does not say which room it is of"
        fi
        ;;
    esac
  done < <(includes_of "$folder")
done

# Messages that cannot be written change nothing, results that cannot are an error: messages.h and output.h see to it, where fmt
# and the C library would throw or stop.
while IFS= read -r place; do
  fault "${place#"$root"/}: messages go through messages.h"
done < <(grep -nE 'print\((stderr|stdout)|fprintf\(|std::cerr|std::cout' -r "$root/runtime" "$root/compiler" --include='*.cpp' --include='*.h' | cut -d: -f1,2)

# The top level is fixed; build trees and runs are not kept.
for entry in "$root"/*; do
  case ${entry##*/} in
    compiler | runtime | stdlib | examples | tests | bench | CMakeLists.txt | README.md | CONTRIBUTING.md | CHANGELOG.md) ;;
    build* | runs) ;;
    *) fault "${entry##*/}: the top level is fixed" ;;
  esac
done
# Every file in its room, and no file that nobody can read in one sitting.
for file in "$root"/compiler/* "$root"/runtime/*; do
  case ${file##*/} in
    CMakeLists.txt | *.md) ;;
    *) [ ! -f "$file" ] || fault "${file#"$root"/}: belongs into a room" ;;
  esac
done
# Pages of diagnostics are texts, one a code.
while read -r folder; do
  count=$(find "$folder" -maxdepth 1 -type f | wc -l)
  [ "$count" -le 28 ] || fault "${folder#"$root"/}: $count files on one floor; about 25 is the most"
done < <(find "$root/compiler" "$root/runtime" -type d ! -path '*/explain')
while read -r count file; do
  [ "$count" -le 400 ] || fault "${file#"$root"/}: $count lines; 400 is the most"
done < <(find "$root/compiler" "$root/runtime" \( -name '*.cpp' -o -name '*.h' -o -name '*.c' -o -name '*.y' -o -name '*.l' \) -exec wc -l {} \;)

if [ "$faults" -gt 0 ]; then
  echo "$faults faults"
  exit 1
fi
echo "every arrow is one of the table"
