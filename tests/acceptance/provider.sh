# shellcheck shell=bash disable=SC2154

it_lists_the_six_of_cv_1240_and_the_portal_publicly() {
    local code
    call_open "$IVAN_URL/v1/providers"
    same "open to everybody" "$status" 200
    for code in VNPT TS24 THAISON EFY BKAV VIETTEL PORTAL; do
        same "$code" "$(json ".providers[] | select(.code == \"$code\") | .code")" "$code"
    done
    same "the backend is no provider" "$(json '[.providers[] | select(.role == "backend")] | length')" 0
}

it_refuses_a_provider_out_of_contract_with_its_own_code() {
    call_open -H "Authorization: Bearer $(bearer_of ENDED)" "$IVAN_URL/v1/limits"
    same "contract ended" "$status $(json .code)" "403 GW-1103"
    call_open "$IVAN_URL/v1/providers"
    same "not on the public list" "$(json '[.providers[] | select(.code == "ENDED")] | length')" 0
}

it_knows_bearer_keys_and_stores_only_their_hash() {
    local key
    key=$(bearer_of THAISON)
    call_open -H "Authorization: Bearer $key" "$IVAN_URL/v1/limits"
    same "by key" "$(json .provider)" THAISON
    same "hash" "$(sql "SELECT provider FROM ivan.provider_keys WHERE sha256 = '$(printf '%s' "$key" | sha256sum | cut -d' ' -f1)'")" THAISON
    same "the key itself is nowhere" "$(sql "SELECT count(*) FROM ivan.provider_keys WHERE sha256 = '$key'")" 0
}

it_knows_every_alias_of_a_provider_and_no_other() {
    accepted_dossier D02-TS
    call_as "$(pki)/tls/vnpt.pem" "$(pki)/tls/vnpt.key" -H "Idempotency-Key: $(new_key)" -H "Content-Type: application/xml" \
        --data-binary "@$hub/samples/D02-TS.xml" "$IVAN_URL/v1/dossiers"
    same "another's MaIVAN" "$status $(json .code)" "422 GW-1105"
}

it_holds_a_provider_to_its_quota() {
    local codes="" key
    key=$(printf '5%.0s' {1..64})
    "$bin/ivanctl" provider put SLOW --name "Tổ chức thử hạn mức (dữ liệu thử)" --alias SLOW --contract-from 2020-01-01 --rate 0.01 --burst 3 \
        --source "made up" --bearer "$key" >/dev/null
    wait_for 10 "the reload" eval "call_open -H 'Authorization: Bearer $key' $IVAN_URL/v1/limits; [[ \$status == 200 ]]" || fail "a new party is not known after 10 s"
    for _ in 1 2 3 4; do
        call_open -H "Authorization: Bearer $key" "$IVAN_URL/v1/limits"
        codes="$codes $status"
    done
    matches "refused beyond the burst" "$codes" "429$"
    matches "says when to come again" "$(header Retry-After)" '^[0-9]+$'
}

it_seeds_agencies_and_says_what_is_made_up() {
    at_least "agencies" "$(sql 'SELECT count(*) FROM ivan.agencies')" 63
    at_least "made up ones say so" "$(sql 'SELECT count(*) FROM ivan.agencies WHERE made_up')" 1
    at_least "procedures" "$(sql 'SELECT count(*) FROM ivan.procedures')" 7
    accepted_dossier D02-TS
    same "units" "$(sql "SELECT tax_code FROM ivan.units WHERE agency = '$IVAN_AGENCY' AND unit_code = '$IVAN_UNIT_CODE'")" "$IVAN_UNIT_TAX_CODE"
}
