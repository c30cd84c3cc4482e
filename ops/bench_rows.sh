# How ops/bench makes rows: one JSON object a line, {name, figure, unit, floor, ratio, goal, met, note}. Source it after
# ops/lib.sh. A goal is text, "ratio <= 2" or "figure >= 7000"; met is null where there is none.
# shellcheck shell=bash disable=SC2016,SC2154

# The medians of Google Benchmark by their names, in µs of CPU (wall time for journal), and the function that makes a row.
bench_prelude='
  def row($name; $figure; $unit; $floor; $goal; $note):
    (if $floor == null or $floor == 0 or $figure == null then null else $figure / $floor end) as $ratio
    | {name: $name, figure: $figure, unit: $unit, floor: $floor, ratio: $ratio, goal: $goal,
       met: (if $goal == null then null else
               ($goal | capture("^(?<what>ratio|figure) (?<sense><=|>=) (?<bound>[0-9.]+)$")) as $g
               | (if $g.what == "ratio" then $ratio else $figure end) as $value
               | if $value == null then false
                 elif $g.sense == "<=" then $value <= ($g.bound | tonumber) else $value >= ($g.bound | tonumber) end end)}
      + (if $note == null then {} else {note: $note} end);
  def medians: [.benchmarks[] | select(.aggregate_name == "median" and .error_occurred != true)];
  def figures($time): [medians[] | {key: .run_name, value: .[$time]}] | from_entries;
  def arg($word): capture($word + ":(?<n>[0-9]+)").n;
  # As people read: by name, then by number.
  def sorted: to_entries | sort_by([(.key | split("/")[0]), (.key | [match("[0-9]+(?=/|$)"; "g").string | tonumber])])[];'

with_rows() { jq -c "$bench_prelude $2" "$1"; }

# row NAME FIGURE UNIT FLOOR GOAL [NOTE], each as JSON ("null" where there is none).
row() {
    jq -nc --arg name "$1" --argjson figure "$2" --arg unit "$3" --argjson floor "$4" --argjson goal "$5" --argjson note "${6:-null}" \
        "$bench_prelude "'row($name; $figure; $unit; $floor; $goal; $note)'
}

rows_of_stages() {
    with_rows "$1" 'figures("cpu_time") as $f
      | {scan: "floor_copy", scan_libxml2: "floor_copy", base64: "floor_copy", canonical: "floor_hash", witness: "floor_hash",
         pack_lz4: "floor_copy_body", pack_zstd: "floor_copy_body", unpack_lz4: "floor_copy_body", unpack_zstd: "floor_copy_body",
         shape_and_rules: "scan", verify_value_rsa: "floor_verify_rsa", verify_value_p256: "floor_verify_p256",
         receipt_rsa: "floor_sign_rsa", receipt_p256: "floor_sign_p256"} as $floors
      | $f | sorted | (.key | split("/")[0]) as $stage | (.key | arg("people")) as $people | select($stage != "crypto_floor")
      | (if $stage == "sweep" then $f["crypto_floor/people:\($people)/forms:1"]
         elif $floors[$stage] then $f["\($floors[$stage])/people:\($people)"] else null end) as $floor
      | row("\($stage)/\($people)"; .value; "µs"; $floor; null; null)'
    # What a stored body has of the bytes that came.
    with_rows "$1" '[.benchmarks[] | select(.packed and .aggregate_name == "median" and (.run_name | startswith("pack_")))] | .[]
      | row("stored bytes \(.run_name | split("/")[0] | ltrimstr("pack_"))/\(.run_name | arg("people"))"; .packed; "bytes"; .bytes; null; "floor: the body as it came")'
}

# 1 + 1 signatures; then 1 + 2 and 1 + 5. The goals of the second kind stand in rows of their own.
rows_of_examine() {
    with_rows "$1" 'figures("cpu_time") as $f
      | $f | sorted | (.key | split("/")[0]) as $stage | (.key | arg("people")) as $people | (.key | arg("forms")) as $forms
      | $f["crypto_floor/people:\($people)/forms:\($forms)"] as $floor
      | "\($stage)/\($people)\(if $forms == "1" then "" else "/\($forms)" end)" as $name
      | if $stage == "crypto_floor" then row($name; .value; "µs"; null; null; null)
        elif $name == "examine/10" then
          row($name; .value; "µs"; $floor; "ratio <= 3.5"; null), row($name + " (then)"; .value; "µs"; $floor; "ratio <= 2"; null)
        elif $name == "examine/1000" then
          row($name; .value; "µs"; $floor; "figure <= 5000"; null), row($name + " (then)"; .value; "µs"; $floor; "figure <= 2000"; null)
        else row($name; .value; "µs"; $floor; null; null) end'
}

# Figures per byte of the body. Growth: how much a byte of a longer body costs at most, beside one of any shorter.
rows_of_linear() {
    with_rows "$1" 'medians as $m
      | [$m[] | select(.run_name | startswith("linear/")) | {bytes, per_byte: (.cpu_time * 1000 / .bytes), people: (.run_name | arg("people"))}]
      | sort_by(.bytes) as $sizes
      | ([$m[] | select(.run_name | startswith("linear_floor/")) | {key: (.run_name | arg("people")), value: (.cpu_time * 1000 / .bytes)}] | from_entries) as $floor
      | ($sizes[] | row("linear/\(.bytes)"; .per_byte; "ns a byte"; $floor[.people]; null; null)),
        row("linear growth"; ([range($sizes | length) as $i | range($i + 1; $sizes | length) as $j | $sizes[$j].per_byte / $sizes[$i].per_byte] | max);
            "times"; null; "figure <= 1.3"; "the most that a byte of a longer body costs beside one of a shorter")'
}

rows_of_certificates() {
    with_rows "$1" 'figures("cpu_time") as $f | $f | sorted | (.key | split("/")[0]) as $stage | (.key | arg("signers")) as $n
      | if $stage == "certificate_known" then row("\($stage)/\($n)"; .value; "µs"; $f["floor_certificate_hash/signers:\($n)"]; null; null)
        elif $stage == "certificate_unknown" then row($stage; .value; "µs"; null; "figure <= 350"; "limits of a first verdict, off the common path")
        else row("\($stage)/\($n)"; .value; "µs"; null; null; null) end'
}

# first: of a thread whose buffers are not made yet; these it keeps.
rows_of_heap() {
    jq -c "$bench_prelude"'
      if .connections then
        (row("heap idle connection \(.connections)"; .answered_heap_bytes / 1000; "kB"; null; "figure <= 19.5"; "of \(.count), each answered once; \(.shaken_heap_bytes) bytes before its first request"))
      else "\(.engine)/\(.people)\(if .forms == 1 then "" else "/\(.forms)" end)" as $name
      | (if .engine == "sweep" and .people == 1000 then "figure <= 256" else null end) as $goal
      | row("heap first \($name)"; .first_peak_bytes / 1024; "KiB"; null; $goal; "with buffers that the thread then keeps: \(.thread_keeps_bytes) bytes"),
        row("heap \($name)"; .peak_bytes / 1024; "KiB"; null; $goal; "\(.allocations) allocations") end' "$1"
}

rows_of_journal() {
    with_rows "$1" 'medians[] | (.run_name | arg("together")) as $n
      | row("journal/\($n)"; .rows_per_second; "rows/s"; .floor_rows_per_second; "ratio >= 0.7";
            "\(.batch * 10 | round / 10) rows a commit; the floor inserts the same rows, as many a commit"),
        row("journal/\($n)/bodies"; .rows_per_second; "rows/s"; .bodies_per_second; null; "floor: the packed bodies alone, into one table"),
        row("journal/\($n)/log"; .log_us; "µs"; .row_us; null; "what the provable log adds to a row, beside the row")'
}

rows_of_reference() {
    with_rows "$1" 'figures("cpu_time") as $f | $f | sorted | (.key | split("/")[0]) as $stage | (.key | arg("people")) as $people
      | select($stage != "crypto_floor") | row("\($stage)/\($people)"; .value; "µs"; $f["crypto_floor/people:\($people)/forms:1"]; null; null)'
}

rows_plain() { with_rows "$1" 'figures("cpu_time") | sorted | row(.key; .value; "µs"; null; null; null)'; }

bench_json() {
    jq -s --arg date "$(date -u +%FT%TZ)" --arg cpu "$(awk -F': ' '/^model name/ {print $2; exit}' /proc/cpuinfo)" \
        --argjson cpus "$(nproc)" --arg load "$(cut -d' ' -f1-3 /proc/loadavg)" --arg quick "$quick" \
        --rawfile failed "$failed" \
        '{machine: {cpu: $cpu, cpus: $cpus, date: $date, load_at_end: $load}, quick: ($quick == "yes"),
          failed: ($failed | split("\n") | map(select(. != "")) | unique), results: .}' "$rows"
}

bench_table() {
    jq -r 'def show: if . == null then "-" elif type == "number" then (if . >= 100 then (. * 10 | round / 10) else (. * 1000 | round / 1000) end | tostring) else tostring end;
        .results[] | [.name, (.figure | show), .unit, (.floor | show), (.ratio | show), (.goal | show),
                      (if .met == null then "" elif .met then "met" else "NOT MET" end), (.note // "")] | @tsv' "$1" |
        awk -F'\t' 'BEGIN { printf "%-34s %12s %-10s %12s %8s  %-16s %-8s\n", "name", "figure", "unit", "floor", "ratio", "goal", "" }
                    { printf "%-34s %12s %-10s %12s %8s  %-16s %-8s %s\n", $1, $2, $3, $4, $5, $6, $7, $8 }'
}
