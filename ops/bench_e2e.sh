# The end-to-end part of ops/bench: a hub under $work/hub (PostgreSQL with ops/postgresql.conf.example, backend simulator, gateway)
# and the load, all on this machine. Source it after ops/lib.sh and ops/bench_rows.sh. Everything is bounded: each run lasts
# $seconds_each and then waits for the backend.
#
# Nothing is lost when what was answered 201 equals the rows stored and the cases the backend took. RSS is the gateway's, the
# largest while a run lasts (VmHWM, reset before).
# shellcheck shell=bash disable=SC2154,SC2034,SC2153
hub=

e2e_start() {
    [[ -z $hub ]] || return 0
    hub=$work/hub
    # shellcheck source=hub.sh
    . "$root/ops/hub.sh"
    export IVAN_CLUSTER_SETTINGS=$root/ops/postgresql.conf.example
    hub_start
    "$root/ops/recycle-wal" "$(database)" >&2
    # The quota is not what is measured.
    "$bin/ivanctl" provider put THAISON --rate 100000 --burst 100000 --in-flight 8192 --database-url "$(database)" >/dev/null
    transport=tls
}

e2e_stop() {
    [[ -n $hub ]] || return 0
    hub_stop || true
    "$root/ops/cluster" destroy "$hub/db" >/dev/null 2>&1 || true
    hub=
}

# plain or tls: the gateway starts anew, its memory with it.
e2e_transport() {
    transport=$1
    process_stop gateway
    hub_config >"$hub/gateway.toml"
    if [[ $transport == plain ]]; then
        sed -i '/^\[server\]/,/^\[ops\]/ { /^\(certificate_file\|key_file\|client_ca_file\)/d }' "$hub/gateway.toml"
    fi
    gateway_start
    wait_ready || die "the gateway did not become ready; its log is $hub/log/gateway.log"
}

gateway_memory() {  # VmHWM or VmRSS, in KiB
    local pid rest
    read -r pid rest <"$hub/run/gateway.pid"
    awk -v name="$1:" '$1 == name {print $2}' "/proc/$pid/status"
}
forget_peak() {
    local pid rest
    read -r pid rest <"$hub/run/gateway.pid"
    { echo 5 >"/proc/$pid/clear_refs"; } 2>/dev/null || true
}

# e2e_run CONNECTIONS FORMS PEOPLE [OPTION...]: leaves $work/run.json, with what was stored, delivered and lost, and the RSS.
e2e_run() {
    local connections=$1 forms=$2 people=$3 distinct rounds before peak wal options
    shift 3
    distinct=$((people > 500 ? 40 : people > 50 ? 250 : 500))
    [[ $quick == yes ]] && distinct=$((distinct / 5))
    rounds=$(((seconds_each > 60 ? 5000 : 12000) * seconds_each / distinct + 1))
    ((rounds > 10000)) && rounds=10000
    options=(--url "$IVAN_URL" --ops-url "$IVAN_OPS_URL" --pki "$(pki)" --sink-url "$IVAN_BACKEND_URL")
    [[ $transport == plain ]] && options=(--url "${IVAN_URL/https/http}" --ops-url "$IVAN_OPS_URL" --pki "$(pki)" --bearer "$(bearer_of THAISON)" --sink-url "$IVAN_BACKEND_URL")
    before=$(sql "SELECT count(*) FROM ivan.dossiers")
    wal=$(sql "SELECT pg_current_wal_insert_lsn()")
    forget_peak
    "$bin/ivan-loadtest" run "${options[@]}" --mix D02-TS=1 --forms "$forms" --people "$people" --connections "$connections" --signers 50 --rsa \
        --count "$distinct" --rounds "$rounds" --duration "$seconds_each" --repeat-rate 0.001 --no-receipts --json "$@" \
        >"$work/run.out" 2>"$work/run.log" || true
    peak=$(gateway_memory VmHWM)
    wal=$(sql "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$wal')")
    tail -n 1 "$work/run.out" | jq --argjson stored "$(($(sql "SELECT count(*) FROM ivan.dossiers") - before))" --argjson peak "$((peak))" --argjson wal "$wal" \
        '. + {stored: $stored, peak_mib: ($peak / 1024), wal_each_kib: (if $stored > 0 then $wal / $stored / 1024 else 0 end), unanswered: (.unanswered - .unsent),
              missing: ([.accepted - $stored, 0] | max), undelivered: ([.accepted - .delivered, 0] | max)}' >"$work/run.json" ||
        { tail -n 5 "$work/run.log" >&2; die "the load did not report"; }
    # A run of no dossiers says nothing, and a wrong answer must not hide behind a rate.
    jq -e '.accepted > 0 and .mismatches == 0' "$work/run.json" >/dev/null || { jq -c . "$work/run.json" >&2; echo "e2e $connections/$forms/$people" >>"$failed"; }
}

run_value() { jq "$1" "$work/run.json"; }

# e2e_rows NAME GOAL_OF_THE_RATE GOAL_OF_P99 GOAL_OF_RSS
e2e_rows() {
    local words
    words=$(run_value '"\(.accepted) accepted, \(.refused) refused, \(.seconds * 10 | round / 10) s, \(.busy) told to wait, \(.unanswered) unanswered"')
    {
        row "$1" "$(run_value .docs_per_second)" "dossiers/s" null "$2" "$words"
        row "$1 p50" "$(run_value .latency_ms.p50)" ms null null
        row "$1 p99" "$(run_value .latency_ms.p99)" ms null "$3"
        row "$1 RSS" "$(run_value .peak_mib)" MiB null "$4"
        row "$1 WAL" "$(run_value .wal_each_kib)" "KiB each" null null
        row "$1 lost" "$(run_value '.missing + .undelivered + .unanswered')" dossiers null '"figure <= 0"'
    } >>"$rows"
}

# What the hub can take for as long as one likes: many providers' connections at saturation; then what an answer takes at 70 % of it.
sustained() {
    local rate
    e2e_start
    e2e_transport tls
    step "End to end, TLS, 1 + 2 signatures, 128 connections, ${seconds_each} s"
    e2e_run 128 2 10
    e2e_rows "e2e TLS 1+2 12KB x128" '"figure >= 2500"' null '"figure <= 64"'
    rate=$(run_value '.docs_per_second * 0.7 | floor')
    step "At 70 %: $rate a second over 32 connections"
    e2e_run 32 2 10 --rate "$rate"
    e2e_rows "e2e TLS 1+2 12KB x32 at 70%" null '"figure <= 50"' '"figure <= 64"'
}

e2e() {
    local connections people
    sustained
    step "32 connections"
    e2e_run 32 2 10
    e2e_rows "e2e TLS 1+2 12KB x32" null null '"figure <= 64"'
    step "Single forms over plain HTTP"
    e2e_transport plain
    e2e_run 32 1 10
    e2e_rows "e2e plain 1+1 12KB x32" '"figure >= 7000"' null null
    # The longer the runs, the fewer: what follows is a look at each, of 10 s.
    local seconds_each=$((seconds_each < 10 ? seconds_each : 10))
    for connections in 8 128 1024; do
        [[ $quick == yes && $connections != 128 ]] && continue
        step "$connections connections"
        e2e_run "$connections" 1 10
        e2e_rows "e2e plain 1+1 12KB x$connections" null null null
    done
    for people in 100 1000; do
        [[ $quick == yes ]] && continue
        step "$people employees a form"
        e2e_run 32 1 "$people"
        e2e_rows "e2e plain 1+1 $((people == 100 ? 85 : 819))KB x32" null null null
    done
    step "Five forms; then 8 % refusals"
    e2e_run 32 5 10
    e2e_rows "e2e plain 1+5 12KB x32" null null null
    e2e_run 32 1 10 --refuse-rate 0.08
    e2e_rows "e2e plain 1+1 12KB x32, 8% refused" null null null
}

# What 1,024 idle connections with TLS cost, and handshakes with a client certificate.
connections() {
    local before after shaken seconds=5
    [[ $quick == yes ]] && seconds=2
    e2e_start
    e2e_transport tls
    step "1,024 idle connections"
    local peer=(--url "$IVAN_URL" --ca "$IVAN_CA" --cert "$IVAN_PROVIDER_CERT" --key "$IVAN_PROVIDER_KEY")
    before=$(gateway_memory VmRSS)
    rm -f "$work/open"
    process_start idle "$bin/ivan-loadtest" idle "${peer[@]}" --count 1024 --hold 600 --ready-file "$work/open"
    wait_for 120 "1,024 connections" test -s "$work/open" || echo "idle connections" >>"$failed"
    sleep 2
    after=$(gateway_memory VmRSS)
    process_stop idle
    row "1024 idle TLS connections" "$(jq -n "($after - $before) / 1024 * 1.048576")" MB null '"figure <= 20"' >>"$rows"
    step "Handshakes with a client certificate"
    "$bin/ivan-loadtest" handshakes "${peer[@]}" --seconds "$seconds" >"$work/shaken.json" || echo handshakes >>"$failed"
    shaken=$(cat "$work/shaken.json")
    row "mTLS handshakes full" "$(jq .full_per_second <<<"$shaken")" "a second" null null >>"$rows"
    row "mTLS handshakes resumed" "$(jq .resumed_per_second <<<"$shaken")" "a second" "$(jq .full_per_second <<<"$shaken")" '"ratio >= 1.5"' \
        "$(jq '"floor: full ones; \(.not_resumed) were not resumed"' <<<"$shaken")" >>"$rows"
}

# What somebody does to the provider listener from one address without a dossier: processor time of the gateway beside that of
# whoever does it, and the gateway's memory. Loopback is counted like any other address here.
siege() {
    local kind seconds=10 pid rest
    [[ $quick == yes ]] && seconds=4
    e2e_start
    hub_more='[intake]
unlimited_addresses = ""
'
    e2e_transport tls
    read -r pid rest <"$hub/run/gateway.pid"
    for kind in churn hello slow-heads idle; do
        step "Siege: $kind, $seconds s"
        "$bin/ivan-loadtest" siege --url "$IVAN_URL" --kind "$kind" --pid "$pid" --seconds "$seconds" >"$work/siege.json" || { echo "siege $kind" >>"$failed"; continue; }
        row "siege $kind processor" "$(jq '.ours_s * 1000' "$work/siege.json")" ms "$(jq '.theirs_s * 1000' "$work/siege.json")" '"ratio <= 1"' \
            "$(jq '"floor: theirs, in \(.seconds | round) s; \(.begun) begun, \(.turned_away) turned away, \(.held_most) held at most"' "$work/siege.json")" >>"$rows"
        jq -e '.ours_s <= .theirs_s and .memory_bytes <= 20 * 1048576' "$work/siege.json" >/dev/null || echo "siege $kind: not met" >>"$failed"
        row "siege $kind memory" "$(jq '.memory_bytes / 1048576' "$work/siege.json")" MiB null '"figure <= 20"' >>"$rows"
        ready || echo "siege $kind: the gateway is not ready" >>"$failed"
    done
    hub_more=''
}
