# Shared by the scripts of ops/ and by .ci/run: source it. Sets `root` (the project) and `bin` (the programs).
# shellcheck shell=bash disable=SC2034
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build_dir=${IVAN_BUILD_DIR:-$root/build/release}
bin=$build_dir/bin

step()  { printf '\n== %s\n' "$*" >&2; }
note()  { printf '   %s\n' "$*" >&2; }
die()   { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }
have()  { command -v "$1" >/dev/null 2>&1; }

# -- packages ----------------------------------------------------------------------------------------------------------

# The packages of some sections of ops/packages, without those whose command is already here.
packages_of() {
    local section package rest wanted
    while read -r section package rest; do
        [[ -z $section || $section == \#* ]] && continue
        for wanted in "$@"; do
            [[ $section == "$wanted" ]] || continue
            [[ $rest =~ ^unless=([^[:space:]]+) ]] && have "${BASH_REMATCH[1]}" && continue
            printf '%s\n' "$package"
        done
    done <"$root/ops/packages"
}

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true) == installed ]]
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

apt_install() {
    as_root apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -q "$@" >&2 </dev/null
}

# Installs what is missing of the named sections. Does nothing, and asks for no password, where nothing is missing.
install_packages() {
    local package missing=()
    while read -r package; do
        installed "$package" || missing+=("$package")
    done < <(packages_of "$@")
    [[ ${#missing[@]} -eq 0 ]] && return 0

    step "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    have apt-get || die "this is not Debian: please install what ops/packages lists"
    [[ $EUID -eq 0 ]] || have sudo || die "please install as root: ${missing[*]}"
    as_root apt-get update -o DPkg::Lock::Timeout=300 -q >&2 </dev/null
    # Debian's PostgreSQL would make and start a cluster of the system's. We need none, so where PostgreSQL is new on
    # this machine we say so first; where it is not, its configuration is somebody's choice and stays as it is.
    if [[ " ${missing[*]} " == *" postgresql-15 "* ]] && ! installed postgresql-common; then
        apt_install postgresql-common
        as_root sed -i -E 's/^#? *create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    fi
    apt_install "${missing[@]}"
}

# -- building ----------------------------------------------------------------------------------------------------------

# As many jobs as cores, but no more than memory allows: one compiler of ours may take 1.5 GB.
jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
    ((memory < 1)) && memory=1
    printf '%s\n' "${IVAN_JOBS:-$((cores < memory ? cores : memory))}"
}

# build_targets [TARGET...]: configures and builds the release preset; without names, everything.
build_targets() {
    local started=$SECONDS target=()
    [[ $# -gt 0 ]] && target=(--target "$@")
    step "Configuring build/release"
    (cd "$root" && cmake --preset release -B "$build_dir" -DCMAKE_VERIFY_INTERFACE_HEADER_SETS=ON --log-level=WARNING) >&2
    step "Building ${*:-everything} (the first time takes some minutes)"
    cmake --build "$build_dir" -j "$(jobs)" "${target[@]}" >&2
    note "built in $((SECONDS - started)) s"
}

# build_fuzzers DIR TARGET...: configures and builds the fuzz preset (clang).
build_fuzzers() {
    local dir=$1 started=$SECONDS
    shift
    step "Building the fuzz targets in build/fuzz (the first time takes some minutes)"
    (cd "$root" && cmake --preset fuzz -B "$dir" --log-level=WARNING) >&2
    cmake --build "$dir" -j "$(jobs)" --target "$@" >&2
    note "built in $((SECONDS - started)) s"
}

# What people run, and the operators' page.
programs=(ivan-gateway ivanctl ivan-loadtest console)
