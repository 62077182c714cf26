#!/bin/bash
# The unit tests, of what the release's compiler makes of src/: here, and for aarch64 under emulation. unit.emulated lists those of whom that
# says nothing, and why.
set -u
cd "$WORK" || exit
bad=0 passed=0
run() { # MACHINE COMMAND...
    local machine=$1 program name code
    shift
    for program in "$BUILD/dist/$machine"/unit/*_test; do
        name=${program##*/}
        [ $# = 0 ] || ! grep "^$machine ${name%_test}: " "$ROOT/tests/dist/unit.emulated" || continue
        timeout 600 "$@" "$program" >out 2>&1
        code=$?
        case $code in
            0) passed=$((passed + 1)) ;;
            77) echo "$machine: $name skipped: $(tail -n 1 out)" ;;
            *)
                echo "$machine: $name ended with $code"
                tail -n 5 out
                bad=1
                ;;
        esac
    done
}
[ "$(uname -m)" != x86_64 ] || run x86_64
# The emulator notes each page of a reservation, half a minute long and in gigabytes for the window's 2 TB: so addresses have a limit, and the window
# is smaller. (qemu's own option for that, -R, breaks what lies behind a mapping that mremap makes smaller.)
tried=yes
if [ "$(uname -m)" = aarch64 ]; then
    run aarch64
elif command -v qemu-aarch64 >/dev/null && [ -d /usr/aarch64-linux-gnu/lib ]; then
    run aarch64 prlimit --as=$((256 << 30)) qemu-aarch64 -L /usr/aarch64-linux-gnu
else
    tried=no
fi
echo "$passed passed"
[ $passed -gt 0 ] || bad=1
[ $bad = 0 ] || exit $bad
[ $tried = yes ] || { echo "aarch64 was not tried: qemu-user and libc6-arm64-cross are needed"; exit 77; }
