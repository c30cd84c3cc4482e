# shellcheck shell=bash disable=SC2154

it_hands_every_dossier_to_the_backend() {
    local code
    accepted_dossier D02-TS
    code=$(json .case_code)
    wait_for 20 "the delivery" delivered_code "$code" || fail "$code is not delivered"
    call "$IVAN_URL/v1/dossiers/$(json .dossier_id)"
    same "state" "$(json .delivery)" delivered
}

it_survives_kill_9_without_losing_or_doubling() {
    local key code
    key=$(new_key)
    accepted_dossier D03-TS "$key"
    cp "$work/body" "$work/first"
    code=$(json .case_code)
    process_signal gateway KILL
    wait_for 10 "the end of the gateway" eval '! process_alive gateway' || fail "the gateway does not die"
    gateway_start
    wait_ready || fail "the gateway is not ready again"
    post "$sent" "$key"
    same "repeat" "$status" 200
    cmp -s "$work/first" "$work/body" || fail "another receipt after kill -9"
    wait_for 100 "the delivery" delivered_code "$code" || fail "$code is not delivered after kill -9"
    same "rows" "$(sql "SELECT count(*) FROM ivan.dossiers WHERE idempotency_key = '$key'")" 1
}

it_answers_503_while_the_database_is_down_and_recovers_by_itself() {
    local key
    key=$(new_key)
    "$root/ops/cluster" stop "$hub/db"
    post "$hub/samples/D02-TS.xml" "$key"
    same "down" "$status $(json .code)" "503 GW-4001"
    matches "says when to come again" "$(header Retry-After)" '^[0-9]+$'
    call_ops /healthz
    same "alive" "$status" 200
    wait_for 20 "readiness to fail" eval '! ready' || fail "still says it is ready"
    "$root/ops/cluster" start "$hub/db"
    wait_ready || fail "not ready again"
    accepted_dossier D02-TS "$key"
}

it_goes_on_accepting_while_the_backend_is_down_and_raises_an_alarm() {
    local code
    process_stop backend
    accepted_dossier D02-TS
    code=$(json .case_code)
    wait_for 20 "the queue to show" eval '[[ $(metric ivan_queue_depth) -ge 1 ]]' || fail "the queue does not show"
    wait_for 60 "the alarm" eval "curl -s $IVAN_OPS_URL/metrics | grep -q '^ivan_alarm{.*} 1\$'" || fail "no alarm"
    backend_start
    wait_for 60 "the delivery" delivered_code "$code" || fail "$code is not delivered after the backend came back"
}

it_keeps_what_the_backend_refuses_as_a_dead_letter_for_a_person() {
    local code id
    process_stop backend
    backend_start --refuse-rate 1
    accepted_dossier D02-TS
    code=$(json .case_code)
    id=$(json .dossier_id)
    wait_for 30 "the dead letter" "$bin/ivanctl" deadletter show "$id" || fail "no dead letter"
    "$bin/ivanctl" deadletter list | grep -q "$code" || fail "the list does not show $code"
    same "why" "$("$bin/ivanctl" deadletter show "$id" --json | jq -r .http_status)" 422
    process_stop backend
    backend_start
    "$bin/ivanctl" deadletter replay "$id" >/dev/null || fail "replay"
    wait_for 30 "the delivery" delivered_code "$code" || fail "$code is not delivered after its replay"
    ! "$bin/ivanctl" deadletter show "$id" >/dev/null || fail "still a dead letter"
}

it_keeps_the_order_of_a_unit_and_the_bytes_of_every_dossier() {
    local n
    for n in 1 2 3 4 5; do accepted_dossier D02-TS "$(new_key)-$n"; done
    wait_for 30 "an empty queue" eval '[[ $(sql "SELECT count(*) FROM ivan.delivery_waiting") == 0 ]]' || fail "the queue does not empty"
    at_least "cases" "$(backend_count cases)" 5
    same "what the backend found wrong" "$(curl -s "$IVAN_BACKEND_URL/counts" | jq -r .mismatches)" 0
}

it_moves_statuses_only_as_the_law_does() {
    local code id
    accepted_dossier D02-TS
    code=$(json .case_code)
    id=$(new_key)
    same "first" "$(status_of "$code")" received
    event "$id-1" "$code" "done"
    same "received cannot be done" "$status $(json .code)" "409 GW-5001"
    event "$id-2" "$code" processing "2026-01-02T03:04:05Z"
    same "processing" "$status $(json .applied)" "200 true"
    event "$id-2" "$code" processing "2026-01-02T03:04:05Z"
    same "the same event again" "$status $(json .applied)" "200 false"
    event "$id-2" "$code" refused "2026-01-02T03:04:05Z"
    same "the same id, another event" "$status $(json .code)" "409 GW-5002"
    event "$id-3" "$code" "done"
    event "$id-4" "$code" returned
    same "returned" "$status" 200
    event "$id-5" "$code" processing
    same "a settled one never moves" "$status $(json .code)" "409 GW-5001"
}

it_tells_status_and_history_by_id_by_hash_and_by_key() {
    local key id hash
    key=$(new_key)
    accepted_dossier TK3-TS "$key"
    id=$(json .dossier_id)
    hash=$(json .content_sha256)
    event "$(new_key)" "$(json .case_code)" processing
    call "$IVAN_URL/v1/dossiers/$id"
    same "by id" "$(json .status.vi)" "đang xử lý"
    at_least "history" "$(json '.history | length')" 1
    call "$IVAN_URL/v1/dossiers?idempotency_key=$key"
    same "by key" "$(json .dossier.dossier_id)" "$id"
    call "$IVAN_URL/v1/dossiers?content_sha256=$hash"
    same "by hash" "$(json .outcome)" accepted
    call_as "$(pki)/tls/vnpt.pem" "$(pki)/tls/vnpt.key" "$IVAN_URL/v1/dossiers/$id"
    same "another provider sees nothing" "$status $(json .code)" "404 GW-4006"
}

it_shows_the_public_the_five_fields_of_article_12() {
    local code
    accepted_dossier D02-TS
    code=$(json .case_code)
    call_open -G --data-urlencode "code=$code" "$IVAN_URL/v1/lookup"
    same "open to everybody" "$status" 200
    same "five fields and the code" "$(json 'keys | sort | join(" ")')" "agency agency_name case_code department received_at result_at status"
    same "status" "$(json .status.vi)" "đã tiếp nhận"
    "$bin/ivanctl" lookup "$code" | grep -q "$code" || fail "ivanctl lookup"
    call_open -G --data-urlencode "code=99999999.G/2026/$IVAN_AGENCY" "$IVAN_URL/v1/lookup"
    same "unknown" "$status $(json .code)" "404 GW-4006"
}

it_gives_notices_with_a_cursor_and_waits_for_them() {
    local code cursor
    accepted_dossier D02-TS
    code=$(json .case_code)
    cursor=0
    while :; do
        call "$IVAN_URL/v1/notices?after=$cursor"
        [[ $(json '.notices | length') -gt 0 ]] || break
        cursor=$(json .cursor)
    done
    call "$IVAN_URL/v1/notices?after=$cursor&wait=15" &
    local waiting=$!
    sleep 0.5
    curl -s -m 20 --cacert "$IVAN_CA" -o /dev/null -H "Authorization: Bearer $(bearer_of TST)" -H "Content-Type: application/json" "$IVAN_URL/v1/workflow/events" \
        --data "{\"event_id\":\"$(new_key)\",\"case_code\":\"$code\",\"status\":\"processing\",\"at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}"
    wait "$waiting"
    same "the notice that was waited for" "$(json '.notices[0].case_code + " " + .notices[0].status.id')" "$code processing"
}
