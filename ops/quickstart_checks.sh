# What quickstart sends, and what it expects. Source after ops/hub.sh, with a hub that is up.
# shellcheck shell=bash disable=SC2154

# printf counts bytes: in a UTF-8 locale bash counts characters.
export LC_ALL=C.UTF-8
failures=0
accepted=0

result() {  # kind, got (HTTP and code), expected
    local verdict=ok
    [[ $2 == "$3" ]] || { verdict="NOT AS EXPECTED: $3"; failures=$((failures + 1)); }
    printf '%-58s %-14s %s\n' "$1" "$2" "$verdict"
}

# http KIND EXPECTED curl-arguments...: EXPECTED is "201", or "415 GW-1004".
http() {
    local kind=$1 expected=$2 status code
    shift 2
    status=$(curl -s -m 60 -o "$hub/run/answer" -w '%{http_code}' --cacert "$IVAN_CA" "$@" || true)
    code=$(jq -r '.code // empty' "$hub/run/answer" 2>/dev/null || true)
    [[ $status == 201 ]] && accepted=$((accepted + 1))
    result "$kind" "$status${code:+ $code}" "$expected"
}

valid_dossiers() {
    local party sent
    step "Every form, for every provider"
    printf '%-44s %s  %-20s\n' "provider, form" HTTP "case code" >&2
    for party in "${parties[@]}"; do
        "$bin/ivanctl" submit --list "$hub/samples/${party,,}.tsv" --cert "$(pki)/tls/${party,,}.pem" --key "$(pki)/tls/${party,,}.key" \
            --ca "$IVAN_CA" --url "$IVAN_URL" --key-prefix "quickstart-$run_id-" | tee "$hub/run/rows" || failures=$((failures + 1))
        sent=$(awk '$0 ~ / 201 / {n++} END {print n + 0}' "$hub/run/rows")
        accepted=$((accepted + sent))
    done
}

bad_dossiers() {
    step "Every kind of bad dossier"
    "$bin/ivanctl" submit --list "$hub/samples/bad.tsv" --ca "$IVAN_CA" --url "$IVAN_URL" --cert "$IVAN_PROVIDER_CERT" --key "$IVAN_PROVIDER_KEY" \
        --key-prefix "quickstart-$run_id-" || failures=$((failures + 1))
}

bad_requests() {
    local good other=$hub/samples/TK1-TS.xml body=$hub/run/body
    good=$(anew "$hub/samples/D02-TS.xml")
    local me=(--cert "$IVAN_PROVIDER_CERT" --key "$IVAN_PROVIDER_KEY")
    local xml=(-H "Content-Type: application/xml") at=$IVAN_URL/v1/dossiers
    key() { printf 'Idempotency-Key: quickstart-%s-%s' "$run_id" "$1"; }

    step "Every kind of bad request"
    http "media type is not XML" "415 GW-1004" "${me[@]}" -H "$(key media)" -H "Content-Type: text/plain" --data-binary "@$good" "$at"
    http "Content-Encoding: br" "415 GW-1005" "${me[@]}" -H "$(key br)" "${xml[@]}" -H "Content-Encoding: br" --data-binary "@$good" "$at"
    http "gzip that is none" "400 GW-1006" "${me[@]}" -H "$(key gzip)" "${xml[@]}" -H "Content-Encoding: gzip" --data-binary "@$good" "$at"
    head -c 64M /dev/zero | gzip -1 >"$body"
    http "gzip bomb: $(($(stat -c %s "$body") / 1024)) KB become 64 MB" "413 GW-1007" "${me[@]}" -H "$(key bomb)" "${xml[@]}" -H "Content-Encoding: gzip" \
        --data-binary "@$body" "$at"
    head -c 17M /dev/zero >"$body"
    http "17 MB, announced" "413 GW-1007" "${me[@]}" -H "$(key large)" "${xml[@]}" -H "Expect: 100-continue" --data-binary "@$body" "$at"
    http "no Idempotency-Key" "400 GW-1012" "${me[@]}" "${xml[@]}" --data-binary "@$good" "$at"
    http "no body" "411 GW-1010" "${me[@]}" -H "$(key empty)" "${xml[@]}" -X POST "$at"
    http "an address that is none" "404 GW-1002" "${me[@]}" "$IVAN_URL/v1/nothing"
    http "DELETE of dossiers" "405 GW-1003" "${me[@]}" -X DELETE "$at"
    http "no certificate and no key" "401 GW-1101" -H "$(key nobody)" "${xml[@]}" --data-binary "@$good" "$at"
    http "a bearer key nobody has" "401 GW-1102" -H "Authorization: Bearer $(printf 'f%.0s' {1..64})" -H "$(key wrong)" "${xml[@]}" --data-binary "@$good" "$at"
    http "a certificate no party holds" "401 GW-1102" --cert "$(pki)/tls/stranger.pem" --key "$(pki)/tls/stranger.key" -H "$(key stranger)" "${xml[@]}" \
        --data-binary "@$good" "$at"
    http "a provider out of contract" "403 GW-1103" -H "Authorization: Bearer $(bearer_of ENDED)" -H "$(key ended)" "${xml[@]}" --data-binary "@$good" "$at"
    http "a backend event from a provider" "403 GW-1104" "${me[@]}" -H "Content-Type: application/json" --data '{}' "$IVAN_URL/v1/workflow/events"
    http "another provider's dossier (MaIVAN)" "422 GW-1105" --cert "$(pki)/tls/vnpt.pem" --key "$(pki)/tls/vnpt.key" -H "$(key alias)" "${xml[@]}" \
        --data-binary "@$good" "$at"
    http "a dossier by bearer key" "201" -H "Authorization: Bearer $(bearer_of THAISON)" -H "$(key replay)" "${xml[@]}" --data-binary "@$good" "$at"
    http "the same key, the same bytes" "200" "${me[@]}" -H "$(key replay)" "${xml[@]}" --data-binary "@$good" "$at"
    http "another key, the same bytes" "409 GW-4007" "${me[@]}" -H "$(key twice)" "${xml[@]}" --data-binary "@$good" "$at"
    http "the same key, other bytes" "409 GW-4004" "${me[@]}" -H "$(key replay)" "${xml[@]}" --data-binary "@$other" "$at"
    raw "garbage instead of HTTP" "400 GW-1001" $'\x01\x02 this is not HTTP\r\n\r\n'
    raw "two lengths" "400 GW-1001" $'POST /v1/dossiers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'
}

# raw KIND EXPECTED BYTES: exactly these bytes inside TLS.
raw() {
    local answer status code
    answer=$(printf '%s' "$3" | timeout 20 openssl s_client -quiet -connect "localhost:$(<"$hub/run/public.port")" -CAfile "$IVAN_CA" \
        -cert "$IVAN_PROVIDER_CERT" -key "$IVAN_PROVIDER_KEY" 2>/dev/null || true)
    status=$(sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p' <<<"$answer")
    code=$(grep -o '"code":"[^"]*"' <<<"$answer" | head -n 1 | cut -d'"' -f4 || true)
    result "$1" "$status${code:+ $code}" "$2"
}

stored()    { sql "SELECT count(*) FROM ivan.dossiers"; }
waiting()   { sql "SELECT count(*) FROM ivan.delivery_waiting"; }
delivered() { sql "SELECT count(*) FROM ivan.deliveries WHERE outcome = 'delivered'"; }

outages() {
    local me=(--cert "$IVAN_PROVIDER_CERT" --key "$IVAN_PROVIDER_KEY" -H "Content-Type: application/xml")
    local sample=$hub/samples/D02-TS.xml good at=$IVAN_URL/v1/dossiers n
    good=$(anew "$sample")
    key() { printf 'Idempotency-Key: quickstart-%s-%s' "$run_id" "$1"; }

    step "Outages"
    "$root/ops/cluster" stop "$hub/db"
    http "database down" "503 GW-4001" "${me[@]}" -H "$(key db)" --data-binary "@$good" "$at"
    "$root/ops/cluster" start "$hub/db"
    wait_ready || true
    http "database back, the same request, no restart" "201" "${me[@]}" -H "$(key db)" --data-binary "@$good" "$at"

    wait_for 30 "an empty queue" queue_empty || true
    result "what the backend found wrong with all it got" "$(backend_count mismatches)" 0
    process_stop backend
    for n in 1 2 3; do
        http "backend down, dossier $n is accepted" "201" "${me[@]}" -H "$(key "backend-$n")" --data-binary "@$(anew "$sample")" "$at"
    done
    wait_for 30 "the queue to show" queue_grew && n=yes || n=no
    result "the queue holds what waits" "$n" yes
    wait_for 60 "the alarm" alarm_raised && n=yes || n=no
    result "an alarm is raised" "$n" yes
    backend_start
    wait_for 60 "the queue to empty" queue_empty && n=yes || n=no
    result "backend back, the queue empties" "$n" yes
    result "what the backend found wrong with all it got" "$(backend_count mismatches)" 0
}
queue_empty()  { [[ $(waiting) == 0 ]]; }
queue_grew()   { [[ $(metric ivan_queue_depth) -ge 3 ]]; }
alarm_raised() { curl -s -m 5 "$IVAN_OPS_URL/metrics" | grep -q '^ivan_alarm{.*} 1$'; }

checks() {
    local stored_before delivered_before stored_now delivered_now
    run_id=$(date +%s)
    stored_before=$(stored)
    delivered_before=$(delivered)
    step "Making signed sample dossiers"
    hub_samples
    valid_dossiers
    bad_dossiers
    bad_requests
    outages
    hub_samples  # anew, so that whoever goes on by hand finds dossiers that nobody has sent
    rm -f "$hub"/run/anew.*
    stored_now=$(($(stored) - stored_before))
    delivered_now=$(($(delivered) - delivered_before))
    step "Result"
    printf 'accepted %d = stored %d = delivered %d: %s\n' "$accepted" "$stored_now" "$delivered_now" \
        "$([[ $accepted -eq $stored_now && $stored_now -eq $delivered_now ]] && echo yes || echo NO)"
    [[ $accepted -eq $stored_now && $stored_now -eq $delivered_now ]] || failures=$((failures + 1))
    [[ $failures -eq 0 ]] || { note "$failures not as expected"; return 1; }
}
