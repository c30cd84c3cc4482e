# shellcheck shell=bash disable=SC2154

it_gives_every_command_help_and_json() {
    local command
    for command in keys sign verify submit lookup provider trust deadletter; do
        "$bin/ivanctl" "$command" --help >/dev/null || fail "ivanctl $command has no help"
    done
    "$bin/ivanctl" provider list --json | jq -e 'length >= 8' >/dev/null || fail "provider list --json"
    "$bin/ivanctl" deadletter list --json | jq -e 'type == "array"' >/dev/null || fail "deadletter list --json"
    "$bin/ivanctl" submit "$(anew "$hub/samples/D02-TS.xml")" --key-prefix "$(new_key)-" --json | jq -e .answer.case_code >/dev/null || fail "submit --json"
    local code=0
    "$bin/ivanctl" submit "$hub/samples/bad/altered.xml" >/dev/null || code=$?
    same "exit status of a refusal" "$code" 1
    code=0
    "$bin/ivanctl" submit nothing-here.xml >/dev/null 2>&1 || code=$?
    same "exit status of trouble" "$code" 2
}

it_explains_and_changes_what_is_trusted() {
    local pki trust=$work/trust code=0 file
    pki=$(pki)
    # A chain for outside eyes: anchors and intermediates from files, in any order, with and without evidence.
    "$bin/ivanctl" trust explain --json "$pki/units/unit.pem" --trust "$pki/ca/root.pem" --intermediates "$pki/trust/intermediates" >"$work/verdict" || fail "a good chain is refused"
    jq -e '.verdict == "valid" and .revocation == "not checked" and (.path | length) == 3' "$work/verdict" >/dev/null || fail "explain without evidence: $(cat "$work/verdict")"
    "$bin/ivanctl" trust explain --json "$pki/units/revoked.pem" --trust "$pki/ca/root.pem" --intermediates "$pki/trust/intermediates" --crl "$pki/trust/crls" >"$work/verdict" || code=$?
    same "exit status of a refusal" "$code" 1
    jq -e '.refusal == "certificate_revoked" and .revocation == "checked"' "$work/verdict" >/dev/null || fail "explain with evidence: $(cat "$work/verdict")"
    # A trust directory, from nothing; what the gateway could not load changes nothing.
    "$bin/ivanctl" trust add "$pki/ca/root.pem" --as anchor --trust "$trust" --name root --revocation soft --grace 48h >/dev/null || fail "trust add anchor"
    "$bin/ivanctl" trust add "$pki/ca/issuing-ca.pem" --as intermediate --trust "$trust" --name issuing >/dev/null || fail "trust add intermediate"
    "$bin/ivanctl" trust add "$pki/trust/crls/issuing-ca.pem" --as crl --trust "$trust" --name issuing >/dev/null || fail "trust add crl"
    for file in "$pki/ca/root.pem" "$pki/trust/crls/test-ca.pem"; do
        code=0
        "$bin/ivanctl" trust add "$file" --as crl --trust "$trust" >/dev/null 2>&1 || code=$?
        same "exit status of a change that is not made" "$code" 2
    done
    "$bin/ivanctl" trust list --trust "$trust" --json | jq -e '.anchors[0].policy.revocation == "soft" and (.crls | length) == 1' >/dev/null || fail "trust list"
    "$bin/ivanctl" trust remove crls/issuing.crl --trust "$trust" >/dev/null || fail "trust remove a CRL"
    "$bin/ivanctl" trust remove "$("$bin/ivanctl" trust list --trust "$trust" --json | jq -r '.intermediates[0].sha256')" --trust "$trust" >/dev/null || fail "trust remove by fingerprint"
    "$bin/ivanctl" trust list --trust "$trust" --json | jq -e '(.intermediates | length) == 0' >/dev/null || fail "the intermediate is still there"
}

it_counts_everything_it_does() {
    local name
    accepted_dossier D02-TS
    post "$hub/samples/bad/altered.xml"
    call_ops /metrics
    for name in ivan_dossiers_accepted_total ivan_refused_total ivan_stage_seconds_bucket ivan_queue_depth ivan_queue_oldest_seconds \
        ivan_commit_batch_rows_bucket ivan_pool_in_use; do
        grep -q "^$name" "$work/body" || fail "/metrics lacks $name"
    done
    grep -q '^ivan_dossiers_accepted_total{provider="THAISON"} [1-9]' "$work/body" || fail "not counted per provider"
    grep -q '^ivan_refused_total{.*code="GW-2009".*} [1-9]' "$work/body" || fail "not counted per code"
}

it_logs_json_with_trace_ids_and_no_personal_data() {
    local trace name
    trace=$(printf 'a%.0s' {1..31})b
    post "$(anew "$hub/samples/D02-TS.xml")" "" -H "traceparent: 00-$trace-aaaaaaaaaaaaaaab-01"
    same "accepted" "$status" 201
    wait_for 5 "the log line" grep -q "$trace" "$hub/log/gateway.json" || fail "the trace id is not in the log"
    # A gateway that was killed before leaves half a line.
    grep "$trace" "$hub/log/gateway.json" | jq -e 'select(.event == "dossier stored") | .case_code' >/dev/null || fail "the log is not JSON, one object a line"
    for name in $(grep -o '<NoiDungFile>[^<]*' "$hub/samples/D02-TS.xml" | cut -d'>' -f2 | base64 -d 2>/dev/null | grep -o '<MasoBHXH>[0-9]*' | cut -d'>' -f2) "Nguyễn Văn An"; do
        ! grep -q "$name" "$hub/log/gateway.json" || fail "personal data in the log: $name"
    done
}

it_is_ready_by_a_real_probe() {
    call_ops /readyz
    same "ready" "$status" 200
    call_ops /healthz
    same "healthy" "$status" 200
}

it_shows_a_console() {
    call_ops /console/
    same "page" "$status" 200
    grep -qi '<html' "$work/body" || fail "no page"
    call_ops /console/data.json
    at_least "accepted so far" "$(json .accepted)" 0
}

it_keeps_operations_off_the_public_port() {
    local path
    for path in /metrics /healthz /readyz /console/; do
        call_open "$IVAN_URL$path"
        same "$path on the provider listener" "$status" 404
    done
}

it_documents_itself() {
    local file
    for file in README.md ARCHITECTURE.md CONTRIBUTING.md DECISIONS.md CHANGELOG.md providers/openapi.yaml ops/faults.md ops/config.md ops/metrics.md \
        {schemas,signing,providers,gateway,loadtest,tests}/README.md; do
        [[ -s $root/$file ]] || fail "$file is missing"
    done
    "$bin/ivan-gateway" serve --config "$root/ops/gateway.conf.example" --print-config >/dev/null || fail "the example configuration is not readable"
}
