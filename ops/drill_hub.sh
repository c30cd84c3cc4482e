# Drills of ops/drill that harm gateways, answers and the backend. Source it after ops/drill_stage.sh.
# shellcheck shell=bash disable=SC2154,SC2034

# drill: kill - kill -9 of the gateway at random moments over 100,000 dossiers (--count N), started again at once
drill_kill() {
    local count=${kill_count:-$(scaled 100000 3000)}
    stage_start
    file_start "$count" "$(scaled 500 250)" --connections 24 --patience 3600
    while filing; do
        # Between a fifth of a second and four seconds of life: also in the middle of its start.
        sleep "$((RANDOM % 4)).$((2 + RANDOM % 8))"
        filing || break
        fault_begins
        process_kill gateway
        gateway_start
        fault_ends kill
        ((RANDOM % 5 == 0)) || recovered
    done
    wait_ready || complain "the gateway did not become ready again"
    file_end
}

# drill: lost-answers - one answer in ten is lost after the commit; providers ask by hash, or send the same again
drill_lost_answers() {
    stage_start
    # Plain HTTP, so that the relay can see which answer it loses.
    process_stop gateway
    sed -i '/^\[server\]/,/^\[ops\]/ { /^\(certificate_file\|key_file\|client_ca_file\)/d }' "$hub/gateway.toml"
    gateway_start
    wait_ready || die "the gateway did not become ready; its log is $hub/log/gateway.log"
    local port
    port=$(free_port)
    process_start relay "$bin/ivan-drill" relay --port "$port" --to "$(<"$hub/run/public.port")" --drop 0.1 --dropped-file "$hub/dropped"
    local relayed=(--url "http://127.0.0.1:$port" --bearer "$(bearer_of THAISON)")
    fault_begins
    file_start "$(scaled 20000 2000)" 0
    wait_for 900 "every dossier to have its receipt" sent_or_gone || complain "not every dossier got its receipt"
    fault_ends lost-answers
    file_end
    process_stop relay
    local dropped passed
    read -r dropped passed <"$hub/dropped"
    faults_done=$dropped
    # Every answer that was lost had been stored: whoever asks by hash is told so.
    jq -e '.asked == .asked_found and .asked > 0' "$hub/filer.json" >/dev/null ||
        complain "of $(jq .asked "$hub/filer.json") lost dossiers asked for by hash $(jq .asked_found "$hub/filer.json") were found"
    extra=$(jq -n -c --argjson d "$dropped" --argjson p "$passed" --argjson found "$(jq .asked_found "$hub/filer.json")" \
        '{note: "\($d) of \($d + $p) answers 201 were lost; \($found) were asked for by hash, and found"}')
}

# drill: backend-down - the backend is away for an hour, time-scaled; then the queue drains at 5 times the intake's rate or more
drill_backend_down() {
    local rate away
    rate=$(scaled 250 60) away=$(scaled 120 12)
    # Times scaled with the hour: what a real hub draws from up to minutes is drawn from up to seconds here.
    stage_start delivery.backoff_max '"2s"' delivery.probe_wait_max '"1s"' delivery.retry_after_max '"2s"'
    file_start $((rate * (away * 2 + 60))) "$rate"
    sleep 3
    fault_begins
    process_kill backend
    sleep "$away"
    local waiting began took handed
    waiting=$(sql "SELECT count(*) FROM ivan.delivery_waiting")
    handed=$(wc -l <"$hub/record")
    backend_start
    began=$(now_us)
    fault_ends backend-down
    # Until the backlog is gone, while the intake goes on.
    wait_for 300 "the queue to drain" drained_to "$((handed + waiting))" || complain "the queue did not drain"
    took=$(($(now_us) - began))
    extra=$(jq -n -c --argjson n "$(($(wc -l <"$hub/record") - handed))" --argjson us "$took" --argjson intake "$rate" --argjson waiting "$waiting" \
        '($n * 1e6 / $us) as $r | {waiting: $waiting, drain_per_s: ($r | round), intake_per_s: $intake, drain_ratio: ($r / $intake * 10 | round / 10),
         note: "\($waiting) waited; drained at \($r | round)/s, intake \($intake)/s"}')
    [[ $quick == yes ]] || jq -e '.drain_ratio >= 5' <<<"$extra" >/dev/null || complain "drained at only $(jq .drain_ratio <<<"$extra") times the intake's rate"
    file_end
}
drained_to() { (($(wc -l <"$hub/record") >= $1)); }

# drill: backend-moods - a backend that is slow, fails, cuts off, lies, refuses some and flaps, in turn; then it is well again, and what it
#   refused is put back
drill_backend_moods() {
    local rate moods=(slow failing cutting lying refusing flapping) mood seconds left dead
    rate=$(scaled 200 60) seconds=$(scaled 6 2)
    stage_start delivery.backoff_max '"2s"' delivery.probe_wait_max '"1s"' delivery.retry_after_max '"2s"'
    file_start $((rate * (${#moods[@]} * seconds * 3 + 60))) "$rate"
    sleep 1
    for ((left = $(scaled 3 1); left > 0; --left)); do
        for mood in "${moods[@]}"; do
            fault_begins
            backend_in "$mood" "$seconds"
            fault_ends "backend-$mood"
        done
    done
    backend_again
    # What was refused waits for a person. Nobody is filing any more, so that no other is refused meanwhile.
    touch "$hub/stop"
    wait_for "$drain_max" "every dossier to be delivered or set apart" settled_all || complain "dossiers were neither delivered nor set apart"
    dead=$(sql "SELECT count(*) FROM ivan.dead_letters")
    ((dead > 0)) || complain "the backend refused none: nothing was set apart"
    "$bin/ivanctl" deadletter replay --all --database-url "$(database)" >/dev/null || complain "ivanctl deadletter replay failed"
    file_end
    extra=$(jq -n -c --argjson dead "$dead" '{dead_letters: $dead, note: "\($dead) were refused and put back"}')
}
settled_all() { sent_or_gone && (($(sql "SELECT count(*) FROM ivan.delivery_waiting") == 0)); }
# backend_in MOOD SECONDS. Slow stays below an attempt's time: what is broken off and tried again is the drill's other moods.
backend_in() {
    local n lag=20
    [[ $1 == slow ]] && lag=700
    backend_options=(--record "$hub/record" --lag-ms "$lag")
    case $1 in
        slow) backend_again ;;
        failing) backend_again --fail-rate 0.5 ;;
        cutting) backend_again --cut-rate 0.3 ;;
        lying) backend_again --lie 0.3 ;;
        refusing) backend_again --refuse-rate 0.05 ;;
        flapping)
            for ((n = 0; n < $2; ++n)); do
                backend_again
                sleep 0.5
                process_kill backend
                sleep 0.5
            done
            return 0
            ;;
    esac
    sleep "$2"
}
backend_again() {
    process_kill backend
    backend_start "$@" || complain "the backend simulator did not start again"
}

# drill: two-gateways - two gateways over one database, kill -9 of one or the other at random moments; in a full run one of them also stands
#   still (SIGSTOP) until its hold of the queue is over, and goes on beside the one that took it
drill_two_gateways() {
    stage_start
    second_start
    file_start "$(scaled 30000 3000)" "$(scaled 0 250)"
    local victim name round=0
    while filing; do
        sleep "$((RANDOM % 3)).$((2 + RANDOM % 8))"
        filing || break
        victim=$((RANDOM % 2)) name=gateway2
        ((victim)) && name=gateway
        fault_begins
        if ((++round % 4 == 2)) && [[ $quick == no ]]; then
            process_signal "$name" STOP
            sleep 12  # delivery.lease of drills, and two seconds
            process_signal "$name" CONT
            fault_ends still
        else
            process_kill "$name"
            if ((victim)); then gateway_start; else second_run; fi
            fault_ends kill
        fi
        sleep 0.5
        # The other one serves meanwhile; it is not killed as well, so that a failure would have only one cause.
        if ((victim)); then wait_ready; else wait_for 60 "the second gateway" second_ready; fi || complain "a killed gateway did not become ready again"
    done
    file_end
}

# drill: rolling-restart - two gateways, stopped with SIGTERM and started again in turn; no request fails with a provider that
#   has both addresses, none is cut off without an answer, and each stop ends within its bound, with status 0
drill_rolling_restart() {
    process_kept=yes
    stage_start server.stop_timeout '"10s"'
    second_start
    local rate rounds round longest=0 took
    rate=$(scaled 300 100) rounds=$(scaled 6 2)
    file_start $((rate * rounds * 60)) "$rate"
    for ((round = 0; round < rounds; ++round)); do
        fault_begins
        began=$(now_us)
        polite_stop gateway
        took=$(($(now_us) - began))
        ((took > longest)) && longest=$took
        gateway_start
        wait_ready || complain "the first gateway did not become ready again"
        fault_ends restart
        sleep 1
        fault_begins
        began=$(now_us)
        polite_stop gateway2
        took=$(($(now_us) - began))
        ((took > longest)) && longest=$took
        second_run
        wait_for 60 "the second gateway" second_ready || complain "the second gateway did not become ready again"
        fault_ends restart
        sleep 1
    done
    file_end
    disown -a  # they are killed at the end
    local failed cut
    failed=$(jq .failed "$hub/filer.json") cut=$(jq .cut "$hub/filer.json")
    [[ $failed == 0 ]] || complain "$failed requests failed at both addresses"
    [[ $cut == 0 ]] || complain "$cut requests were cut off without an answer"
    ! grep -h 'overran its bound' "$hub"/log/gateway*.json >&2 || complain "a stop overran its bound"
    extra=$(jq -n -c --argjson us "$longest" --argjson failed "$failed" --argjson cut "$cut" \
        '{failed_requests: $failed, longest_stop_s: ($us / 1e6), note: "\($failed) requests failed, \($cut) were cut off; the longest stop took \($us / 1e5 | round / 10) s"}')
}
# The bound: server.stop_timeout, a delivery attempt under way with its wait for the queue, and the final cut. Meanwhile it says that it
# is not ready.
polite_stop() {
    local pid rest status=0 ops=$IVAN_OPS_URL
    [[ $1 == gateway ]] || ops=$IVAN_OPS2_URL
    read -r pid rest <"$hub/run/$1.pid"
    process_signal "$1" TERM
    wait_for 5 "$1 to say that it is stopping" says_stopping "$ops" || complain "$1 did not say that it is stopping"
    wait_for 35 "$1 to end" gone "$1" || { complain "$1 did not end within its bound"; process_kill "$1"; }
    wait "$pid" || status=$?
    ((status == 0)) || complain "$1 ended with status $status"
}
says_stopping() { [[ $(curl -s -m 2 -w ' %{http_code}' "$1/readyz") == *'"stopping":true'*503 ]]; }

# drill: queue-health - 800 deliveries a second: without a snapshot, with one held, and with one that has read the queue's tables too,
#   as a dump does, so that no slot can be emptied meanwhile; what it costs, the queue's dead rows and its size
drill_queue_health() {
    local rate calm held before during dumped dead dead_dumped size size_dumped counters slots
    rate=$(scaled 800 200) calm=$(scaled 90 10)
    held=${snapshot_minutes:+$((snapshot_minutes * 60))}
    held=${held:-$calm}
    stage_start
    # A slot ends while the snapshot is held, and another one under the dump.
    slots=$(slots_now)
    slot_ends_in $((rate * (5 + calm)))
    file_start $((rate * (calm + 2 * held + $(scaled 120 40)))) "$rate"
    sleep 5
    before=$(delivered_in "$calm")
    fault_begins
    snapshot_hold $((held + 60)) "SELECT count(*) FROM ivan.providers"
    during=$(delivered_in "$held")
    wait_for 50 "a slot to be emptied under a snapshot" slots_changed "$slots" || complain "no slot was emptied while a snapshot was held"
    dead=$(queue_dead_rows)
    size=$(queue_bytes)
    snapshot_release
    fault_ends snapshot
    queue_bounded "$dead" "$size" "a snapshot"

    fault_begins
    snapshot_hold $((held + 60)) "SELECT (SELECT count(*) FROM ivan.delivery_queue) + (SELECT count(*) FROM ivan.delivery_parked) + (SELECT count(*) FROM ivan.deliveries) + (SELECT count(*) FROM ivan.delivery_retries) + (SELECT count(*) FROM ivan.delivery_lease)"
    slots=$(slots_now)
    slot_ends_in $((rate * 2))
    dumped=$(delivered_in "$held")
    [[ $(slots_now) == "$slots" ]] || complain "a slot was emptied under a reader's hands"
    dead_dumped=$(queue_dead_rows)
    size_dumped=$(queue_bytes)
    snapshot_release
    fault_ends dump
    queue_bounded "$dead_dumped" "$size_dumped" "a dump"
    counters=$(sql "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE relname = 'case_counters'")
    wait_for 50 "a slot to be emptied after the dump" slots_changed "$slots" || complain "no slot was emptied once the dump was over"
    file_end
    extra=$(jq -n -c --argjson b "$before" --argjson c "$calm" --argjson d "$during" --argjson u "$dumped" --argjson s "$held" --argjson dead "$dead" --argjson dead2 "$dead_dumped" \
        --argjson size "$size" --argjson size2 "$size_dumped" --argjson rate "$rate" --argjson counters "$counters" \
        'def loss($n): 1000 * (1 - ($n / $s) / ($b / $c)) | round / 10;
         {offered_per_s: $rate, without_per_s: ($b / $c), with_per_s: ($d / $s), with_dump_per_s: ($u / $s), held_s: $s, loss_percent: loss($d), loss_dump_percent: loss($u),
          dead_rows: $dead, dead_rows_dump: $dead2, queue_bytes: $size, queue_bytes_dump: $size2, counter_dead_rows: $counters,
          note: "\($b / $c | round)/s without, \($d / $s | round)/s with a snapshot held for \($s) s (\(loss($d)) % less), \($u / $s | round)/s with a dump (\(loss($u)) % less); \($dead) and \($dead2) dead rows, queue of \($size / 1048576 | round) and \($size2 / 1048576 | round) MiB"}')
    [[ $quick == yes ]] || jq -e '.loss_percent < 2 and .loss_dump_percent < 2' <<<"$extra" >/dev/null ||
        complain "a held snapshot costs $(jq .loss_percent <<<"$extra") % of the deliveries, a dump $(jq .loss_dump_percent <<<"$extra") %"
}
# queue_bounded DEAD BYTES WHAT. Rows die only where the lease is renewed and where a hand-over failed for now, not with each delivery; and
# the tables hold at most what was filed, though nothing could be emptied.
queue_bounded() {
    local filed dead_max bytes_max
    filed=$(wc -l <"$hub/record")
    dead_max=$((100 + filed / 100)) bytes_max=$((2 * 1048576 + 400 * filed))
    (($1 <= dead_max)) || complain "$1 dead rows in the queue's tables under $3, more than $dead_max"
    (($2 <= bytes_max)) || complain "the queue's tables take $2 bytes under $3, more than $bytes_max"
}
# The next slot begins after so many dossiers.
slot_ends_in() { sql "SELECT setval('ivan.delivery_sequence', greatest(last_value, (((last_value >> 16) + 1) << 16) - $1)) FROM ivan.delivery_sequence" >/dev/null; }
# The files of the slots: an emptied one has another.
slots_now() { sql "SELECT string_agg(relfilenode::text, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'ivan'::regnamespace AND relname ~ '^delivery_queue_[0-9]$'"; }
slots_changed() { [[ $(slots_now) != "$1" ]]; }
delivered_in() {  # deliveries taken by the backend within so many seconds
    local from
    from=$(wc -l <"$hub/record")
    sleep "$1"
    printf '%s' $(($(wc -l <"$hub/record") - from))
}
# snapshot_hold SECONDS QUERY: a transaction that sees what was there when it began, and so keeps every dead row from being cleaned away;
# what its query reads it holds, so that nothing of that is emptied.
snapshot_hold() {
    process_start snapshot /usr/lib/postgresql/15/bin/psql -X -q "$(database)" -c "BEGIN ISOLATION LEVEL REPEATABLE READ" -c "$2" -c "SELECT pg_sleep($1)" -c COMMIT
    wait_for 60 "the snapshot" snapshot_held || complain "no snapshot is held"
}
snapshot_held() { [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%' AND pid <> pg_backend_pid()") == 1 ]]; }
snapshot_release() { process_kill snapshot; sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%' AND pid <> pg_backend_pid()" >/dev/null; }
queue_tables="relname LIKE 'delivery%'"
queue_dead_rows() { sql "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE schemaname = 'ivan' AND $queue_tables"; }
queue_bytes() { sql "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = 'ivan'::regnamespace AND relkind = 'r' AND $queue_tables"; }
