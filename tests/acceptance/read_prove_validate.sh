# shellcheck shell=bash disable=SC2154

it_accepts_every_form_of_every_provider() {
    local party
    for party in "${parties[@]}"; do
        "$bin/ivanctl" submit --list "$hub/samples/${party,,}.tsv" --key-prefix "$(new_key)-" --cert "$(pki)/tls/${party,,}.pem" --key "$(pki)/tls/${party,,}.key" ||
            fail "not every form of $party was accepted"
    done
}

it_refuses_what_cannot_be_read_and_says_where() { all_refused '^GW-300' 12; }
it_refuses_bad_signatures_each_with_its_code() { all_refused '^GW-20' 15; }
it_refuses_broken_forms_and_rules() { all_refused '^GW-301' 6; }

it_bounds_size_depth_and_count_at_every_level() {
    { printf '<Hoso>'; printf '<a>%.0s' {1..500}; } >"$work/deep.xml"
    post "$work/deep.xml"
    matches "depth" "$status $(json .code)" '^422 GW-300[13]'
    { printf '<Hoso>'; head -c 3000000 /dev/zero | sed 's/\x0/<a\/>/g'; printf '</Hoso>'; } >"$work/many.xml"
    post "$work/many.xml"
    matches "nodes" "$status $(json .code)" '^422 GW-3003'
}

it_marks_dossiers_signed_by_test_certificates() {
    local file
    file=$(awk -F '\t' '/test certificate/ {print $1}' "$hub/samples/thaison.tsv")
    post "$(anew "$hub/samples/$file")"
    same "accepted" "$status" 201
    same "marked" "$(json .paper_required)" true
    accepted_dossier D02-TS
    same "others are not" "$(json .paper_required)" false
}

it_reports_all_findings_of_a_dossier_at_once() {
    post "$hub/samples/bad/rule_violations.xml"
    same "refused" "$status $(json .code)" "422 GW-3013"
    at_least "findings" "$(json '.errors | length')" 3
    same "each with form, path, code and both languages" \
        "$(json '[.errors[] | select(.form and .path and .code and .message_vi and .message_en)] | length')" "$(json '.errors | length')"
    matches "Vietnamese has diacritics" "$(json .message_vi)" 'ồ|ạ|ế|ơ|ư|đ'
}

it_chooses_schemas_by_form_version_and_date() {
    post "$hub/samples/bad/version_not_in_force.xml"
    same "a version whose last day has passed" "$status $(json .code)" "422 GW-3011"
}

# What ivanctl said, with its exit status: judged STATUS ARGUMENTS…
judged() {
    local want=$1 got=0
    shift
    "$bin/ivanctl" --json "$@" >"$work/body" || got=$?
    same "exit of ivanctl $* ($(cat "$work/body"))" "$got" "$want"
}

it_verifies_dossiers_and_any_xml_from_the_command_line() {
    local trust ca
    trust=$(pki)/trust
    judged 0 verify --trust "$trust" "$hub/samples/D02-TS.xml"
    same "valid" "$(json .verdict)" valid
    same "revocation by the directory's own lists" "$(json .revocation)" checked
    same "the whole document" "$(json '.references[-1].path')" /
    matches "the signing time, as text" "$(json '.signer.signing_time | type')" '^(string|null)$'
    judged 0 verify --profile xmldsig --trust "$trust" "$hub/samples/D02-TS.xml"
    judged 0 verify --profile xmldsig --pinned "$IVAN_UNIT_CERT" "$hub/samples/D02-TS.xml"
    same "a pinned key asks for no evidence" "$(json .revocation)" "not checked"
    ca=$(printf '%s\n' "$trust"/anchors/production/*.pem | head -1)
    judged 0 verify --trust "$ca" --intermediates "$trust/intermediates" "$hub/samples/D02-TS.xml"
    same "without evidence" "$(json .revocation)" "not checked"
    judged 0 verify --trust "$ca" --intermediates "$trust/intermediates" --crl "$trust/crls" "$hub/samples/D02-TS.xml"
    matches "with evidence" "$(json .evidence.source)" '^crl'
    judged 1 verify --trust "$trust" --expect-tax-code 0100109106 "$hub/samples/D02-TS.xml"
    same "our name and the gateway's code" "$(json '.refusal + " " + .code')" "owner_mismatch GW-2017"
    judged 1 verify --profile xmldsig --pinned "$(pki)/tls/ca.pem" "$hub/samples/D02-TS.xml"
    judged 2 verify --trust "$trust" "$work/not-there.xml"
    judged 2 verify --trust "$work/not-there" "$hub/samples/D02-TS.xml"
    judged 2 verify --trust "$hub/samples/D02-TS.xml" "$hub/samples/D02-TS.xml"
    judged 2 verify --profile unknown --trust "$trust" "$hub/samples/D02-TS.xml"
}

it_parses_anything_within_bounds_from_the_command_line() {
    judged 0 parse "$hub/samples/D02-TS.xml"
    same "the root" "$(json .root)" Hoso
    judged 1 parse /dev/null
    printf '<a>\n<b></a>' >"$work/broken.xml"
    judged 1 parse "$work/broken.xml"
    same "its line" "$(json .line)" 2
    same "its finding, as text" "$(json .finding)" E-1301
    head -c 1000000 /dev/urandom >"$work/noise"
    judged 1 parse "$work/noise"
    head -c 200000000 /dev/zero >"$work/large"
    judged 1 parse "$work/large"
    same "too large" "$(json .refusal)" xml_too_large
    printf '<a/>' | "$bin/ivanctl" --json parse - >"$work/body" || fail "standard input"
    judged 2 parse "$work/not-there.xml"
    judged 2 parse "$work"
}
