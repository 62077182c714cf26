/* What libc allocates for its caller is the caller's: the exact bytes of a target's, nothing of a bystander's, and a
 * denial is NULL, -1 or ENOMEM. Each call has a process of its own, whose report is read. */
#include "test.h"

#include "libs/helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DECLARE(result, name, parameters, arguments) \
    result target_##name parameters; \
    result bystander_##name parameters;
EACH_HELPER(DECLARE)
EACH_TOLD(DECLARE)

static int by_target;
#define CALL(name) (by_target ? target_##name : bystander_##name)
#define DENIED (-1)

static long usable(void *block)
{
    return (long)malloc_usable_size(block);
}

/* What such a call leaves with its caller, in bytes; DENIED. */
static long text_is(char *text, const char *expected)
{
    if (!text) {
        CHECK_EQ(errno, ENOMEM);
        return DENIED;
    }
    CHECK(!expected || !strcmp(text, expected));
    return usable(text);
}

/* What the calls below fill in. */
static char *argz;
static size_t size;

static long error_is(int error)
{
    CHECK(!error || error == ENOMEM);
    return error ? DENIED : usable(argz);
}

static long count_is(long count, long expected)
{
    if (count == -1) {
        CHECK_EQ(errno, ENOMEM);
        return DENIED;
    }
    CHECK_EQ(count, expected);
    return usable(argz);
}

#define RUN(name) static long run_##name(void)
#define RUN_TEXT(name, arguments, expected) \
    RUN(name) \
    { \
        return text_is(CALL(name) arguments, expected); \
    }

/* ---- Strings ---- */

static char *words[] = { (char[]){ "first" }, (char[]){ "second" }, NULL };

RUN_TEXT(strdup, ("some text"), "some text")
RUN_TEXT(__strdup, ("some text"), "some text")
RUN_TEXT(strndup, ("some text", 4), "some")
RUN_TEXT(__strndup, ("some text", 4), "some")
RUN(wcsdup)
{
    wchar_t *text = CALL(wcsdup)(L"some text");
    return text_is((char *)text, text ? (char *)text : NULL);
}
RUN(argz_add)
{
    return error_is(CALL(argz_add)(&argz, &size, "word"));
}
RUN(argz_add_sep)
{
    return error_is(CALL(argz_add_sep)(&argz, &size, "a:b", ':'));
}
RUN(argz_append)
{
    return error_is(CALL(argz_append)(&argz, &size, "a", 2));
}
RUN(argz_create)
{
    return error_is(CALL(argz_create)(words, &argz, &size));
}
RUN(argz_create_sep)
{
    return error_is(CALL(argz_create_sep)("a:b", ':', &argz, &size));
}
RUN(argz_insert)
{
    if (CALL(argz_create)(words, &argz, &size))
        return DENIED;
    return error_is(CALL(argz_insert)(&argz, &size, argz, "before them all, and longer than either of them"));
}
RUN(argz_replace)
{
    unsigned count = 0;
    if (CALL(argz_create)(words, &argz, &size))
        return DENIED;
    return error_is(CALL(argz_replace)(&argz, &size, "first", "something longer than it was before", &count));
}
RUN(envz_add)
{
    return error_is(CALL(envz_add)(&argz, &size, "name", "value"));
}
RUN(envz_merge)
{
    return error_is(CALL(envz_merge)(&argz, &size, "name=value", 11, 1));
}

/* ---- Files' names ---- */

RUN_TEXT(realpath, ("/proc/..", NULL), "/")
RUN_TEXT(__realpath_chk, ("/proc/..", NULL, (size_t)-1), "/")
RUN_TEXT(canonicalize_file_name, ("/proc/.."), "/")
RUN_TEXT(getcwd, (NULL, 0), NULL)
RUN_TEXT(__getcwd_chk, (NULL, 0, (size_t)-1), NULL)
RUN_TEXT(get_current_dir_name, (), NULL)
RUN_TEXT(tempnam, ("/tmp", "mg"), NULL)

/* ---- Input and output ---- */

/* A file whose buffer is not libc's to allocate: one short line and one long. */
static FILE *two_lines(void)
{
    static char content[6000], buffer[4096];
    memset(content, 'x', sizeof content - 1);
    content[1] = content[sizeof content - 2] = '\n';
    FILE *file = fmemopen(content, sizeof content - 1, "r");
    CHECK(file && !setvbuf(file, buffer, _IOFBF, sizeof buffer));
    return file;
}

/* The second line needs a larger block than the first. */
#define RUN_LINES(name, ...) \
    RUN(name) \
    { \
        FILE *file = two_lines(); \
        if (count_is(CALL(name)(&argz, &size, ##__VA_ARGS__, file), 2) == DENIED) \
            return DENIED; \
        return count_is(CALL(name)(&argz, &size, ##__VA_ARGS__, file), 5997); \
    }
RUN_LINES(getline)
RUN_LINES(getdelim, '\n')
RUN_LINES(__getdelim, '\n')

static int call_vasprintf(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int count = CALL(vasprintf)(&argz, format, list);
    va_end(list);
    return count;
}
static int call_vasprintf_chk(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int count = CALL(__vasprintf_chk)(&argz, 1, format, list);
    va_end(list);
    return count;
}
static int call_vsscanf(const char *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int count = CALL(vsscanf)(text, format, list);
    va_end(list);
    return count;
}
RUN(asprintf)
{
    return count_is(CALL(asprintf)(&argz, "<%s>", "word"), 6);
}
RUN(__asprintf)
{
    return count_is(CALL(__asprintf)(&argz, "<%s>", "word"), 6);
}
RUN(__asprintf_chk)
{
    return count_is(CALL(__asprintf_chk)(&argz, 1, "<%s>", "word"), 6);
}
RUN(vasprintf)
{
    return count_is(call_vasprintf("<%s>", "word"), 6);
}
RUN(__vasprintf_chk)
{
    return count_is(call_vasprintf_chk("<%s>", "word"), 6);
}
RUN(sscanf)
{
    return count_is(CALL(sscanf)("word", "%ms", &argz), 1);
}
RUN(__isoc99_sscanf)
{
    return count_is(CALL(__isoc99_sscanf)("word", "%ms", &argz), 1);
}
RUN(fscanf)
{
    return count_is(CALL(fscanf)(two_lines(), "%ms", &argz), 1);
}
RUN(swscanf)
{
    return count_is(CALL(swscanf)(L"word", L"%ms", &argz), 1);
}
RUN(vsscanf)
{
    return count_is(call_vsscanf("word", "%ms", &argz), 1);
}

/* Written to by the program, who is no target: it stays the opener's. */
RUN(open_memstream)
{
    FILE *file = CALL(open_memstream)(&argz, &size);
    if (!file)
        return text_is(NULL, NULL);
    for (int i = 0; i < 20000; i++)
        fprintf(file, "%05d", i);
    CHECK(!fflush(file) && size == 100000 && !strcmp(argz + 99995, "19999"));
    CHECK(!fseek(file, 5, SEEK_SET) && fputc('x', file) == 'x' && !fflush(file) && ftell(file) == 6 &&
          size == 6);
    CHECK(!memcmp(argz + 4, "0x", 2));
    if (by_target) { /* libc's own forgets what stood behind the position, though POSIX keeps it */
        CHECK(!fseek(file, 3, SEEK_END) && fputs("end", file) >= 0 && !fflush(file) && size == 100006);
        CHECK(!memcmp(argz + 99999, "9\0\0\0end", 8));
    }
    CHECK(!fclose(file));
    return usable(argz);
}
/* Not wholly: what it grows by is libc's. */
RUN(open_wmemstream)
{
    wchar_t *text = NULL;
    FILE *file = CALL(open_wmemstream)(&text, &size);
    if (!file)
        return text_is(NULL, NULL);
    CHECK(fputws(L"word", file) >= 0 && !fclose(file) && size == 4 && text[3] == L'd');
    return 0;
}

/* ---- Folders ---- */

/* What these two allocate, and have libc allocate, is the program's. */
static int is_file(const struct dirent *entry)
{
    CHECK(strdup(entry->d_name) != NULL && open_wmemstream(&(wchar_t *){ NULL }, &size));
    return entry->d_name[0] == 'f';
}
static int by_name(const struct dirent **one, const struct dirent **other)
{
    CHECK(strdup((*one)->d_name) != NULL);
    return strcmp((*one)->d_name, (*other)->d_name);
}
static long three_files(int count, struct dirent **list)
{
    if (count == -1)
        return count_is(count, 3);
    CHECK_EQ(count, 3);
    long bytes = usable(list);
    for (int i = 0; i < count; i++) {
        CHECK_EQ(list[i]->d_name[1], "123"[i]);
        bytes += usable(list[i]);
    }
    return bytes;
}
RUN(scandir)
{
    struct dirent **list;
    int count = CALL(scandir)("folder", &list, is_file, by_name);
    return three_files(count, list);
}
RUN(scandirat)
{
    struct dirent **list;
    int count = CALL(scandirat)(AT_FDCWD, "folder", &list, is_file, by_name);
    return three_files(count, list);
}

/* ---- Others ---- */

RUN(backtrace_symbols)
{
    void *address = (void *)text_is;
    return text_is((char *)CALL(backtrace_symbols)(&address, 1), NULL);
}
RUN(__sched_cpualloc)
{
    return text_is(CALL(__sched_cpualloc)(1000), NULL);
}

/* ---- A process each ---- */

static const struct call {
    const char *name;
    long (*run)(void);
} calls[] = {
#define ROW(result, name, parameters, arguments) { #name, run_##name },
    EACH_HELPER(ROW) EACH_TOLD(ROW)
};
enum { CALLS = sizeof calls / sizeof *calls };

/* In the child: no stdio, whose buffers come from malloc too. */
static int run_one(const char *who, int number)
{
    by_target = *who == 't';
    dprintf(1, "%ld\n", calls[number].run());
    return 0;
}

/* Starts the child; returns what it printed. Its report is in `report`. */
static long bytes_of(const char *who, int number, const char *deny_nth)
{
    char text[32] = "", argument[8];
    int pipes[2];
    CHECK(!pipe(pipes));
    sprintf(argument, "%d", number);
    pid_t child = fork();
    if (!child) {
        char owner[16];
        sprintf(owner, "%d", getpid());
        setenv("MEMGRANT_REPORT_OWNER", owner, 1);
        setenv("MEMGRANT_REPORT", "report", 1);
        setenv("MEMGRANT_DENY_NTH", deny_nth, 1);
        dup2(pipes[1], 1);
        execl("/proc/self/exe", "helpers_test", who, argument, (char *)NULL);
        _exit(1);
    }
    close(pipes[1]);
    int status;
    CHECK(read(pipes[0], text, sizeof text - 1) >= 0 && waitpid(child, &status, 0) == child);
    close(pipes[0]);
    if (status || !*text)
        dprintf(2, "%s of a %s failed\n", calls[number].name, who);
    CHECK(!status && *text);
    return atol(text);
}

/* The root's used bytes: the target is all that is counted. */
static long used(void)
{
    static char report[100000];
    int file = open("report", O_RDONLY);
    CHECK(file >= 0);
    long length = read(file, report, sizeof report - 1);
    close(file);
    unlink("report");
    CHECK(length > 0);
    report[length] = '\0';
    const char *found = strstr(report, "\"used\":");
    CHECK(found != NULL);
    return atol(found + 7);
}

int main(int count, char **arguments)
{
    if (count == 3)
        return run_one(arguments[1], atoi(arguments[2]));
    CHECK(!mkdir("folder", 0700) && !mkdir("folder/f2", 0700) && !mkdir("folder/f1", 0700) &&
          !mkdir("folder/f3", 0700));
    for (int i = 0; i < CALLS; i++) {
        dprintf(1, "%s\n", calls[i].name);
        long bytes = bytes_of("target", i, "0");
        CHECK_EQ(used(), bytes);
        CHECK(bytes > 0 || calls[i].run == run_open_wmemstream);
        CHECK(bytes_of("bystander", i, "0") >= 0);
        CHECK_EQ(used(), 0);
        CHECK_EQ(bytes_of("target", i, "1"), DENIED);
        CHECK_EQ(used(), 0);
        CHECK(bytes_of("bystander", i, "1") >= 0);
        CHECK_EQ(used(), 0);
    }
    return 0;
}
