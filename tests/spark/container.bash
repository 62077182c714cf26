# A memory cgroup for JVMs of a test, as root; sourced after plugin.bash.
# shellcheck shell=bash

on_disk=
end_container() {
    exec 5>&-
    wait "$keeper" || true
    rm -rf "$on_disk"
}

# From now on $WORK/java-home is a Java home, and what its java starts is in a container of its own with so many bytes.
start_container() { # LIMIT
    local says
    mkfifo "$WORK/until"
    exec 4< <(exec tests/spark/in_container.py "$WORK/java-home" "$jdk/bin/java" "$1" <"$WORK/until")
    keeper=$!
    exec 5>"$WORK/until"
    trap end_container EXIT
    read -r says <&4
    [ "$says" = ready ] || skip "$says"
}

that_nobody_was_killed() {
    local kills
    exec 5>&-
    read -r kills <&4
    [ "$kills" = 0 ] || fail "the kernel killed $kills"
    echo "ok - the kernel killed nobody in all of that"
}
