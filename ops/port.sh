# A loopback port that nobody listens on. Source it; `die` is whose who does.
# shellcheck shell=bash

free_port() {
    local port tries
    for ((tries = 0; tries < 200; ++tries)); do
        # Below the ports that the system gives to clients (ip_local_port_range, from 32768 on): one of those may be taken and not listen.
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12768))
        # Nothing answers: free as far as can be told. A race shows as a failed start.
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s\n' "$port"; return; }
    done
    die "no free port found"
}
