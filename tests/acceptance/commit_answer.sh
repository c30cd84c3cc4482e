# shellcheck shell=bash disable=SC2154

it_gives_case_codes_without_gaps() {
    local n jobs=() numbers
    for n in {1..8}; do
        curl -s -m 30 --cacert "$IVAN_CA" --cert "$IVAN_PROVIDER_CERT" --key "$IVAN_PROVIDER_KEY" -H "Idempotency-Key: $(new_key)-$n" -H "Content-Type: application/xml" \
            --data-binary "@$(anew "$hub/samples/D02-TS.xml")" -o "$work/$n" "$IVAN_URL/v1/dossiers" &
        jobs+=($!)
    done
    wait "${jobs[@]}"
    for n in {1..8}; do jq -e -r .case_code "$work/$n" >/dev/null || fail "dossier $n: $(cat "$work/$n")"; done
    numbers=$(sql "SELECT count(*) || ' ' || count(DISTINCT case_code) || ' ' || max(split_part(case_code, '.', 1)::bigint) FROM ivan.dossiers
                   WHERE agency = '$IVAN_AGENCY' AND case_code LIKE '%/$(TZ=Asia/Ho_Chi_Minh date +%Y)/%'")
    same "as many dossiers as codes as the highest number" "$(cut -d' ' -f1 <<<"$numbers") $(cut -d' ' -f1 <<<"$numbers")" "${numbers#* }"
}

it_stores_refusals_too() {
    local before
    before=$(sql "SELECT count(*) FROM ivan.refusals")
    post "$hub/samples/bad/altered.xml"
    same "refused" "$status" 422
    wait_for 5 "the refusal" eval "[[ \$(sql 'SELECT count(*) FROM ivan.refusals') -gt $before ]]" || fail "the refusal is not stored"
    call "$IVAN_URL/v1/dossiers?content_sha256=$(sha256sum <"$hub/samples/bad/altered.xml" | cut -d' ' -f1)"
    same "and can be asked for" "$(json .outcome) $(json .refusal.code)" "refused GW-2009"
}

it_answers_a_repeat_with_the_same_bytes() {
    local key
    key=$(new_key)
    accepted_dossier TK1-TS "$key"
    cp "$work/body" "$work/first"
    post "$sent" "$key"
    same "repeat" "$status" 200
    cmp -s "$work/first" "$work/body" || fail "the repeat's answer differs"
    post "$sent" "$key" -H "Accept: application/xml"
    cp "$work/body" "$work/xml"
    call "$IVAN_URL/v1/dossiers/$(jq -r .dossier_id "$work/first")/receipt"
    cmp -s "$work/xml" "$work/body" || fail "the receipt differs from the one answered"
}

it_refuses_the_same_key_with_other_bytes() {
    local key
    key=$(new_key)
    accepted_dossier TK1-TS "$key"
    post "$hub/samples/D02-TS.xml" "$key"
    same "other bytes" "$status $(json .code)" "409 GW-4004"
}

it_refuses_the_same_content_under_another_key_and_takes_a_declared_correction() {
    local id
    accepted_dossier D02-TS
    id=$(json .dossier_id)
    post "$sent"
    same "a duplicate, and of what" "$status $(json '.code + " " + .original.dossier_id')" "409 GW-4007 $id"
    post "$sent" "" -H "Correction-Of: $id"
    same "a correction ($(cat "$work/body"))" "$status" 201
}

it_answers_races_of_one_key_with_one_code() {
    local key n jobs=()
    key=$(new_key)
    sent=$(anew "$hub/samples/D05-TS.xml")
    for n in {1..6}; do
        curl -s -m 30 --cacert "$IVAN_CA" --cert "$IVAN_PROVIDER_CERT" --key "$IVAN_PROVIDER_KEY" -H "Idempotency-Key: $key" -H "Content-Type: application/xml" \
            --data-binary "@$sent" -o "$work/$n" "$IVAN_URL/v1/dossiers" &
        jobs+=($!)
    done
    wait "${jobs[@]}"
    for n in {2..6}; do cmp -s "$work/1" "$work/$n" || fail "two answers to one key: $(cat "$work/1" "$work/$n")"; done
    same "rows" "$(sql "SELECT count(*) FROM ivan.dossiers WHERE idempotency_key = '$key'")" 1
}

it_tells_everything_about_the_dossier() {
    accepted_dossier D02-TS
    same "hash" "$(json .content_sha256)" "$(sha256sum <"$sent" | cut -d' ' -f1)"
    matches "filing time" "$(json .received_at)" '^[0-9-]{10}T[0-9:.]+\+07:00$'
    same "agency, unit, procedure" "$(json '.agency + " " + .unit_code + " " + .procedure')" "$IVAN_AGENCY $IVAN_UNIT_CODE 600"
    matches "case code" "$(json .case_code)" "^[0-9]{5,}\.G/[0-9]{4}/$IVAN_AGENCY\$"
    same "forms" "$(json '.forms[0].code')" D02-TS
    matches "hash of the form" "$(json '.forms[0].sha256')" '^[0-9a-f]{64}$'
    same "Location" "$(header Location)" "/v1/dossiers/$(json .dossier_id)"
}

it_signs_receipts_that_other_software_can_check() {
    have xmlsec1 || skip "no xmlsec1 command"
    post "$(anew "$hub/samples/D02-TS.xml")" "" -H "Accept: application/xml"
    same "accepted" "$status" 201
    xmlsec1 --verify --enabled-key-data x509 --trusted-pem "$(pki)/receipt/ca.pem" "$work/body" >"$work/log" 2>&1 || fail "xmlsec1 says: $(cat "$work/log")"
    sed 's/<MaHoSo>./<MaHoSo>9/' "$work/body" >"$work/changed"
    ! xmlsec1 --verify --enabled-key-data x509 --trusted-pem "$(pki)/receipt/ca.pem" "$work/changed" >/dev/null 2>&1 || fail "a changed receipt verifies"
    matches "signers" "$(tr -d '\n' <"$work/body")" "MST:$IVAN_UNIT_TAX_CODE"
}

it_proves_that_a_dossier_stands_in_the_log_to_whoever_holds_its_receipt() {
    local id verify
    accepted_dossier D02-TS
    id=$(json .dossier_id)
    call "$IVAN_URL/v1/dossiers/$id/receipt"
    cp "$work/body" "$work/receipt"
    wait_for 10 "a head that covers it" eval "call '$IVAN_URL/v1/log/proof?dossier=$id'; [[ \$status == 200 ]]" || fail "no proof: $(cat "$work/body")"
    cp "$work/body" "$work/proof"
    verify=("$bin/ivanctl" receipt verify "$work/receipt" --dossier "$sent" --certificates "$(pki)/receipt/receipt.pem" --json)
    "${verify[@]}" --proof "$work/proof" >"$work/log" || fail "not proved: $(cat "$work/log")"
    same "its place" "$(jq .log.index "$work/log")" "$(jq .index "$work/proof")"
    jq '.index += 1' "$work/proof" >"$work/changed"
    ! "${verify[@]}" --proof "$work/changed" >"$work/log" || fail "another place is proved: $(cat "$work/log")"
    jq '.head.text |= sub("time 2"; "time 3")' "$work/proof" >"$work/changed"
    ! "${verify[@]}" --proof "$work/changed" >"$work/log" || fail "an altered head is believed: $(cat "$work/log")"
}
