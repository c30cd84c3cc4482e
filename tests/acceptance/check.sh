# What the acceptance tests say and ask with. A test ends at the first thing that is not so.
# shellcheck shell=bash disable=SC2154,SC2034

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
skip() { printf 'SKIPPED: %s\n' "$*" >&2; exit 77; }
same() { [[ $2 == "$3" ]] || fail "$1: expected '$3', got '$2'"; }
matches() { [[ $2 =~ $3 ]] || fail "$1: '$2' does not match $3"; }
at_least() { [[ $2 -ge $3 ]] || fail "$1: expected at least $3, got $2"; }

# A call as the main provider: status in $status, body in $work/body, header in $work/header.
call() { call_as "$IVAN_PROVIDER_CERT" "$IVAN_PROVIDER_KEY" "$@"; }
call_as() {
    local cert=$1 key=$2
    shift 2
    status=$(curl -s -m 30 --cacert "$IVAN_CA" --cert "$cert" --key "$key" -o "$work/body" -D "$work/header" -w '%{http_code}' "$@") ||
        fail "no answer: curl $*"
}
# The same without a certificate: the public, or a bearer key among the arguments.
call_open() { status=$(curl -s -m 30 --cacert "$IVAN_CA" -o "$work/body" -D "$work/header" -w '%{http_code}' "$@") || fail "no answer: curl $*"; }
call_ops() { status=$(curl -s -m 30 -o "$work/body" -D "$work/header" -w '%{http_code}' "$IVAN_OPS_URL$1"); }
json() { jq -r "$1" "$work/body"; }
header() { awk -v name="${1,,}" 'BEGIN {FS = ": "} tolower($1) == name {sub(/\r$/, "", $2); print $2}' "$work/header"; }

new_key() { printf 'acceptance-%s-%s-%s' "$(date +%s%N)" "$$" "$RANDOM"; }
# post FILE [KEY] [curl-arguments...]: one dossier.
post() {
    local file=$1 key=${2:-$(new_key)}
    shift "$(($# < 2 ? $# : 2))"
    call -H "Idempotency-Key: $key" -H "Content-Type: application/xml" "$@" --data-binary "@$file" "$IVAN_URL/v1/dossiers"
}
# A dossier accepted just now, with bytes of its own: they are in the file $sent, the answer in $work/body.
accepted_dossier() {
    sent=$(anew "$hub/samples/${1:-D02-TS}.xml")
    post "$sent" "${2:-$(new_key)}"
    same "a sample is accepted ($(cat "$work/body"))" "$status" 201
}
# Bad samples whose expected code matches: sent and judged by ivanctl.
all_refused() {
    awk -F '\t' -v want="$1" '$3 ~ want' "$hub/samples/bad.tsv" | sed "s|^|$hub/samples/|" >"$work/bad.tsv"
    at_least "bad samples with codes $1" "$(wc -l <"$work/bad.tsv")" "$2"
    "$bin/ivanctl" submit --list "$work/bad.tsv" --key-prefix "$(new_key)-" || fail "not every bad dossier got its code"
}
# Exactly these bytes inside TLS; what comes back within some seconds.
raw() { printf '%b' "$1" | timeout "${2:-10}" openssl s_client -quiet -ign_eof -connect "localhost:$(<"$hub/run/public.port")" -CAfile "$IVAN_CA" \
    -cert "$IVAN_PROVIDER_CERT" -key "$IVAN_PROVIDER_KEY" 2>/dev/null || true; }
status_of() { sql "SELECT status FROM ivan.dossier_status WHERE case_code = '$1'"; }
delivered_code() { [[ -n $(sql "SELECT d.at FROM ivan.dossier_status s JOIN ivan.deliveries d USING (sequence) WHERE s.case_code = '$1' AND d.outcome = 'delivered'") ]]; }
event() { # event EVENT_ID CASE_CODE STATUS [AT]
    call_open -H "Authorization: Bearer $(bearer_of TST)" -H "Content-Type: application/json" "$IVAN_URL/v1/workflow/events" \
        --data "{\"event_id\":\"$1\",\"case_code\":\"$2\",\"status\":\"$3\",\"at\":\"${4:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}\",\"department\":\"Bộ phận thử\"}"
}
