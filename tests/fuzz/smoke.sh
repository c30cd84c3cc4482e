#!/usr/bin/env bash
# A test: the kept corpus of one fuzz target once, then a few seconds of fuzzing. tests/fuzz/smoke.sh NAME OUT
#
# The targets are clang's and are not built with the rest: where they are not there the test is skipped (exit 77).
# `IVAN_FUZZ=1 ops/test` builds them first, and so does .ci/run.
set -euo pipefail
name=$1 out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
fuzz_dir=${IVAN_FUZZ_DIR:-$here/../../build/fuzz}
if [[ ! -x $fuzz_dir/bin/fuzz_$name ]]; then
    [[ -e $fuzz_dir/failed ]] && { echo "the fuzz targets do not build: see above"; exit 1; }
    echo "build/fuzz/bin/fuzz_$name is not built: IVAN_FUZZ=1 ops/test, or ops/fuzz"
    exit 77
fi
rm -rf "${out:?}/$name"
if "$here/run.sh" "$name" 3 "$fuzz_dir/bin" "$out"; then
    grep -E '^#[0-9]+ +(INITED|DONE)|stat::number_of_executed_units' "$out/$name/log" || true
else
    tail -n 80 "$out/$name/log"
    exit 1
fi
