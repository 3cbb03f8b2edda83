#!/bin/bash
# Installs what is missing, builds everything and runs all tests.
#
#   tests/run.sh                 everything
#   tests/run.sh -LE golden      what ctest is given after it: here, all but the comparison with PyTorch
#
# RVB_BUILD names another build folder.
set -euo pipefail
. "$(dirname "$0")/../.ci/common.sh"

install_missing build test
say "building in $folder"
configure "$folder" -DRVB_TESTS=ON
build "$folder"
say "building what the fuzzers run on, under sanitizers"
RVB_BUILD=$folder "$root/tests/fuzz/run.sh" --build-only
say "testing"
cd "$folder"
exec ctest --output-on-failure --parallel "$(nproc)" "$@"
