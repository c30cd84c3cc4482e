# Drills of ops/drill that harm the database. In all of them the gateway answers 503 with Retry-After meanwhile and goes on by
# itself. Source it after ops/drill_stage.sh.
# shellcheck shell=bash disable=SC2154,SC2034
db_rate() { scaled 200 60; }
# Dossiers for so many seconds at that rate, and some more: nobody runs out while a fault lasts.
db_file_start() {
    local rate
    rate=$(db_rate)
    file_start $((rate * ($1 + $(scaled 60 15)))) "$rate" "${@:2}"
    sleep 2
}
gateway_unharmed() {  # the gateway that was started is the one that still runs
    process_alive gateway || complain "the gateway ended"
}
admin() { PGOPTIONS='-c default_transaction_read_only=off' psql_as_us -X -q -t -A "$(database)" -c "$1" >/dev/null; }
its_sessions="application_name = 'ivan-gateway'"

# drill: failover - the synchronous standby is away for a while: nothing is promised meanwhile; it comes back; then the primary's
#   machine dies (SIGKILL of all its processes), and the standby is promoted
drill_failover() {
    must_be_busy=yes
    "$root/ops/cluster" start "$hub/db"
    "$root/ops/cluster" standby "$hub/standby" "$hub/db"
    database_url=$("$root/ops/cluster" url "$hub/db" "$hub/standby")
    stage_start
    db_file_start 60
    fault_begins
    timeout 60 "$root/ops/cluster" stop "$hub/standby"
    # In a full run longer than the gateway waits for one answer.
    sleep "$(scaled 25 4)"
    timeout 60 "$root/ops/cluster" start "$hub/standby" || complain "the standby did not start again"
    fault_ends standby-away
    recovered
    sleep "$(scaled 8 3)"
    fault_begins
    timeout 60 "$root/ops/cluster" crash "$hub/db"
    sleep 2
    timeout 120 "$root/ops/cluster" promote "$hub/standby" || complain "the standby could not be promoted"
    fault_ends failover
    recovered
    sleep 3
    gateway_unharmed
    file_end
}

# drill: disk-full - the database's disk is full: first the tables, then its log too, so that the server goes down; then there is room again
drill_disk_full() {
    must_be_busy=yes
    [[ $EUID -eq 0 ]] || { skipped="a small disk is a mounted tmpfs, which takes root"; return 0; }
    mkdir -p "$hub/db"
    mount -t tmpfs -o size=512m,mode=755 tmpfs "$hub/db" 2>/dev/null || { skipped="no tmpfs can be mounted here"; return 0; }
    printf 'min_wal_size = 64MB\nmax_wal_size = 96MB\nshared_buffers = 32MB\n' >"$hub/small.conf"
    IVAN_CLUSTER_SETTINGS=$hub/small.conf stage_start
    db_file_start 40
    local round down=no
    for round in tables log; do
        fault_begins
        # All that is left, page by page.
        dd if=/dev/zero of="$hub/db/ballast" bs=64k status=none 2>/dev/null || true
        sleep "$(scaled 6 3)"
        if [[ $round == log ]]; then use_up_log || down=yes; fi
        rm -f "$hub/db/ballast"
        # Where the log found no room, the server stopped itself; somebody starts it again.
        wait_for 60 "PostgreSQL" start_small || complain "PostgreSQL did not start again"
        fault_ends "disk-full-$round"
        recovered
        sleep 2
    done
    gateway_unharmed
    file_end
    extra=$(jq -n -c --arg down "$down" '{server_went_down: ($down == "yes"), note: (if $down == "yes" then "the server stopped itself for want of room in its log" else "the server stayed up" end)}')
}

start_small() { IVAN_CLUSTER_SETTINGS=$hub/small.conf timeout 60 "$root/ops/cluster" start "$hub/db" && admin "SELECT 1"; }
# Files of the log that were made in advance, until none is left. False: the server is down.
use_up_log() {
    local n
    for ((n = 0; n < 60; ++n)); do
        admin "SELECT pg_logical_emit_message(false, 'drill', '')" 2>/dev/null && admin "SELECT pg_switch_wal()" 2>/dev/null || return 1
    done
}

# drill: db-restart - PostgreSQL is stopped and started, politely and as by a power cut; and one session is killed with SIGKILL, after
#   which the server ends all others and recovers by itself
drill_db_restart() {
    must_be_busy=yes
    stage_start
    db_file_start 30
    local way
    for way in $(scaled "stop crash session stop crash session" "stop crash session"); do
        fault_begins
        if [[ $way == session ]]; then
            kill -KILL "$(sql "SELECT pid FROM pg_stat_activity WHERE $its_sessions LIMIT 1")"
            sleep 0.2
            wait_for 60 "PostgreSQL" admin "SELECT 1"
        else
            timeout 60 "$root/ops/cluster" "$way" "$hub/db"
            sleep "$(scaled 3 1)"
            timeout 60 "$root/ops/cluster" start "$hub/db"
        fi
        fault_ends "db-$way"
        recovered
        sleep 2
    done
    gateway_unharmed
    file_end
}

# drill: db-read-only - the database refuses to write for a while, as after a demotion
drill_db_read_only() {
    must_be_busy=yes
    stage_start
    db_file_start 30
    local round
    for round in 1 2; do
        fault_begins
        admin "ALTER SYSTEM SET default_transaction_read_only = on"
        admin "SELECT pg_reload_conf()"
        sleep "$(scaled 5 2)"
        admin "ALTER SYSTEM RESET default_transaction_read_only"
        admin "SELECT pg_reload_conf()"
        fault_ends read-only
        recovered
        sleep 1
    done
    gateway_unharmed
    file_end
}

# drill: db-slow-fsync - each flush waits 100 ms more (commit_delay stands in for a slow disk); then the whole server stands still for
#   seconds (SIGSTOP stands in for a disk that does not answer), once longer than the gateway waits for one answer
drill_db_slow_fsync() {
    must_be_busy=yes
    # In a quick run the gateway waits for a shorter time, so that the server need not stand still for so long.
    stage_start store.statement_timeout "$(scaled '"15s"' '"3s"')"
    db_file_start 60
    fault_begins
    admin "ALTER SYSTEM SET commit_siblings = 0"
    admin "ALTER SYSTEM SET commit_delay = 100000"
    admin "SELECT pg_reload_conf()"
    sleep "$(scaled 15 4)"
    admin "ALTER SYSTEM RESET commit_delay"
    admin "SELECT pg_reload_conf()"
    fault_ends commit-delay
    recovered
    local still server pids
    for still in 2 $(scaled "25 6" 10); do
        fault_begins
        # The first of them is the server itself, so that it starts nothing meanwhile.
        server=$(ps -o ppid= -p "$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")" | tr -d ' ')
        kill -STOP "$server"
        pids=$(ps -o pid= --ppid "$server")
        # shellcheck disable=SC2086 # several numbers
        kill -STOP $pids 2>/dev/null || true
        sleep "$still"
        # shellcheck disable=SC2086
        kill -CONT $pids "$server" 2>/dev/null || true
        fault_ends "still-$still"
        recovered
        sleep 1
    done
    gateway_unharmed
    file_end
}

# drill: db-killed-backends - the gateway's sessions are ended at random, ten a second
drill_db_killed_backends() {
    # Most are healed by a second try that the caller does not see; among few there may be none that it does.
    must_be_busy=$(scaled yes no)
    stage_start
    db_file_start 40
    local n
    for ((n = 0; n < $(scaled 200 30); ++n)); do
        fault_begins
        admin "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $its_sessions ORDER BY random() LIMIT 1"
        fault_ends killed-backend
        sleep 0.1
    done
    recovered
    gateway_unharmed
    file_end
}

# drill: db-no-connections - others take every connection of the server, the gateway's too
drill_db_no_connections() {
    must_be_busy=yes
    printf 'max_connections = 25\nsuperuser_reserved_connections = 1\n' >"$hub/few.conf"
    IVAN_CLUSTER_SETTINGS=$hub/few.conf stage_start
    db_file_start 30
    local admin_in admin_out n left
    coproc ADMIN { PGOPTIONS='-c client_min_messages=warning' /usr/lib/postgresql/15/bin/psql -X -q -t -A "$(database)" 2>&1; }
    admin_in=${ADMIN[1]} admin_out=${ADMIN[0]}
    fault_begins
    for ((n = 0; n < 200; ++n)); do
        # As many as there is room for: those that come too late end at once.
        others_take 12
        printf "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE %s;\n" "$its_sessions" >&"$admin_in"
        read -r -t 10 left <&"$admin_out" || left=unknown
        others_take 4
        sleep 0.1
        printf "SELECT count(*) FROM pg_stat_activity WHERE %s;\n" "$its_sessions" >&"$admin_in"
        read -r -t 10 left <&"$admin_out" || left=unknown
        [[ $left == 0 ]] && break
    done
    [[ $left == 0 ]] || complain "the gateway kept $left connections"
    sleep "$(scaled 6 3)"
    printf "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ivan-drill-others';\n\\q\n" >&"$admin_in"
    read -r -t 10 left <&"$admin_out" || true
    fault_ends no-connections
    recovered
    gateway_unharmed
    file_end
}
others_take() {
    local n
    for ((n = 0; n < $1; ++n)); do
        PGAPPNAME=ivan-drill-others setsid /usr/lib/postgresql/15/bin/psql -X -q "$(database)" -c "SELECT pg_sleep(60)" >/dev/null 2>&1 </dev/null 9>&- &
    done
}
