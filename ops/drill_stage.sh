# What every drill of ops/drill stands on: a hub of its own, the provider with its ledger, faults with their times, and the
# judge. Source it after ops/lib.sh and ops/hub.sh, with `work` and `rows` set.
# shellcheck shell=bash disable=SC2154,SC2034,SC2153
drain_max=600  # seconds for the backend to get the last dossier
faults_done=0 skipped='' extra='{}' trouble=() process_kept=no must_be_busy=no
answer_max=31  # seconds: intake.request_timeout and a moment, which is all that a database that does not answer may cost a caller

now_us() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }
scaled() { if [[ $quick == yes ]]; then printf '%s' "$2"; else printf '%s' "$1"; fi; }  # scaled FULL QUICK
complain() { note "$*"; trouble+=("$*"); }

# -- the hub of one drill ----------------------------------------------------------------------------------------------

# Where gateways find the database; a fail-over puts a second host here.
database_url=
database() { if [[ -n $database_url ]]; then printf '%s' "$database_url"; else "$root/ops/cluster" url "$hub/db"; fi; }

stage_set() {
    hub=$work/$1
    database_url='' faults_done=0 skipped='' extra='{}' trouble=() process_kept=no must_be_busy=no
    # A backend that takes a moment, so that two hand-overs of one unit at once are seen.
    backend_options=(--record "$hub/record" --lag-ms 20)
    mkdir -p "$hub"
    : >"$hub/faults"
    : >"$hub/record"
    # One PKI for all drills: making it takes longer than some of them.
    if [[ -d $work/pki ]]; then cp -r "$work/pki" "$hub/pki"; else hub_pki && cp -r "$hub/pki" "$work/pki"; fi
}

# stage_start [KEY VALUE]...: database, backend, gateway. Keys are SECTION.NAME of the gateway's configuration, values as TOML
# writes them. What a killed gateway held is free again after its lease, so drills have short ones.
stage_start() {
    "$root/ops/cluster" start "$hub/db"
    hub_ports
    IVAN_OPS2_URL='' IVAN_URL2=''
    write_config "$@"
    hub_registry
    "$bin/ivanctl" provider put THAISON --rate 100000 --burst 100000 --in-flight 8192 --database-url "$(database)" >/dev/null
    backend_start
    gateway_start
    wait_ready || die "the gateway did not become ready; its log is $hub/log/gateway.log"
}

configure() {  # configure SECTION.NAME VALUE, in gateway.toml
    sed -i "/^\[${1%%.*}\]/a ${1#*.} = $2" "$hub/gateway.toml"
}
write_config() {
    hub_config | grep -v -e '^console_directory' -e '^drain_wait' >"$hub/gateway.toml"
    configure delivery.lease '"10s"'
    configure delivery.attempt_timeout '"3s"'
    configure server.drain_wait '"1s"'
    configure log.level '"warning"'
    while (($#)); do
        configure "$1" "$2"
        shift 2
    done
}

# A second gateway over the same database, with ports of its own.
second_start() {
    local name
    for name in public2 ops2; do [[ -s $hub/run/$name.port ]] || free_port >"$hub/run/$name.port"; done
    IVAN_URL2=https://localhost:$(<"$hub/run/public2.port")
    IVAN_OPS2_URL=http://127.0.0.1:$(<"$hub/run/ops2.port")
    sed -e "s/^port = $(<"$hub/run/public.port")\$/port = $(<"$hub/run/public2.port")/" -e "s/^port = $(<"$hub/run/ops.port")\$/port = $(<"$hub/run/ops2.port")/" \
        -e "s,gateway\.json,gateway2.json," "$hub/gateway.toml" >"$hub/gateway2.toml"
    second_run
    wait_for 60 "the second gateway" second_ready && return
    tail -n 5 "$hub/log/gateway2.log" >&2 || true
    die "the second gateway did not become ready; its log is $hub/log/gateway2.log"
}
second_run() { process_start gateway2 "$bin/ivan-gateway" serve --config "$hub/gateway2.toml"; }
second_ready() { [[ $(curl -s -m 2 -o /dev/null -w '%{http_code}' "$IVAN_OPS2_URL/readyz") == 200 ]]; }

process_kill() {
    process_signal "$1" KILL
    while process_alive "$1"; do sleep 0.02; done
}

# All that a drill started, whatever became of it.
stage_strike() {
    local name
    for name in filer relay snapshot gateway gateway2 backend; do process_kill "$name"; done
    for name in db standby; do [[ ! -d $hub/$name ]] || timeout 60 "$root/ops/cluster" crash "$hub/$name" >/dev/null 2>&1 || true; done
    for name in db standby; do [[ ! -d $hub/$name ]] || timeout 60 "$root/ops/cluster" destroy "$hub/$name" >/dev/null 2>&1 || true; done
    ! mountpoint -q "$hub/db" 2>/dev/null || umount "$hub/db"
}

# -- the provider ------------------------------------------------------------------------------------------------------

# file_start COUNT RATE [OPTION...]: begins to file in the background; returns when the first dossier is on its way.
file_start() {
    local count=$1 rate=$2 url=(--url "$IVAN_URL")
    shift 2
    [[ -z $IVAN_URL2 ]] || url+=(--url "$IVAN_URL2")
    ((${#relayed[@]})) && url=("${relayed[@]}")
    rm -f "$hub"/{stop,sent,repeat,made}
    process_start filer "$bin/ivan-drill" file "${url[@]}" --pki "$(pki)" --run "$(basename "$hub")" --ledger "$hub/ledger" --count "$count" \
        --rate "$rate" --agencies 00108,00100 --ready-file "$hub/made" --stop-file "$hub/stop" --sent-file "$hub/sent" --repeat-file "$hub/repeat" "$@"
    wait_for 900 "the dossiers to be made" made_or_gone
    [[ -s $hub/made ]] || { tail -n 5 "$hub/log/filer.log" >&2; die "the provider did not begin"; }
    wait_for 60 "the first receipt" test -s "$hub/ledger" || die "there is no first receipt"
}
relayed=()
made_or_gone() { [[ -s $hub/made ]] || ! process_alive filer; }
filing() { [[ ! -s $hub/sent ]] && process_alive filer && ! gateways_gone; }
# A gateway that ended by itself is a finding, and nothing to wait for.
gateways_gone() { ! process_alive gateway && ! process_alive gateway2; }
receipts() { wc -l <"$hub/ledger"; }

sent_or_gone() { [[ -s $hub/sent ]] || ! process_alive filer || gateways_gone; }
gone() { ! process_alive "$1"; }
repeated_or_gone() { ! process_alive filer || gateways_gone; }
delivered_all() { gateways_gone || (($(grep -c $'\ttaken\t' "$hub/record") >= $(sql "SELECT count(*) FROM ivan.dossiers"))); }

# file_end: no new dossiers; every one gets its receipt, the backend gets every one, every receipt is asked for again.
file_end() {
    touch "$hub/stop"
    wait_for 900 "every dossier to have its receipt" sent_or_gone || complain "not every dossier got its receipt"
    wait_for "$drain_max" "the backend to have every dossier" delivered_all || complain "not every dossier was delivered"
    touch "$hub/repeat"
    wait_for 900 "the repeats" repeated_or_gone || complain "the repeats did not end"
    ! gateways_gone || complain "the gateway ended by itself: $(tail -n 1 "$hub/log/gateway.log")"
    grep '^{' "$hub/log/filer.log" | tail -n 1 >"$hub/filer.json"
    [[ -s $hub/filer.json ]] || { complain "the provider did not report"; printf '{"sent":0,"good":false,"differences":0,"words":[]}' >"$hub/filer.json"; }
}

# -- faults ------------------------------------------------------------------------------------------------------------

# fault_begins, then fault_ends NAME at the moment when the cause is gone: from there the time to recover counts.
fault_begins() { fault_from=$(now_us); }
fault_ends() {
    printf '%s\t%s\t%s\n' "$1" "$fault_from" "$(now_us)" >>"$hub/faults"
    faults_done=$((faults_done + 1))
}

# recovered: a receipt came after now. Where none comes for two minutes the drill has found something.
recovered() {
    local before
    before=$(receipts)
    wait_for 120 "a receipt after the fault" more_receipts_than "$before" || complain "no receipt within two minutes of the end of a fault"
}
more_receipts_than() { (($(receipts) > $1)) || ! filing; }

# The hub's own log is checked at the end of each drill: every leaf, every row, every receipt's signature.
audit() {
    "$bin/ivanctl" audit verify --database-url "$(database)" --certificate "$(pki)/receipt/receipt.pem" >"$hub/audit.out" 2>&1 && return 0
    complain "ivanctl audit verify: $(tail -n 1 "$hub/audit.out")"
}

# -- the verdict -------------------------------------------------------------------------------------------------------

run_drill() {
    local started=$SECONDS
    stage_set "$1"
    "drill_${1//-/_}"
    [[ -n $skipped ]] || judge_drill "$1" $((SECONDS - started))
    [[ -z $skipped ]] || {
        note "skipped: $skipped"
        jq -n -c --arg name "$1" --arg why "$skipped" '{name: $name, faults: 0, sent: 0, accepted: 0, stored: 0, delivered: 0, lost: 0, doubled: 0,
            differences: 0, recover_s: null, passed: null, skipped: $why}' >>"$rows"
    }
    stage_strike
}

judge_drill() {
    audit
    "$bin/ivan-drill" judge --ledger "$hub/ledger" --record "$hub/record" --faults "$hub/faults" --database-url "$(database)" \
        --receipt-cert "$(pki)/receipt/receipt.pem" >"$hub/verdict.json" 2>"$hub/log/judge.log" || [[ -s $hub/verdict.json ]] ||
        { complain "the judge: $(tail -n 1 "$hub/log/judge.log")"; printf '{"good":false,"words":[]}' >"$hub/verdict.json"; }
    ((faults_done > 0)) || complain "no fault was injected"
    jq -e '.overlaps == 0' "$hub/verdict.json" >/dev/null || complain "$(jq .overlaps "$hub/verdict.json") hand-overs began while another of their unit was under way"
    # Callers are not kept waiting until the database is back: 503, with a time to come again (the provider counts those without).
    if [[ $must_be_busy == yes ]]; then
        jq -e '.unavailable > 0' "$hub/filer.json" >/dev/null || complain "nobody was answered 503 while the database was away"
        jq -e --argjson max "$answer_max" '.longest_answer_s <= $max' "$hub/filer.json" >/dev/null || complain "an answer took $(jq .longest_answer_s "$hub/filer.json") s"
    fi
    jq -n -c --arg name "$1" --argjson seconds "$2" --argjson faults "$faults_done" --argjson extra "$extra" --slurpfile provider "$hub/filer.json" \
        --slurpfile verdict "$hub/verdict.json" --args '
        $provider[0] as $p | $verdict[0] as $v |
        {name: $name, faults: $faults, sent: $p.sent, accepted: $v.accepted, stored: $v.stored, delivered: $v.delivered,
         lost: ($v.lost + ($p.unanswered // 0)), doubled: ($v.doubled + ($p.found_then_new // 0)), differences: ($v.differences + $p.differences),
         recover_s: (if $v.recover_s == null then null else ($v.recover_s * 1000 | round / 1000) end),
         passed: ($v.good and $p.good and $p.sent == $v.accepted and ($ARGS.positional | length) == 0),
         seconds: $seconds, repeats: $p.repeats, lost_answers: $p.lost_answers, cut: $p.cut, busy: $p.busy, unavailable: $p.unavailable, longest_answer_s: $p.longest_answer_s, refused: $p.refused, no_retry_after: $p.no_retry_after,
         asked_by_hash: $p.asked, found_by_hash: $p.asked_found, handed_over: $v.handed_over, unheard: $v.unheard, gaps: $v.gaps, disorder: $v.disorder, overlaps: $v.overlaps, set_apart: $v.set_apart,
         trouble: ($ARGS.positional + $v.words + $p.words)} + $extra' "${trouble[@]}" >>"$rows"
    tail -n 1 "$rows" | jq -r '"   \(if .passed then "passed" else "NOT PASSED" end): \(.accepted) accepted, \(.lost) lost, \(.doubled) doubled, \(.differences) differences; \(.trouble | join("; "))"' >&2
}

show_drills() {
    local format='%-20s %7s %8s %9s %8s %10s %6s %8s %12s %10s  %s\n'
    # shellcheck disable=SC2059 # one format for all lines
    printf "$format" drill faults sent accepted stored delivered lost doubled differences recover_s passed
    jq -r '.drills[] | [.name, .faults, .sent, .accepted, .stored, .delivered, .lost, .doubled, .differences, (.recover_s // "-"),
        (if .skipped then "skipped: \(.skipped)" elif .passed then "yes" else "NO" end)] | @tsv' "$1" |
        while IFS=$'\t' read -r -a cell; do
            # shellcheck disable=SC2059
            printf "$format" "${cell[@]}"
        done
    jq -r '.drills[] | select(.note) | "\(.name): \(.note)"' "$1"
    jq -r '.drills[] | select(.passed == false) | "\(.name): \(.trouble | join("\n    "))"' "$1"
}

list_drills() {
    grep -h -A1 '^# drill: ' "$root/ops/drill_hub.sh" "$root/ops/drill_db.sh" | sed -n 's/^# drill: //p; s/^#   */    /p'
}
