#!/bin/bash
# Holds #include lines against the arrows between rooms (compiler/README.md): no circle, nothing runs back up, Halide in
# kernels only, LLVM in codegen only. `rooms.sh FOLDER` checks another tree.
set -euo pipefail
root=${1:-$(cd "$(dirname "$0")/.." && pwd)}

# What each room may read, itself aside.
declare -A reads=(
  [support]=""
  [ir]="support"
  [ops]="ir support"
  [syntax]="support"
  [sema]="syntax ir support"
  [irgen]="sema ir ops support"
  [passes]="ir ops support"
  [kernels]="ir support"
  [codegen]="ir kernels support"
  [driver]="support ir ops syntax sema irgen passes kernels codegen"
)
rooms=${!reads[*]}
faults=0

fault() {
  echo "$1"
  faults=$((faults + 1))
}

for folder in "$root"/compiler/*/; do
  room=$(basename "$folder")
  if [ -z "${reads[$room]+known}" ]; then
    fault "compiler/$room: not a room of the table"
    continue
  fi
  while IFS=: read -r file line text; do
    [[ $text =~ [\"\<]([^\"\>]*) ]] || continue
    included=${BASH_REMATCH[1]}
    place="${file#"$root"/}:$line"
    first=${included%%/*}
    case $included in
      ../* | */../*) fault "$place: \`..\` hides which room is read" ;;
      Halide.h | Halide*) [ "$room" = kernels ] || fault "$place: only kernels reads Halide" ;;
      llvm/* | llvm-c/*) [ "$room" = codegen ] || fault "$place: only codegen reads LLVM" ;;
      recipe/*) [[ " sema irgen driver " == *" $room "* ]] || fault "$place: $room may not read the recipe's tables" ;;
      */*)
        if [[ " $rooms " == *" $first "* && $first != "$room" && " ${reads[$room]} " != *" $first "* ]]; then
          fault "$place: $room may not read $first"
        fi
        ;;
      *)
        # The runtime's headers have no folder: the list of entry points for codegen, all of them for the driver.
        if [ -f "$root/runtime/$included" ] && [ ! -f "$folder$included" ] && [ "$room" != driver ]; then
          [[ $room = codegen && $included = program.h ]] || fault "$place: $room may not read runtime/$included"
        fi
        ;;
    esac
  done < <(grep -nHE '^[[:space:]]*#[[:space:]]*include' -r "$folder" --include='*.cpp' --include='*.h' --include='*.c' --include='*.y' --include='*.l')
done

while IFS=: read -r file line text; do
  [[ $text =~ [\"\<]([^/\"\>]*) ]] || continue
  first=${BASH_REMATCH[1]}
  if [[ " $rooms llvm .. " == *" $first "* || $first == Halide* ]]; then
    fault "${file#"$root"/}:$line: the runtime knows no compiler"
  fi
done < <(grep -nHE '^[[:space:]]*#[[:space:]]*include' -r "$root/runtime" --include='*.cpp' --include='*.h' --include='*.c')

# Messages that cannot be written change nothing, results that cannot are an error: messages.h and output.h see to it, where fmt
# and the C library would throw or stop.
while IFS= read -r place; do
  fault "${place#"$root"/}: messages go through messages.h"
done < <(grep -nE 'print\((stderr|stdout)|fprintf\(|std::cerr|std::cout' -r "$root/runtime" "$root/compiler" --include='*.cpp' --include='*.h' | cut -d: -f1,2)

# The recipe's tables are read by both, and read neither.
if [ -d "$root/runtime/recipe" ]; then
  while IFS=: read -r file line text; do
    [[ $text =~ \"([^\"]*)\" && ${BASH_REMATCH[1]} != recipe/* ]] || continue
    fault "${file#"$root"/}:$line: the recipe's tables read nothing else"
  done < <(grep -nHE '^[[:space:]]*#[[:space:]]*include' -r "$root/runtime/recipe")
fi

# Every file in its room, and no file that nobody can read in one sitting.
for file in "$root"/compiler/*; do
  case ${file##*/} in
    CMakeLists.txt | *.md) ;;
    *) [ -d "$file" ] || fault "compiler/${file##*/}: belongs into a room" ;;
  esac
done
while read -r count file; do
  [ "$count" -le 450 ] || fault "${file#"$root"/}: $count lines; about 400 is the most"
done < <(find "$root/compiler" "$root/runtime" \( -name '*.cpp' -o -name '*.h' -o -name '*.c' -o -name '*.y' -o -name '*.l' \) -exec wc -l {} \;)

if [ "$faults" -gt 0 ]; then
  echo "$faults faults"
  exit 1
fi
echo "every arrow is one of the table"
