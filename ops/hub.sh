# A private hub under one folder: PostgreSQL, development PKI, backend simulator, gateway. ops/quickstart keeps one under
# var/, the acceptance tests another under the build folder. Source it after ops/lib.sh and set `hub` to the folder.
# shellcheck shell=bash disable=SC2034,SC2154

pki()      { printf '%s' "$hub/pki"; }
database() { "$root/ops/cluster" url "$hub/db"; }
sql()      { psql_as_us -X -q -t -A -v ON_ERROR_STOP=1 "$(database)" -c "$1"; }
psql_as_us() { PGOPTIONS='-c client_min_messages=warning' /usr/lib/postgresql/15/bin/psql "$@"; }

# shellcheck source=port.sh
. "$root/ops/port.sh"

# -- processes: each is recorded with its start time, so that nothing else is ever ended ---------------------------------

# Field 22 of /proc/PID/stat: when the process started. A number that was given out again has another.
started_at() { awk '{sub(/^.*\) /, ""); print $20}' "/proc/$1/stat" 2>/dev/null || true; }

process_start() {
    local name=$1 pid
    shift
    mkdir -p "$hub/run" "$hub/log"
    setsid "$@" >>"$hub/log/$name.log" 2>&1 </dev/null 9>&- &
    pid=$!
    # The shell has no word to say when it is killed; only whoever wants its exit status keeps it.
    [[ ${process_kept:-no} == yes ]] || disown "$pid"
    printf '%s %s\n' "$pid" "$(started_at "$pid")" >"$hub/run/$name.pid"
}

process_alive() {
    local pid started
    [[ -f $hub/run/$1.pid ]] || return 1
    read -r pid started <"$hub/run/$1.pid" || return 1
    [[ -n $started && $(started_at "$pid") == "$started" ]]
}

process_signal() {
    local pid rest
    process_alive "$1" || return 0
    read -r pid rest <"$hub/run/$1.pid"
    kill -s "$2" "$pid" 2>/dev/null || true
}

# Politely, and after 20 seconds finally.
process_stop() {
    local tries
    process_signal "$1" TERM
    for ((tries = 0; tries < 200; ++tries)); do
        process_alive "$1" || break
        ((tries == 199)) && process_signal "$1" KILL
        sleep 0.1
    done
    rm -f "$hub/run/$1.pid"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < until)) || { note "gave up waiting for $what"; return 1; }
        sleep 0.2
    done
}

# -- parts -----------------------------------------------------------------------------------------------------------

hub_pki() {
    [[ -f $(pki)/tls/ca.pem ]] && return 0
    step "Making a development PKI in ${hub#"$root"/}/pki"
    rm -rf "$hub/pki.making"
    "$bin/ivanctl" keys pki --out "$hub/pki.making" >/dev/null
    mv "$hub/pki.making" "$(pki)"
}

parties=(VNPT TS24 THAISON EFY BKAV VIETTEL PORTAL)

# A bearer key for each party, kept where only we can read it.
bearer_of() {
    local file=$hub/keys/${1,,}.key
    mkdir -p "$hub/keys"
    [[ -s $file ]] || (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file")
    cat "$file"
}

hub_registry() {
    local party url
    url=$(database)
    step "Migrating, and registering the providers with their development certificates"
    "$bin/ivan-gateway" migrate --config "$hub/gateway.toml" >&2
    "$bin/ivan-gateway" seed --config "$hub/gateway.toml" --seed "$root/providers/seed" >&2
    for party in "${parties[@]}"; do
        "$bin/ivanctl" provider put "$party" --replace-credentials --certificate "$(pki)/tls/${party,,}.pem" \
            --bearer "$(bearer_of "$party")" --database-url "$url" >/dev/null
    done
    "$bin/ivanctl" provider put TST --replace-credentials --bearer "$(bearer_of TST)" --database-url "$url" >/dev/null
    # One party whose contract has ended, to be refused.
    "$bin/ivanctl" provider put ENDED --name "Tổ chức đã hết hợp đồng (dữ liệu thử)" --alias ENDED --contract-from 2015-10-01 \
        --contract-until 2020-12-31 --source "made up" --replace-credentials --bearer "$(bearer_of ENDED)" \
        --database-url "$url" >/dev/null
}

# The key of one-time passwords, kept like the bearer keys.
otp_key() {
    local file=$hub/keys/otp.key
    mkdir -p "$hub/keys"
    [[ -s $file ]] || (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file")
    printf '%s' "$file"
}

hub_ports() {
    local name
    mkdir -p "$hub/run"
    for name in public ops backend; do
        [[ -s $hub/run/$name.port ]] || free_port >"$hub/run/$name.port"
    done
    IVAN_URL=https://localhost:$(<"$hub/run/public.port")
    IVAN_OPS_URL=http://127.0.0.1:$(<"$hub/run/ops.port")
    IVAN_BACKEND_URL=http://127.0.0.1:$(<"$hub/run/backend.port")
}

# What people and scripts source: where everything is, and who they are.
hub_env() {
    IVAN_CA=$(pki)/tls/ca.pem
    IVAN_PROVIDER_CERT=$(pki)/tls/thaison.pem
    IVAN_PROVIDER_KEY=$(pki)/tls/thaison.key
    IVAN_PROVIDER_CODE=00040
    IVAN_UNIT_CERT=$(pki)/units/unit.pem
    IVAN_UNIT_KEY=$(pki)/units/unit.key
    IVAN_UNIT_TAX_CODE=0101300842
    IVAN_UNIT_CODE=TA0001A
    IVAN_AGENCY=00108
    IVAN_DATABASE_URL=$(database)
    local name
    for name in IVAN_URL IVAN_OPS_URL IVAN_BACKEND_URL IVAN_CA IVAN_PROVIDER_CERT IVAN_PROVIDER_KEY IVAN_PROVIDER_CODE \
        IVAN_UNIT_CERT IVAN_UNIT_KEY IVAN_UNIT_TAX_CODE IVAN_UNIT_CODE IVAN_AGENCY IVAN_DATABASE_URL; do
        printf 'export %s=%q\n' "$name" "${!name}"
    done >"$hub/quickstart.env"
}

backend_options=()
# backend_start [OPTION...]: the simulator, for example with --refuse-rate 1.
# shellcheck disable=SC2120
backend_start() {
    process_start backend "$bin/ivan-loadtest" sink --port "$(<"$hub/run/backend.port")" "${backend_options[@]}" "$@"
    wait_for 20 "the backend simulator" curl -s -m 2 -o /dev/null "$IVAN_BACKEND_URL/healthz"
}
# A number the simulator counted: cases, mismatches …
backend_count() { curl -s -m 5 "$IVAN_BACKEND_URL/counts" | jq -r ".$1 // 0"; }
gateway_start() { process_start gateway "$bin/ivan-gateway" serve --config "$hub/gateway.toml"; }

ready() { [[ $(curl -s -m 2 -o /dev/null -w '%{http_code}' "$IVAN_OPS_URL/readyz") == 200 ]]; }
ready_or_gone() { ready || ! process_alive gateway; }
# Waits for a gateway that says it is ready; shows the end of its log where it does not become so.
wait_ready() {
    wait_for 60 "the gateway to be ready" ready_or_gone && ready && return 0
    tail -n 20 "$hub/log/gateway.log" >&2
    return 1
}

# A value of /metrics: metric 'ivan_queue_depth'.
metric() { curl -s -m 5 "$IVAN_OPS_URL/metrics" | awk -v name="$1" '$1 == name {print $2; found = 1} END {if (!found) print 0}'; }

hub_start() {
    mkdir -p "$hub"
    hub_pki
    step "Starting a private PostgreSQL in ${hub#"$root"/}/db"
    "$root/ops/cluster" start "$hub/db"
    hub_ports
    hub_env
    hub_config >"$hub/gateway.toml"
    hub_registry
    step "Starting backend simulator and gateway"
    backend_start
    gateway_start
    wait_ready || die "the gateway did not become ready; its log is $hub/log/gateway.log"
}

# Signed dossiers as files: one per form, for every party, and every bad kind.
hub_samples() {
    rm -rf "$hub/samples"
    "$bin/ivan-loadtest" samples --pki "$(pki)" --out "$hub/samples" --providers "$root/providers/seed" >&2
}

# anew FILE: the path of a copy with bytes of its own: blanks behind the root element, which XML allows there and no signature
# covers. The same content under another key would be a duplicate.
anew() {
    local copy number=$(($(date +%s%N) ^ (RANDOM << 40) ^ $$))
    copy=$(mktemp "${work:-$hub/run}/anew.XXXXXX")
    cp "$1" "$copy"
    {
        printf '\n'
        while ((number != 0)); do
            if ((number & 1)); then printf '\t'; else printf ' '; fi
            number=$(((number >> 1) & 0x7fffffffffffffff))
        done
    } >>"$copy"
    printf '%s' "$copy"
}

hub_stop() {
    process_stop gateway
    process_stop backend
    [[ ! -d $hub/db ]] || "$root/ops/cluster" stop "$hub/db"
}

# A text as TOML writes it.
toml() { printf '"%s"' "$(sed 's/\\/\\\\/g; s/"/\\"/g' <<<"$1")"; }

hub_config() {
    cat <<END
# Written by ops/quickstart: the development hub under $(basename "$hub")/. See ops/gateway.conf.example for a real one.
[server]
address = "127.0.0.1"
port = $(<"$hub/run/public.port")
certificate_file = $(toml "$(pki)/tls/server.pem")
key_file = $(toml "$(pki)/tls/server.key")
client_ca_file = $(toml "$(pki)/tls/ca.pem")
reload_interval = "1s"
drain_wait = "0s"

[ops]
address = "127.0.0.1"
port = $(<"$hub/run/ops.port")
console_directory = $(toml "$(console_folder)")

[signing]
trust_directory = $(toml "$(pki)/trust")
receipt_key_file = $(toml "$(pki)/receipt/receipt.key")
receipt_certificate_file = $(toml "$(pki)/receipt/receipt.pem")

[schemas]
xsd_directory = $(toml "$root/schemas/xsd")
rules_directory = $(toml "$root/schemas/rules")

[store]
database_url = $(toml "$(database)")

[delivery]
backend_url = $(toml "$IVAN_BACKEND_URL")

[otp]
key_file = $(toml "$(otp_key)")
sms_sender = "spool"
email_sender = "spool"
spool_directory = $(toml "$hub/otp")

[probe]
key_file = $(toml "$(pki)/units/unit.key")
certificate_file = $(toml "$(pki)/units/unit.pem")

[alarms]
queue_age_max = "10s"

[log]
file = $(toml "$hub/log/gateway.json")

${hub_more:-}
END
}

console_folder() { printf '%s' "$build_dir/share/console"; }
