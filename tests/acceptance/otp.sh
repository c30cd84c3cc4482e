# One-time passwords of individuals (QĐ 352 art. 17). The development hub's messages lie in $hub/otp, one file each.
# shellcheck shell=bash disable=SC2154

otp_call() { call -H "Content-Type: application/json" --data "$2" "$IVAN_URL/v1/otp/$1"; }
# The code of the newest message to an address; waits for one that was not there before.
otp_code() {
    local to=$1 seen=$2
    wait_for 20 "a message to $to" eval "[[ \$(otp_messages '$to' | wc -l) -gt $seen ]]" || fail "no message to $to"
    otp_messages "$to" | sort -n | tail -n 1 | cut -f2
}
otp_messages() {
    local file
    for file in "$hub"/otp/*.json; do
        [[ -e $file ]] || continue
        jq -r --arg to "$1" --arg at "$(stat -c %.9Y "$file" | tr -dc 0-9)" 'select(.to == $to) | $at + "\t" + (.text | capture("(?<code>[0-9]{6,8})").code)' "$file"
    done
}
otp_seen() { otp_messages "$1" | wc -l; }

# A person of this test's own: the number, and a phone in its spellings.
otp_person() {
    person=0010$(printf '%08d' $((RANDOM * 3051 + RANDOM % 3051)))
    phone=09$(printf '%08d' $((RANDOM * 3051 + RANDOM % 3051)))
    sed "s|<MaSoThue>[0-9]*</MaSoThue>|<MaSoThue>$person</MaSoThue>|; s|<MaSoBHXH>0126000001</MaSoBHXH>|<MaSoBHXH>${person: -10}</MaSoBHXH>|" \
        "$hub/samples/person/TK1-TS.xml" >"$work/person.xml"
}

it_accepts_a_persons_dossier_with_a_code_and_its_receipt_says_so() {
    local person phone contact challenge code key hash
    otp_person
    otp_call contacts "{\"person\":\"$person\",\"channel\":\"sms\",\"address\":\"$phone\"}"
    same "registered ($(cat "$work/body"))" "$status" 201
    contact=$(json .contact_id)
    code=$(otp_code "+84${phone#0}" 0)
    otp_call "contacts/$contact/confirm" "{\"code\":\"$code\"}"
    same "confirmed ($(cat "$work/body"))" "$status" 200

    hash=$(sha256sum <"$work/person.xml" | cut -d' ' -f1)
    otp_call challenges "{\"person\":\"$person\",\"content_sha256\":\"$hash\"}"
    same "asked for ($(cat "$work/body"))" "$status" 201
    challenge=$(json .challenge_id)
    code=$(otp_code "+84${phone#0}" 1)
    key=$(new_key)
    post "$work/person.xml" "$key" -H "OTP-Challenge: $challenge" -H "OTP-Code: $code" -H "Accept: application/xml"
    same "accepted ($(cat "$work/body"))" "$status" 201
    cp "$work/body" "$work/first"
    matches "the receipt" "$(cat "$work/first")" "$challenge"
    same "the journal" "$(sql "SELECT authenticated FROM ivan.dossiers WHERE idempotency_key = '$key'")" otp/sms
    post "$work/person.xml" "$key" -H "OTP-Challenge: $challenge" -H "OTP-Code: $code" -H "Accept: application/xml"
    same "a repeat" "$status" 200
    cmp -s "$work/first" "$work/body" || fail "the repeat's receipt differs"
    post "$work/person.xml" "$(new_key)" -H "OTP-Challenge: $challenge" -H "OTP-Code: $code"
    same "another key" "$status $(json .code)" "422 GW-2033"
}

it_says_what_an_unsigned_dossier_lacks_and_never_takes_a_code_from_an_organisation() {
    local person phone
    otp_person
    post "$work/person.xml"
    same "a person without a code" "$status $(json .code)" "422 GW-2030"
    post "$hub/samples/TK1-TS.xml" "$(new_key)" -H "OTP-Challenge: $(printf '0%.0s' {1..32})" -H "OTP-Code: 123456"
    same "an organisation with a code" "$status $(json .code)" "422 GW-2020"
}

it_answers_alike_whether_a_person_is_registered_or_not() {
    local person phone hash
    otp_person
    hash=$(head -c 16 /dev/urandom | sha256sum | cut -d' ' -f1)
    otp_call challenges "{\"person\":\"$person\",\"content_sha256\":\"$hash\"}"
    same "nobody knows this person" "$status" 201
    matches "challenge" "$(json .challenge_id)" '^[0-9a-f]{32}$'
    otp_call challenges "{\"person\":\"$person\",\"content_sha256\":\"$hash\"}"
    same "too soon" "$status $(json .code)" "429 GW-2034"
    at_least "Retry-After" "$(header Retry-After)" 1
}
