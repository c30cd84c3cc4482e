#!/usr/bin/env bash
# Runs one fuzz target for some seconds: tests/fuzz/run.sh NAME SECONDS PROGRAMS OUT
#
# PROGRAMS holds fuzz_NAME; new inputs go to OUT/NAME/corpus, reproducers to OUT/NAME/findings, what libFuzzer says to
# OUT/NAME/log. The kept corpus is read and never written. Reproducers of earlier runs are read first, so that a finding
# stays one until it is fixed. Exit: 0 nothing found, otherwise a finding or trouble.
#
# Bounds: an input may take 10 s (sanitizers, a busy machine), 256 MB in one allocation and 2 GB in all.
set -euo pipefail
name=$1 seconds=$2 programs=$3 out=$4/$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
mkdir -p "$out/corpus" "$out/findings"

options=()
while IFS='= ' read -r key value; do
    case $key in
        max_len) options+=("-max_len=$value") ;;
        dict) options+=("-dict=$here/dict/$value") ;;
    esac
done <"$here/$name.options"

corpora=("$out/corpus")
[[ -d $here/corpus/$name ]] && corpora+=("$here/corpus/$name")
corpora+=("$out/findings")

export ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=0:detect_stack_use_after_return=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
status=0
timeout --kill-after=10 $((seconds + 180)) \
    "$programs/fuzz_$name" "${options[@]}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 \
    -print_final_stats=1 -reload=0 -artifact_prefix="$out/findings/" "${corpora[@]}" >"$out/log" 2>&1 || status=$?
exit "$status"
