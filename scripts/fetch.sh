# What the scripts that fetch things share; to be sourced from the top of the tree, not run.
# shellcheck shell=bash disable=SC2034

script=$(basename "$0")
cache=${DOWNLOAD_CACHE:-${XDG_CACHE_HOME:-${HOME:-$PWD/build}/.cache}/memgrant}
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

# jars_of VERSION: where the jars are that the demo and the tests need beside that Spark's own.
jars_of() {
    case $1 in 3.*) echo build/deps-spark3 ;; *) echo build/deps ;; esac
}

# spark_version [WISH]: the version that is meant: 3.5 and 4.3 are the newest of their kind that this was tried with.
spark_version() {
    case ${1:-} in
        3.5) echo 3.5.9 ;;
        '' | 4.3) echo 4.3.0 ;;
        *) echo "$1" ;;
    esac
}
