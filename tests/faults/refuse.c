/* refuse CALLS FROM TO COUNT -- PROGRAM...: runs a program in which the kernel refuses system calls, number FROM to TO (0: to the last
 * one) of those that CALLS names, counted between two marks that the program sets (marks.h); then writes to the file COUNT
 * how many there were. Every thread's calls count, whoever makes them: libc, the library, its private allocator.
 *
 * By a seccomp filter that asks this process about each call: it says "go on" or what the caller is to get. Ends as the
 * program does; with 77 where the kernel has no such filters. */
#include "marks.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

struct call {
    const char *name;
    int number;
    int error;
};
/* For want of memory, of mappings or of files. brk is not among them: it fails in another way. */
static const struct call calls[] = {
    { "mmap", SYS_mmap, ENOMEM },         { "munmap", SYS_munmap, ENOMEM },
    { "mprotect", SYS_mprotect, ENOMEM }, { "madvise", SYS_madvise, ENOMEM },
    { "mremap", SYS_mremap, ENOMEM },     { "mincore", SYS_mincore, EAGAIN },
    { "openat", SYS_openat, EMFILE },     { "renameat2", SYS_renameat2, EIO },
    { "clone3", SYS_clone3, EAGAIN },
};
enum { CALLS = sizeof calls / sizeof *calls };

static bool chosen[CALLS];
static bool
    every; /* all calls, but for those that can't fail, by which a thread waits, or by which lines are written */
static const int spared[] = {
    SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_sendmsg, SYS_futex, SYS_getpid
};

/* ---- The program's side ---- */

static struct sock_filter program[64];
static unsigned short length;

static void add(struct sock_filter instruction)
{
    CHECK(length < sizeof program / sizeof *program);
    program[length++] = instruction;
}

/* What becomes of a call of that number. */
static void rule(int number, unsigned answer)
{
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

static void write_filter(void)
{
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    rule(SYS_prctl, SECCOMP_RET_USER_NOTIF); /* the marks */
    for (size_t i = 0; every && i < sizeof spared / sizeof *spared; i++)
        rule(spared[i], SECCOMP_RET_ALLOW);
    for (int i = 0; !every && i < CALLS; i++)
        if (chosen[i])
            rule(calls[i].number, SECCOMP_RET_USER_NOTIF);
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, every ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW));
}

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message(struct iovec *byte, union control *control)
{
    return (struct msghdr){
        .msg_iov = byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control->room
    };
}

static void send_file(int socket, int file)
{
    union control control = { .header = { CMSG_LEN(sizeof file), SOL_SOCKET, SCM_RIGHTS } };
    char byte = 0;
    struct iovec bytes = { &byte, 1 };
    struct msghdr text = message(&bytes, &control);
    memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    sendmsg(socket, &text, 0);
}

static int receive_file(int socket)
{
    union control control;
    char byte;
    struct iovec bytes = { &byte, 1 };
    struct msghdr text = message(&bytes, &control);
    int file = -1;
    if (recvmsg(socket, &text, MSG_CMSG_CLOEXEC) == 1 && text.msg_controllen >= sizeof control.header)
        memcpy(&file, CMSG_DATA(&control.header), sizeof file);
    return file;
}

/* From the filter on each call may be one that this process's other half is asked about. */
static void begin(int socket, char **words)
{
    struct sock_fprog filter = { length, program };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _exit(77);
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    if (listener < 0)
        _exit(77);
    send_file(socket, (int)listener);
    execvp(words[0], words);
    dprintf(2, "refuse: can't run %s\n", words[0]);
    _exit(127);
}

/* ---- The kernel's ---- */

static long from, to, count;
static bool counting;

static int error_of(int number)
{
    for (int i = 0; i < CALLS; i++)
        if (calls[i].number == number)
            return calls[i].error;
    return EPERM;
}

/* 0: let it happen. */
static int verdict(const struct seccomp_data *call)
{
    if (call->nr == SYS_prctl && (call->args[0] == MARK_BEGIN || call->args[0] == MARK_END)) {
        counting = call->args[0] == MARK_BEGIN;
        return 0;
    }
    if (!counting || (call->nr == SYS_prctl && !every) || (call->nr == SYS_write && call->args[0] <= 2))
        return 0;
    count++;
    return from && count >= from && (!to || count <= to) ? error_of(call->nr) : 0;
}

static void serve(int listener)
{
    struct pollfd asked = { .fd = listener, .events = POLLIN };
    while (poll(&asked, 1, -1) > 0 || errno == EINTR) {
        if (!(asked.revents & POLLIN))
            return; /* nobody is left who could ask */
        struct seccomp_notif question = { 0 };
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question))
            continue; /* whoever asked was killed */
        int error = verdict(&question.data);
        struct seccomp_notif_resp answer = { .id = question.id,
                                             .error = -error,
                                             .flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE };
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

static void choose(char *names)
{
    every = !strcmp(names, "every");
    for (char *name = every ? NULL : strtok(names, ","); name; name = strtok(NULL, ",")) {
        int i = 0;
        while (i < CALLS && strcmp(calls[i].name, name))
            i++;
        CHECK(i < CALLS);
        chosen[i] = true;
    }
}

int main(int words, char **word)
{
    int sockets[2];
    CHECK(words > 6 && !strcmp(word[5], "--"));
    choose(word[1]);
    from = atol(word[2]);
    to = atol(word[3]);
    write_filter();
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        begin(sockets[1], word + 6);
    close(sockets[1]);
    int listener = receive_file(sockets[0]);
    if (listener >= 0)
        serve(listener);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    int file = open(word[4], O_CREAT | O_TRUNC | O_WRONLY, 0644);
    CHECK(file >= 0);
    dprintf(file, "%ld\n", count);
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
