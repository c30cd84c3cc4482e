# ops/bench audit: a database of many rows with a valid log, the time of `ivanctl audit verify` over all of it, and tamperings one
# after the other, each looked for and undone. Source it after ops/bench_rows.sh.
#
# Each tampering is looked for in the last tenth of the log (--from-index), where it is planted, so that a million rows take minutes;
# with --full in all of it. Before the first and behind the last, all of it is verified and must be clean.
# shellcheck shell=bash disable=SC2154
audit_rows=1000000 audit_full=no
audit_kept=()  # --head FILE, where a head is kept outside

audit_sql() { PGOPTIONS='-c client_min_messages=warning' /usr/lib/postgresql/15/bin/psql -X -q -t -A -v ON_ERROR_STOP=1 "$audit_url" -c "$1"; }

# audit_verify [ARGUMENT...]: leaves the answer in $work/audit.json; trouble ends the group.
audit_verify() {
    local status=0
    "$bin/ivanctl" audit verify --database-url "$audit_url" --certificate "$work/receipt.pem" --json "$@" >"$work/audit.json" 2>"$work/audit.log" || status=$?
    ((status <= 1)) || { cat "$work/audit.log" >&2; die "ivanctl audit verify: exit status $status"; }
}

# audit_tamper NAME EXPECTED SQL UNDO: EXPECTED is a condition of jq on one finding; whatever it names is printed.
audit_tamper() {
    local name=$1 expected=$2 sql=$3 undo=$4 from=() found
    [[ $audit_full == yes ]] || from=(--from-index "$audit_from")
    audit_sql "BEGIN; $sql; COMMIT"
    audit_verify "${from[@]}" "${audit_kept[@]}"
    audit_sql "BEGIN; $undo; COMMIT"
    found=$(jq -r "[.findings[] | select($expected)][0] | if . == null then \"\" else
        \"\\(.what)\" + (if .index then \", leaf \\(.index)\" else \"\" end)
        + (if .dossier_id != \"\" then \", dossier \\(.dossier_id)\" else \"\" end) + (if .case_code != \"\" then \" \\(.case_code)\" else \"\" end) + \": \\(.detail)\" end" "$work/audit.json")
    if [[ -n $found ]]; then note "$(printf '%-32s found: %s' "$name" "$found")"; else note "$(printf '%-32s NOT FOUND' "$name")"; fi
    row "audit: $name" "$([[ -n $found ]] && echo 1 || echo 0)" found null '"figure >= 1"' "$(jq -Rn --arg f "${found:-NOT FOUND}" '$f')" >>"$rows"
    [[ -n $found ]] || echo "audit: $name not found" >>"$failed"
}

audit_clean() {
    audit_verify
    jq -e '.clean' "$work/audit.json" >/dev/null && return 0
    jq -r '.findings[:5][] | "\(.what) \(.index) \(.detail)"' "$work/audit.json" >&2
    echo "audit: the log is not clean $1" >>"$failed"
}

audit() {
    local free
    free=$(df --output=avail -B1 "$work" | tail -1)
    ((free > audit_rows * 10000 + 2000000000)) || die "audit: too little room in $work for $audit_rows rows (10 KB each)"
    step "A database of $audit_rows rows with a valid log"
    "$root/ops/cluster" start "$work/db" >&2
    audit_url=$("$root/ops/cluster" url "$work/db")
    "$bin/ivan-fill" --database-url "$audit_url" --rows "$audit_rows" --certificate-out "$work/receipt.pem" >"$work/fill.json"
    audit_sql "VACUUM ANALYZE"
    row "audit: fill" "$(jq .rows_per_second "$work/fill.json")" rows/s null null "\"$(jq -r '"\(.rows) rows in \(.seconds) s, \(.body_bytes) bytes each, \(.refused) refused"' "$work/fill.json")\"" >>"$rows"

    step "ivanctl audit verify over all of it"
    audit_clean "before any tampering"
    row "audit: verify" "$(jq .seconds "$work/audit.json")" s null null \
        "\"$(jq -r '"\(.rows) rows, \(.rows_per_second | round) rows/s, \(.receipts_verified) receipts verified, \(.heads) heads, \(.findings | length) findings"' "$work/audit.json")\"" >>"$rows"
    note "$(jq -r '"\(.rows) rows in \(.seconds * 10 | round / 10) s, \(.rows_per_second | round) rows/s, \(.findings | length) findings"' "$work/audit.json")"

    step "Tamperings, each undone behind it"
    audit_from=$((audit_rows * 9 / 10))
    # Two dossiers, a refusal, and the commit that holds the first dossier's leaf.
    local p q r group place last end code of
    p=$(audit_sql "SELECT min(log_index) FROM ivan.dossiers WHERE log_index >= $((audit_rows * 19 / 20))")
    q=$(audit_sql "SELECT min(log_index) FROM ivan.dossiers WHERE log_index > $p + 7")
    r=$(audit_sql "SELECT min(log_index) FROM ivan.refusals WHERE log_index >= $((audit_rows * 19 / 20))")
    group=$(audit_sql "SELECT max(first_index) FROM ivan.log_groups WHERE first_index <= $p")
    last=$(audit_sql "SELECT max(first_index) FROM ivan.log_groups")
    place=$((32 * (p - group)))
    # The newest commit with a dossier: the end that is removed with all that speaks of it.
    end=$(audit_sql "SELECT max(first_index) FROM ivan.log_groups WHERE first_index <= (SELECT max(log_index) FROM ivan.dossiers)")
    code=$(audit_sql "SELECT case_code FROM ivan.dossiers WHERE log_index >= $end ORDER BY log_index LIMIT 1")
    audit_sql "SELECT json_build_object('text', text, 'signature', translate(encode(signature, 'base64'), E'\n', '')) FROM ivan.log_heads ORDER BY size DESC, head_id DESC LIMIT 1" >"$work/head.json"
    audit_sql "CREATE TABLE end_d AS SELECT * FROM ivan.dossiers WHERE log_index >= $end; CREATE TABLE end_r AS SELECT * FROM ivan.refusals WHERE log_index >= $end;
               CREATE TABLE end_i AS SELECT i.* FROM ivan.idempotency i JOIN end_d USING (dossier_id); CREATE TABLE end_s AS SELECT s.* FROM ivan.dossier_status s JOIN end_d USING (dossier_id);
               CREATE TABLE end_g AS SELECT * FROM ivan.log_groups WHERE first_index >= $end; CREATE TABLE end_n AS SELECT * FROM ivan.log_nodes WHERE ((index + 1) << level) > $end;
               CREATE TABLE end_h AS SELECT * FROM ivan.log_heads WHERE size > $end; CREATE TABLE end_t AS SELECT * FROM ivan.statements WHERE size > $end;
               CREATE TABLE end_c AS SELECT * FROM ivan.case_counters"
    audit_sql "CREATE TABLE kept AS SELECT * FROM ivan.dossiers WHERE log_index IN ($p, $q); CREATE TABLE kept_r AS SELECT * FROM ivan.refusals WHERE log_index = $r;
               CREATE TABLE kept_g AS SELECT * FROM ivan.log_groups WHERE first_index IN ($group, $last); CREATE TABLE kept_h AS SELECT * FROM ivan.log_heads"
    other_of() { printf '(SELECT %s FROM kept WHERE log_index = %s)' "$1" "$q"; }
    local keys="(agency, received_at, dossier_id) IN (SELECT agency, received_at, dossier_id FROM kept WHERE log_index" id
    id=$(audit_sql "SELECT dossier_id FROM kept WHERE log_index = $p")
    of="WHERE $keys = $p)"
    local whole="DELETE FROM ivan.dossiers WHERE $keys IN ($p, $q)); INSERT INTO ivan.dossiers SELECT * FROM kept"

    audit_tamper "body of another dossier" ".what == \"body\" and .index == $p" "UPDATE ivan.dossiers SET body = $(other_of body) $of" "$whole"
    audit_tamper "body and its hash" ".what == \"body\" and .index == $p" \
        "UPDATE ivan.dossiers SET body = $(other_of body), content_sha256 = $(other_of content_sha256) $of" "$whole"
    audit_tamper "receipt of another dossier" ".what == \"receipt\" and .index == $p" "UPDATE ivan.dossiers SET receipt_xml = $(other_of receipt_xml) $of" "$whole"
    audit_tamper "stored answer of another dossier" ".what == \"answer\" and .index == $p" "UPDATE ivan.dossiers SET receipt_json = $(other_of receipt_json) $of" "$whole"
    audit_tamper "case code" ".what == \"case_code\" and .index == $p" "UPDATE ivan.dossiers SET case_code = '99999999.G/2026/00108' $of" "$whole"
    audit_tamper "unit" ".what == \"row\" and .index == $p" "UPDATE ivan.dossiers SET unit_code = 'TA9999A' $of" "$whole"
    audit_tamper "two rows swapped" ".what == \"log_index\" and .index == $q" \
        "UPDATE ivan.dossiers SET log_index = CASE log_index WHEN $p THEN $q ELSE $p END WHERE $keys IN ($p, $q))" "$whole"
    audit_tamper "row deleted" ".what == \"missing\" and .dossier_id == \"$id\"" "DELETE FROM ivan.dossiers $of" "$whole"
    audit_tamper "row inserted without a leaf" '.what == "not_logged"' \
        "INSERT INTO ivan.dossiers SELECT (d).* FROM (SELECT jsonb_populate_record(k, jsonb_build_object('dossier_id', gen_random_uuid(), 'log_index', NULL)) AS d FROM kept k WHERE log_index = $p) n" \
        "DELETE FROM ivan.dossiers WHERE agency = (SELECT min(agency) FROM kept) AND received_at IN (SELECT received_at FROM kept) AND log_index IS NULL"
    audit_tamper "row inserted at another's place" ".what == \"inserted\" and .index == $q" \
        "INSERT INTO ivan.dossiers SELECT (d).* FROM (SELECT jsonb_populate_record(k, jsonb_build_object('dossier_id', '00000000-0000-7000-8000-000000000000', 'log_index', $q)) AS d FROM kept k WHERE log_index = $p) n" \
        "DELETE FROM ivan.dossiers WHERE agency = (SELECT min(agency) FROM kept) AND received_at IN (SELECT received_at FROM kept) AND dossier_id = '00000000-0000-7000-8000-000000000000'"
    audit_tamper "refused row" ".what == \"refusal\" and .index == $r" "UPDATE ivan.refusals SET fault_id = 'GW-9999' WHERE log_index = $r" \
        "UPDATE ivan.refusals SET fault_id = (SELECT fault_id FROM kept_r) WHERE log_index = $r"
    audit_tamper "leaf hash" ".what == \"leaf\" and .index == $p" \
        "UPDATE ivan.log_groups SET hashes = set_byte(hashes, $place, 255 - get_byte(hashes, $place)) WHERE first_index = $group" \
        "UPDATE ivan.log_groups g SET hashes = k.hashes FROM kept_g k WHERE k.first_index = g.first_index"
    audit_tamper "frontier of a commit" ".what == \"frontier\" and .index == $group" \
        "UPDATE ivan.log_groups SET frontier = overlay(frontier PLACING sha256('x') FROM 18) WHERE first_index = $group" \
        "UPDATE ivan.log_groups g SET frontier = k.frontier FROM kept_g k WHERE k.first_index = g.first_index"
    audit_tamper "end of the log cut off" ".what == \"beyond\" and .index == $last" "DELETE FROM ivan.log_groups WHERE first_index = $last" \
        "INSERT INTO ivan.log_groups SELECT * FROM kept_g WHERE first_index = $last"
    audit_tamper "newest head" '.what == "head"' \
        "UPDATE ivan.log_heads SET text = regexp_replace(text, 'root ........', 'root 00000000') WHERE head_id = (SELECT max(head_id) FROM ivan.log_heads)" \
        "UPDATE ivan.log_heads h SET text = k.text FROM kept_h k WHERE k.head_id = h.head_id"
    audit_tamper "claim for other content" ".what == \"claim\" and .index == $p" "UPDATE ivan.idempotency SET content_sha256 = sha256('x') WHERE dossier_id = '$id'" \
        "UPDATE ivan.idempotency SET content_sha256 = (SELECT content_sha256 FROM kept WHERE log_index = $p) WHERE dossier_id = '$id'"
    audit_tamper "status of another code" ".what == \"status\" and .index == $p" "UPDATE ivan.dossier_status SET case_code = '99999999.G/2026/00108' WHERE dossier_id = '$id'" \
        "UPDATE ivan.dossier_status SET case_code = (SELECT case_code FROM kept WHERE log_index = $p) WHERE dossier_id = '$id'"

    local cut="DELETE FROM ivan.dossiers d USING end_d e WHERE d.agency = e.agency AND d.received_at = e.received_at AND d.dossier_id = e.dossier_id;
               DELETE FROM ivan.refusals r USING end_r e WHERE r.refused_at = e.refused_at AND r.log_index = e.log_index;
               DELETE FROM ivan.idempotency i USING end_i e WHERE i.provider = e.provider AND i.idempotency_key = e.idempotency_key;
               DELETE FROM ivan.dossier_status s USING end_s e WHERE s.dossier_id = e.dossier_id; DELETE FROM ivan.log_groups WHERE first_index >= $end;
               DELETE FROM ivan.log_nodes WHERE ((index + 1) << level) > $end; DELETE FROM ivan.log_heads WHERE size > $end; DELETE FROM ivan.statements WHERE size > $end"
    local mend="INSERT INTO ivan.dossiers SELECT * FROM end_d; INSERT INTO ivan.refusals SELECT * FROM end_r; INSERT INTO ivan.idempotency SELECT * FROM end_i;
                INSERT INTO ivan.dossier_status SELECT * FROM end_s; INSERT INTO ivan.log_groups SELECT * FROM end_g; INSERT INTO ivan.log_nodes SELECT * FROM end_n;
                INSERT INTO ivan.log_heads OVERRIDING SYSTEM VALUE SELECT * FROM end_h; INSERT INTO ivan.statements SELECT * FROM end_t;
                UPDATE ivan.case_counters c SET last = e.last FROM end_c e WHERE e.counter = c.counter"
    audit_tamper "end with all that speaks of it" ".what == \"counter\" and .case_code == \"$code\"" "$cut" "$mend"
    audit_kept=(--head "$work/head.json")
    audit_tamper "the same, counters set back" '.what == "head" and (.detail | contains("leaves, the log has"))' \
        "$cut; UPDATE ivan.case_counters c SET last = last - (SELECT count(*) FROM end_d e WHERE e.agency = split_part(c.counter, '/', 1))" "$mend"

    step "All of it again: every tampering was undone"
    audit_clean "behind the tamperings"
    "$root/ops/cluster" stop "$work/db"
}
