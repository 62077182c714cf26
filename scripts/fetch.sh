# What the scripts that fetch things share; to be sourced from the top of the tree, not run.
# shellcheck shell=bash

script=$(basename "$0")
cache=${MEMGRANT_CACHE:-${XDG_CACHE_HOME:-${HOME:-$PWD/build}/.cache}/memgrant}
temporary=

say() {
    printf '%s: %s\n' "$script" "$1"
}

fail() {
    printf '%s: %s\n' "$script" "$1" >&2
    exit 1
}

# A folder of our own, removed at the end however the script ends: what is half done is never found by the next run.
new_temporary() {
    mkdir -p "$(dirname "$1")"
    temporary=$(mktemp -d "$1")
    trap 'rm -rf "$temporary"' EXIT
    trap 'exit 130' INT TERM HUP
}

# may_download "what is missing"
may_download() {
    [ "${NO_INSTALL:-}" != 1 ] || fail "$1 and NO_INSTALL=1 forbids fetching it; run scripts/$script without NO_INSTALL"
}

# need COMMAND PACKAGE...: installs Debian packages for a command that is missing.
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null || install_packages "$command" "$@"
}

need_pip() {
    python3 -c 'import pip' 2>/dev/null || install_packages pip python3-pip
}

# install_packages WHAT PACKAGE...
install_packages() {
    local what=$1 sudo=
    shift
    may_download "$what is missing"
    command -v apt-get >/dev/null || fail "$what is missing; install it (Debian's packages for it: $*)"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "$what is missing; as root: apt-get install $*"
        sudo=sudo
    fi
    say "installing $* with apt-get, because $what is missing"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends "$@" ||
        fail "apt-get could not install $*"
}
