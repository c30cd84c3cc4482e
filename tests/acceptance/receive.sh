# shellcheck shell=bash disable=SC2154

it_speaks_tls_1_2_and_1_3_and_nothing_older() {
    call --tls-max 1.2 "$IVAN_URL/v1/limits"
    same "TLS 1.2" "$status" 200
    call --tlsv1.3 "$IVAN_URL/v1/limits"
    same "TLS 1.3" "$status" 200
    ! timeout 5 openssl s_client -tls1_1 -cipher 'ALL:@SECLEVEL=0' -connect "localhost:$(<"$hub/run/public.port")" </dev/null >/dev/null 2>&1 ||
        fail "TLS 1.1 is accepted"
}

it_knows_the_client_by_its_certificate() {
    call "$IVAN_URL/v1/limits"
    same "party" "$(json .provider)" THAISON
    call_as "$(pki)/tls/vnpt.pem" "$(pki)/tls/vnpt.key" "$IVAN_URL/v1/limits"
    same "party" "$(json .provider)" VNPT
}

it_keeps_connections_alive() {
    local connects
    connects=$(curl -s -m 20 --cacert "$IVAN_CA" -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} ' "$IVAN_URL/v1/codes" "$IVAN_URL/v1/providers" \
        "$IVAN_URL/v1/nothing")
    same "connections made" "$connects" "1 0 0 "
}

it_answers_pipelined_requests_in_order() {
    local answers
    answers=$(raw 'GET /v1/providers HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/limits HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' |
        grep -ao 'HTTP/1.1 [0-9]*' | tr '\n' ' ')
    same "answers in order" "$answers" "HTTP/1.1 200 HTTP/1.1 404 HTTP/1.1 200 "
}

it_says_100_continue_only_after_admission() {
    local request='POST /v1/dossiers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\nIdempotency-Key: k\r\nContent-Length: 5\r\nExpect: 100-continue\r\n'
    matches "admitted" "$(raw "$request\r\n" 3)" '^HTTP/1.1 100'
    matches "not admitted" "$(printf '%b' "$request\r\n" | timeout 3 openssl s_client -quiet -ign_eof -connect "localhost:$(<"$hub/run/public.port")" \
        -CAfile "$IVAN_CA" 2>/dev/null || true)" '^HTTP/1.1 401'
    matches "too large" "$(raw "${request/Length: 5/Length: 99999999}\r\n" 3)" '^HTTP/1.1 413'
}

it_takes_gzip_and_zstd_bodies() {
    local hash packed
    for packed in gzip zstd; do
        sent=$(anew "$hub/samples/D02-TS.xml")
        hash=$(sha256sum <"$sent" | cut -d' ' -f1)
        "$packed" -c <"$sent" >"$work/$packed"
        post "$work/$packed" "" -H "Content-Encoding: $packed"
        same "$packed" "$status" 201
        same "$packed: the hash is of the dossier, not of the packed bytes" "$(json .content_sha256)" "$hash"
    done
}

it_bounds_what_a_body_may_unpack_to() {
    head -c 200M /dev/zero | gzip -1 >"$work/bomb"
    post "$work/bomb" "" -H "Content-Encoding: gzip"
    same "gzip bomb" "$status $(json .code)" "413 GW-1007"
    head -c 200M /dev/zero | zstd -q -1 >"$work/bomb"
    post "$work/bomb" "" -H "Content-Encoding: zstd"
    same "zstd bomb" "$status $(json .code)" "413 GW-1007"
}

# slow BYTES SECONDS: sends these and no more, and prints what comes until the hub ends the connection.
slow() {
    local answer=$work/answer
    mkfifo "$work/peer"
    exec 7<>"$work/peer"
    printf '%b' "$1" >&7
    timeout "$2" openssl s_client -quiet -ign_eof -connect "localhost:$(<"$hub/run/public.port")" -CAfile "$IVAN_CA" -cert "$IVAN_PROVIDER_CERT" \
        -key "$IVAN_PROVIDER_KEY" <&7 >"$answer" 2>/dev/null || [[ $? -ne 124 ]] || fail "the connection is still open after $2 s"
    cat "$answer"
}

it_gives_a_slow_header_a_deadline() {
    matches "slow header" "$(slow 'GET /v1/codes HTTP/1.1\r\nHost: lo' 10)" '^HTTP/1.1 408'
}

it_gives_a_slow_body_a_deadline() {
    matches "slow body" "$(slow 'POST /v1/dossiers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\nIdempotency-Key: slow\r\nContent-Length: 100000\r\n\r\n<' 12)" \
        '^HTTP/1.1 408'
}

it_closes_an_idle_connection() {
    same "nothing is said" "$(slow '' 10)" ""
}

it_names_its_limits() {
    call "$IVAN_URL/v1/limits"
    at_least "named limits" "$(json 'keys | length')" 10
    grep -q 'limits_fields' "$root/gateway/intake/limits.hpp" || fail "limits.hpp has no table"
}
