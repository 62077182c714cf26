#!/bin/bash
# Where executors run: another user without capabilities, a read-only root, a tiny /tmp from which nothing is executed, no /dev/shm, system calls
# filtered as container engines do, addresses limited, children of others. A program works as alone there, its report is written or its absence
# said in one line, and what it uses is counted where the kernel gives what counting needs.
set -u
# Others have no way into a test's folder.
WORK=$(mktemp -d) && chmod 755 "$WORK" && trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
cat >work.c <<'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *churn(void *unused)
{
    for (int i = 1; i < 3000; i++) {
        char *volatile block = malloc((size_t)i * 7);
        if (!block)
            return "malloc";
        block[0] = block[i * 7 - 1] = 1;
        free(block);
    }
    return unused;
}
int main(void)
{
    pthread_t threads[4];
    void *wrong = NULL;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, churn, NULL))
            return 3;
    for (int i = 0; i < 4; i++)
        if (pthread_join(threads[i], &wrong) || wrong)
            return 4;
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(churn(NULL) ? 5 : 0);
    if (waitpid(child, &status, 0) != child || status)
        return 6;
    puts("worked");
    return 9;
}
C
# Docker's default filter refuses some forty calls with EPERM or ENOSYS; these of them a library in malloc might want.
cat >filter.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define DENY(call, error) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
int main(int count, char **words)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        DENY(ptrace, EPERM), DENY(process_vm_readv, EPERM), DENY(process_vm_writev, EPERM), DENY(userfaultfd, EPERM),
        DENY(perf_event_open, EPERM), DENY(bpf, EPERM), DENY(mbind, EPERM), DENY(set_mempolicy, EPERM), DENY(get_mempolicy, EPERM),
        DENY(move_pages, EPERM), DENY(keyctl, EPERM), DENY(add_key, EPERM), DENY(membarrier, ENOSYS), DENY(memfd_create, EPERM),
        DENY(personality, EPERM), DENY(unshare, EPERM), DENY(kcmp, EPERM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    struct sock_fprog filter = { sizeof code / sizeof *code, code };
    if (count < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        return 99;
    execvp(words[1], words + 1);
    return 98;
}
C
"${CC:-cc}" -O1 -fno-builtin -pthread -o work work.c && "${CC:-cc}" -o filter filter.c || fail "the fixtures do not compile"
mkdir -p seen && chmod 777 seen && chmod 755 . && cp "$LIB" library.so && chmod 755 library.so work filter

# works WHAT REPORT(yes|no|any) COMMAND-BEFORE...: the program with the library, in observing mode and under a limit that it keeps.
works() {
    local what=$1 report=$2 limit
    shift 2
    for limit in '' 64m; do
        rm -f seen/*
        "$@" env ${limit:+MEMGRANT_LIMIT=$limit} MEMGRANT_TARGETS='*' MEMGRANT_REPORT="$WORK/seen/report.json" LD_PRELOAD="$WORK/library.so" \
            "$WORK/work" >out 2>errors
        code=$?
        [ $code = 9 ] && [ "$(cat out)" = worked ] || fail "$what: it ended with $code: $(cat out errors)"
        [ "$(wc -l <errors)" -le 3 ] && ! grep -v '^memgrant: ' errors || fail "$what: it said $(cat errors)"
        [ "$report" != yes ] || "$ROOT/tests/preload/balanced" "$WORK/seen/report.json" /dev/null || fail "$what: the report"
        [ "$report" != no ] || [ -s errors ] || fail "$what: no word about the missing report"
    done
}

works "nothing restricted" yes env
works "system calls filtered" yes "$WORK/filter"
# No page for others, of which there is one line; the report says all the same how it grew.
[ "$(cat errors)" = "memgrant: no memory that others can read is to be had (memfd_create): memgrant top does not see this process" ] ||
    fail "system calls filtered: $(cat errors)"
python3 -c 'import json; history = json.load(open("seen/report.json"))["history"]; assert len(history["ms"]) and max(history["used"]) > 0, history' ||
    fail "system calls filtered: no history"
works "ulimit -v 3 GB" any bash -c 'ulimit -v 3000000; exec "$@"' -
works "ulimit -v 200 MB" any bash -c 'ulimit -v 200000; exec "$@"' -
works "no core, few files" yes bash -c 'ulimit -c 0 -n 16; exec "$@"' -

skipped=''
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    if command -v setpriv >/dev/null; then
        works "user 185 without capabilities" yes setpriv --reuid 185 --regid 185 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs
    fi
    # The report's folder stays where it can be written: a mount of its own.
    cat >inside <<'SH'
#!/bin/sh
# inside WHAT COMMAND...: in a mount namespace of our own.
what=$1
shift
mount --make-rprivate / || exit 90
case $what in
    readonly) mount --bind "$WORK/seen" "$WORK/seen" && mount -o remount,bind,ro / && ! touch /etc/here 2>/dev/null || exit 91 ;;
    tmp) mount -t tmpfs -o noexec,size=64k none "$WORK/seen" || exit 92 ;;
    shm) mkdir -p "$WORK/none" && mount --bind "$WORK/none" /dev/shm && mount -o remount,bind,ro /dev/shm || exit 93 ;;
esac
exec "$@"
SH
    chmod 755 inside && export WORK
    [ "$(stat -c %m "$WORK")" = / ] && works "read-only root" yes unshare -m "$WORK/inside" readonly
    works "a tiny noexec folder for the report" any unshare -m "$WORK/inside" tmp
    [ ! -d /dev/shm ] || works "a /dev/shm that can't be written" yes unshare -m "$WORK/inside" shm
else
    skipped="the mounts and users: not root, or no mount namespaces"
fi
[ -z "$skipped" ] || echo "left out: $skipped"
exit 0
