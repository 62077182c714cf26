#!/bin/bash
# dpkg installs the .deb of each machine into a system of its own, in which there is nothing but a libc as old as may be; what it installed
# works, the same version over it changes nothing, and removed it leaves nothing.
set -u
command -v dpkg >/dev/null || { echo "no dpkg here"; exit 77; }
fail() { echo "$1"; cat "$WORK/log" 2>/dev/null; exit 1; }
version=$("$ROOT/scripts/memgrant" version | cut -d ' ' -f 2)

system() { # MACHINE LIBC: an empty system of that machine with a libc of that version
    root=$WORK/$1
    mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers} "$root"/usr/{bin,lib,share/doc}
    touch "$root"/usr/{bin,lib,share/doc}/of_others
    printf 'Package: libc6\nStatus: install ok installed\nArchitecture: %s\nVersion: %s\nMaintainer: nobody <nobody@localhost>\nDescription: stands for a libc\n\n' \
        "$1" "$2" >"$root/var/lib/dpkg/status"
    : >"$root/var/lib/dpkg/available"
    : >"$root/var/lib/dpkg/info/libc6.list"
    printf '%s\n' "$(dpkg --print-architecture)" "$1" | uniq >"$root/var/lib/dpkg/arch"
}
package() { dpkg --root="$root" --force-not-root --force-bad-path --log=/dev/null "$@" >"$WORK/log" 2>&1; }
files() { (cd "$root" && find . -path ./var/lib/dpkg -prune -o -print | sort); }

for machine in amd64 arm64; do
    deb=$BUILD/dist/out/memgrant_${version}_$machine.deb
    [ -f "$deb" ] || fail "$deb is missing"
    system $machine 2.16-1
    package --install "$deb" && fail "$machine: it was configured with a libc that is too old"
    grep -q 'depends on libc6 (>= 2.17)' "$WORK/log" || fail "$machine: that is not said"
    rm -rf "$root"
    system $machine 2.17-1
    before=$(files)
    package --install "$deb" || fail "$machine: dpkg does not install it"
    dpkg --root="$root" -s memgrant | grep -qx 'Status: install ok installed' || fail "$machine: it is not installed"
    if ! package --verify memgrant || [ -s "$WORK/log" ]; then fail "$machine: what is there is not what was packed"; fi
    installed=$(files)
    [ "$(grep -c . <<<"$installed")" -gt 40 ] || fail "$machine: only these were installed: $installed"
    there=$root/usr/lib/memgrant/libmemgrant.so
    case $machine in
        "$(dpkg --print-architecture)")
            [ "$("$root/usr/bin/memgrant" version)" = "memgrant $version" ] || fail "the version is another one"
            [ "$("$root/usr/bin/memgrant" run --report "$WORK/report.json" -- printenv LD_PRELOAD)" = "$there" ] || fail "it does not run"
            [ -s "$WORK/report.json" ] || fail "it counts nothing"
            "$root/usr/bin/memgrant" spark-conf 2>"$WORK/log" | grep -q "$root/usr/lib/memgrant/memgrant.jar" || fail "Spark is told another jar"
            "$root/usr/bin/memgrant" doctor >"$WORK/log"
            grep -q "^ok *versions *both $version, of the same build" "$WORK/log" || fail "the doctor misses something"
            ;;
        arm64)
            readelf -h "$there" | grep -q AArch64 || fail "the library is another machine's"
            if command -v qemu-aarch64 >/dev/null; then
                qemu-aarch64 "$root/usr/lib/memgrant/memgrant-top" >"$WORK/log" 2>&1
                grep -q 'memgrant: top needs a process id' "$WORK/log" || fail "memgrant-top does not start"
            fi
            ;;
    esac
    package --install "$deb" || fail "$machine: not a second time"
    [ "$installed" = "$(files)" ] || fail "$machine: the second time it installs others"
    package --purge memgrant || fail "$machine: dpkg does not remove it"
    [ "$before" = "$(files)" ] || fail "$machine: it left something: $(diff <(echo "$before") <(files))"
done
exit 0
