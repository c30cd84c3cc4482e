#!/usr/bin/env bash
# One acceptance test: run.sh PARAGRAPH it_NAME. `run.sh start` and `run.sh stop` are the fixture: one hub for all of them,
# in $IVAN_HUB_DIR, with the programs of $IVAN_BUILD_DIR.
# shellcheck source=../../ops/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib.sh"
hub=${IVAN_HUB_DIR:?}
# shellcheck source=../../ops/hub.sh
. "$root/ops/hub.sh"
# shellcheck source=check.sh
. "$root/tests/acceptance/check.sh"

case $1 in
    start)
        hub_stop
        # Anew each time: what an aborted run left behind (a bound met, a registry half changed) must not decide this one.
        "$root/ops/cluster" destroy "$hub/db" >/dev/null 2>&1 || true
        rm -rf "$hub"
        # Short waits, so that tests of them are short; everything else as it ships.
        # shellcheck disable=SC2034
        hub_more='[intake]
header_timeout = "2s"
body_grace = "1s"
body_timeout = "4s"
idle_timeout = "3s"
'
        hub_start
        hub_samples
        ;;
    stop) hub_stop ;;
    *)
        # shellcheck source=/dev/null
        . "$hub/quickstart.env"
        # shellcheck source=/dev/null
        . "$root/tests/acceptance/$1.sh"
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        "$2"
        ;;
esac
