#!/bin/bash
# Makes the pictures of this folder again; needs `rvbc` in the PATH, Graphviz, and Fashion-MNIST (dataset-fashion-mnist).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${RVB_DATA:-/usr/share/datasets/fashion-mnist}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

rvbc graph "$here/small.rvb" -o "$here/graph.svg"
rvbc "$here/small.rvb" -q -o small
./small train --data "$data" --limit 3000 --validate 0.1 --run-dir run -q
./small trace --data "$data" --weights run/best.safetensors --layer spike1 --sample 3 -o "$here/trace.svg"
./small report --run-dir run -o report.html
# The page's first two charts, next to each other.
python3 - report.html "$here/report.svg" <<'END'
import re, sys
page = open(sys.argv[1]).read()
style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
figures = re.findall(r"<h3>([^<]*)</h3>\s*<svg[^>]*>(.*?)</svg>", page, re.S)[:2]
parts = "".join(f'<g transform="translate({530 * i} 30)"><text x="0" y="-10" font-size="17" font-weight="600">{title}</text>{svg}</g>'
                for i, (title, svg) in enumerate(figures))
open(sys.argv[2], "w").write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1060 335" width="1060" height="335" '
                             f'font-family="sans-serif"><style>{style}</style><rect width="1060" height="335" fill="#fff"/>{parts}</svg>\n')
END
