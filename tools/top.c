/* memgrant-top PID [--once]: shows a process's live page (src/page.h), each second anew. Reads it from outside, so that a process that
 * hangs or is stopped is shown like any other, and believes nothing that stands in it. */
#include "page.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BAD = 125, TRIES = 1000 };

static int process;
static struct mg_live_copy copy, before;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("memgrant: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(BAD);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- Finding the page ---- */

/* The text of /proc/PID/NAME, cut to the buffer. */
static const char *proc_text(const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", process, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, text, size - 1);
    if (file >= 0)
        close(file);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

/* The value of a line of /proc/PID/status; "" where there is none. */
static const char *status(const char *field)
{
    static char text[8192];
    const char *at = strstr(proc_text("status", text, sizeof text), field);
    if (!at)
        return "";
    at += strlen(field);
    text[at - text + (long)strcspn(at, "\n")] = '\0';
    return at + strspn(at, " \t");
}

/* The process's number where it runs itself: the last of those that it has. */
static long inner_process(void)
{
    const char *numbers = status("NSpid:");
    const char *last = numbers + strlen(numbers);
    while (last > numbers && !isspace((unsigned char)last[-1]))
        last--;
    return *last ? strtol(last, NULL, 10) : process;
}

static bool is_page(int file)
{
    struct {
        uint64_t magic;
        uint32_t version, size;
        int64_t process;
    } head;
    struct stat found;
    if (fstat(file, &found) || pread(file, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        head.magic != MG_LIVE_MAGIC)
        return false;
    if (head.process != inner_process())
        return false; /* its parent's, which it inherited */
    if (head.version != MG_LIVE_VERSION)
        die("process %d has a live page of version %u; this memgrant reads version %d", process, head.version,
            MG_LIVE_VERSION);
    if (head.size != sizeof(struct mg_live_page) || found.st_size < (off_t)sizeof(struct mg_live_page))
        die("the live page of process %d is %u bytes large, and not %zu", process, head.size,
            sizeof(struct mg_live_page));
    return true;
}

/* In /proc/PID/FOLDER, where each entry is a link to what is open or mapped. -1: it is not there. */
static int find_in(const char *folder)
{
    char path[600], link[64];
    int found = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", process, folder);
    DIR *entries = opendir(path);
    for (struct dirent *entry; entries && found < 0 && (entry = readdir(entries));) {
        snprintf(path, sizeof path, "/proc/%d/%s/%s", process, folder, entry->d_name);
        ssize_t length = readlink(path, link, sizeof link - 1);
        link[length > 0 ? length : 0] = '\0';
        if (strcmp(link, "/memfd:" MG_LIVE_NAME " (deleted)") != 0)
            continue;
        found = open(path, O_RDONLY | O_CLOEXEC);
        if (found >= 0 && !is_page(found)) {
            close(found);
            found = -1;
        }
    }
    if (entries)
        closedir(entries);
    return found;
}

static int find(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", process);
    if (access(path, F_OK))
        die("there is no process %d", process);
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    if (access(path, R_OK))
        die("process %d belongs to somebody else; run memgrant top as its user", process);
    int page = find_in("fd");
    if (page < 0)
        page = find_in("map_files"); /* it closed all files that it did not know; root alone may look there */
    if (page < 0)
        die("process %d does not run under memgrant, or memgrant is dormant in it, or has no live page",
            process);
    return page;
}

/* ---- Reading it ---- */

static void read_at(int page, void *to, size_t size, size_t offset)
{
    if (pread(page, to, size, (off_t)offset) != (ssize_t)size)
        die("can't read the live page of process %d: %s", process, strerror(errno));
}

static uint64_t number_at(int page, size_t offset)
{
    uint64_t number;
    read_at(page, &number, sizeof number, offset);
    return number;
}

/* A copy that was whole while it was read. */
static void read_copy(int page)
{
    for (int i = 0; i < TRIES; i++) {
        uint64_t latest = number_at(page, offsetof(struct mg_live_page, latest));
        size_t offset = offsetof(struct mg_live_page, copy) + latest % 2 * sizeof copy;
        read_at(page, &copy, sizeof copy, offset);
        if (copy.begun == latest && copy.ended == latest &&
            number_at(page, offset + offsetof(struct mg_live_copy, begun)) == latest)
            return;
    }
    die("the live page of process %d is never whole", process);
}

/* A name as it may go to a terminal. */
static void tame(char *name, size_t size)
{
    name[size - 1] = '\0';
    for (; *name; name++)
        if (!isprint((unsigned char)*name))
            *name = '?';
}

static int by_account(const void *a, const void *b)
{
    const struct mg_live_account *left = a, *right = b;
    if (!left->parent != !right->parent)
        return left->parent ? 1 : -1;
    return (left->used < right->used) - (left->used > right->used);
}

static int by_library(const void *a, const void *b)
{
    const struct mg_live_library *left = a, *right = b;
    return (left->used < right->used) - (left->used > right->used);
}

static void check_copy(void)
{
    if (copy.accounts > MG_LIVE_ACCOUNTS || copy.libraries > MG_LIVE_LIBRARIES)
        die("the live page of process %d says that it holds %lu accounts and %lu libraries; it can't",
            process, copy.accounts, copy.libraries);
    for (uint64_t i = 0; i < copy.accounts; i++)
        tame(copy.account[i].name, sizeof copy.account[i].name);
    for (uint64_t i = 0; i < copy.libraries; i++)
        tame(copy.library[i].name, sizeof copy.library[i].name);
    qsort(copy.account, copy.accounts, sizeof *copy.account, by_account);
    qsort(copy.library, copy.libraries, sizeof *copy.library, by_library);
}

/* ---- Showing it ---- */

static int lines_left, columns;

__attribute__((format(printf, 1, 2))) static void line(const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (lines_left-- <= 0)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("%.*s\n", columns, text);
}

static const char *size_of(int64_t bytes)
{
    static char texts[8][24];
    static unsigned next;
    char *text = texts[next++ % 8];
    double size = (double)bytes;
    const char *unit = "BKMGTPE";
    for (; (size >= 10000 || size <= -10000) && unit[1]; unit++)
        size /= 1024;
    snprintf(text, sizeof texts[0], *unit == 'B' || size >= 1000 ? "%.0f %c" : "%.1f %c", size, *unit);
    return text;
}

/* Of numbers that anybody may have written there. */
static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* What a library used when it was last shown; what it uses now, the first time. */
static int64_t used_before(const struct mg_live_library *library)
{
    for (uint64_t i = 0; i < before.libraries; i++)
        if (!strcmp(before.library[i].name, library->name))
            return before.library[i].used;
    return before.published_ns ? 0 : library->used;
}

static void show_head(void)
{
    char command[400];
    proc_text("comm", command, sizeof command);
    command[strcspn(command, "\n")] = '\0';
    tame(command, sizeof command);
    char state[32];
    snprintf(state, sizeof state, "%s", status("State:"));
    int64_t resident = strtoll(status("VmRSS:"), NULL, 10) * 1024;
    line("memgrant: process %d (%s), state %s, %s, resident %s", process, command, state,
         copy.enforcing ? "enforcing" : "observing", size_of(resident));
    int64_t tenths = minus(now_ns(), copy.published_ns) / 100000000;
    line("figures of %ld.%ld s ago%s%s", tenths / 10, tenths % 10,
         copy.invariants_broken ? "; INVARIANTS ARE BROKEN, the report says more" : "",
         copy.passed_requests ? "; some memory passed uncounted, the report says more" : "");
}

static void show(void)
{
    show_head();
    line("%s", "");
    line("%10s %10s %10s %10s %8s  %s", "USED", "PEAK", "GRANTED", "LENT", "DENIALS", "ACCOUNT");
    int room = lines_left - 2 - (int)copy.libraries;
    int64_t most = room < 3 ? 3 : room;
    uint64_t shown = (uint64_t)most < copy.accounts ? (uint64_t)most : copy.accounts;
    for (uint64_t i = 0; i < shown; i++) {
        const struct mg_live_account *account = &copy.account[i];
        line("%10s %10s %10s %10s %8ld  %s%s%s", size_of(account->used), size_of(account->peak),
             copy.enforcing ? size_of(account->granted) : "-", size_of(account->lent), account->denials,
             account->parent ? "  " : "", account->name, account->waiting_ns ? " (waits for memory)" : "");
    }
    if (copy.accounts - shown + copy.accounts_left_out)
        line("%54s  and %lu more", "", copy.accounts - shown + copy.accounts_left_out);
    line("%s", "");
    line("%10s %10s %10s %10s %8s  %s", "USED", "PEAK", "CHANGE", "BLOCKS", "DENIALS", "LIBRARY");
    for (uint64_t i = 0; i < copy.libraries; i++) {
        const struct mg_live_library *library = &copy.library[i];
        line("%10s %10s %10s %10ld %8ld  %s", size_of(library->used), size_of(library->peak),
             size_of(minus(library->used, used_before(library))), minus(library->allocations, library->frees),
             library->denials, library->name);
    }
}

static void fit_terminal(bool terminal)
{
    struct winsize size;
    bool known = terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col;
    lines_left = known ? size.ws_row - 1 : 1 << 20;
    columns = known ? size.ws_col : 500;
}

static bool has_ended(void)
{
    const char *state = status("State:");
    return !*state || *state == 'Z' || *state == 'X';
}

int main(int count, char **words)
{
    bool once = false;
    const char *number = NULL;
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--once"))
            once = true;
        else
            number = number ? "" : words[i];
    }
    if (!number || !*number || strspn(number, "0123456789") != strlen(number) || strlen(number) > 9)
        die("top needs a process id: memgrant top PID [--once]");
    process = (int)strtol(number, NULL, 10);
    int page = find();
    bool terminal = isatty(STDOUT_FILENO);
    for (;;) {
        read_copy(page);
        check_copy();
        fit_terminal(terminal);
        if (terminal && !once)
            fputs("\033[H\033[2J", stdout);
        show();
        if (fflush(stdout) || once)
            break;
        before = copy;
        struct timespec second = { 1, 0 };
        nanosleep(&second, NULL);
        if (has_ended()) {
            printf("process %d has ended\n", process);
            break;
        }
        if (!terminal)
            putchar('\n');
    }
    return ferror(stdout) ? BAD : 0;
}
