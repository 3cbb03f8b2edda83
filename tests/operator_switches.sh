#!/bin/bash
# No `default:` stands for an operator: a switch over Opcode, Elementwise, Instruction or Form names them all, so that the
# compiler says where a new one is missing. `operator_switches.sh FOLDER` checks another tree.
set -euo pipefail
root=${1:-$(cd "$(dirname "$0")/.." && pwd)}

find "$root/compiler" "$root/tests/interpreter/elementwise.cpp" -name '*.cpp' -o -name '*.h' | sort | xargs awk '
  FNR == 1 { depth = 0; top = 0 }
  {
    line = $0
    sub(/\/\/.*/, "", line)
    gsub(/"([^"\\]|\\.)*"|\047[{}]\047/, "", line)
    if (line ~ /(^|[^a-zA-Z_])switch *\(/) { ++top; at[top] = depth; over[top] = 0; where[top] = "" }
    if (top && line ~ /case ([a-z]+::)*(Opcode|Elementwise|Instruction|Form)::/) over[top] = 1
    if (top && line ~ /(^|[^a-zA-Z_])default *:/) where[top] = FILENAME ":" FNR
    opened = gsub(/{/, "{", line); closed = gsub(/}/, "}", line)
    depth += opened - closed
    while (top && closed && depth <= at[top]) {
      if (over[top] && where[top] != "") { print where[top] ": a default stands for operators"; bad = 1 }
      --top
    }
  }
  END { exit bad }' || exit 1
