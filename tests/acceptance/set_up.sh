# shellcheck shell=bash disable=SC2154

it_names_packages_that_debian_12_has() {
    local packages
    mapfile -t packages < <(packages_of build run test fuzz)
    at_least "packages" "${#packages[@]}" 30
    apt-cache policy "${packages[@]}" >"$work/policy" 2>/dev/null || skip "no apt on this machine"
    grep http "$work/policy" >/dev/null || skip "no package lists on this machine"
    same "packages Debian has" "$(grep -c 'Candidate: [^(]' "$work/policy")" "${#packages[@]}"
}

it_uses_one_list_of_packages_in_every_script() {
    local script
    for script in build test quickstart; do
        grep -q 'install_packages ' "$root/ops/$script" || fail "ops/$script installs nothing of ops/packages"
        ! grep -q 'apt-get' "$root/ops/$script" || fail "ops/$script has a list of its own"
    done
    grep -q 'ops/test' "$root/.ci/run" || fail ".ci/run does not call ops/test"
}

it_keeps_a_private_cluster_with_its_own_port_and_socket() {
    same "socket folders" "$(sql 'SHOW unix_socket_directories' | grep -c /etc)" 0
    same "listens on loopback only" "$(sql 'SHOW listen_addresses')" 127.0.0.1
    same "durable" "$(sql 'SHOW synchronous_commit') $(sql 'SHOW fsync')" "on on"
    matches "PostgreSQL 15" "$(sql 'SHOW server_version')" '^15\.'
    [[ $EUID -ne 0 || $(ps -o user= -p "$(head -n 1 "$(sql 'SHOW data_directory')/postmaster.pid")") != root ]] || fail "PostgreSQL runs as root"
}

it_starts_twice_without_harm() {
    local before
    before=$(sql "SELECT count(*) FROM ivan.providers")
    "$root/ops/cluster" start "$hub/db"
    hub_registry 2>/dev/null
    same "parties" "$(sql 'SELECT count(*) FROM ivan.providers')" "$before"
}

it_makes_a_development_pki_with_tax_codes_and_a_test_authority() {
    local subject
    subject=$(openssl x509 -in "$IVAN_UNIT_CERT" -noout -subject -nameopt oid,utf8)
    matches "unit certificate" "$subject" "0.9.2342.19200300.100.1.1.*MST:$IVAN_UNIT_TAX_CODE"
    openssl verify -CAfile "$(pki)/trust/anchors/production/root.pem" -untrusted "$(pki)/trust/intermediates/issuing-ca.pem" "$IVAN_UNIT_CERT" >/dev/null ||
        fail "the unit's certificate does not chain root, issuing CA, unit"
    openssl verify -CAfile "$(pki)/trust/anchors/test/test-root.pem" -untrusted "$(pki)/trust/intermediates/test-ca.pem" "$(pki)/units/test-unit.pem" >/dev/null ||
        fail "the test certificate does not chain to the test root"
    ! openssl verify -CAfile "$(pki)/trust/anchors/production/root.pem" -untrusted "$(pki)/trust/intermediates/test-ca.pem" "$(pki)/units/test-unit.pem" \
        >/dev/null 2>&1 || fail "a test certificate chains to the production root"
    same "keys are closed to others" "$(find "$(pki)" -name '*.key' -perm /077 | wc -l)" 0
}
