#include "files.h"

#include "os.h"
#include "rows.h"

#include <string.h>

/* Under a lock of its own, which nothing else is taken under: the kernel takes long to tell, and nobody waits for that. */
static struct {
    struct mg_lock lock;
    char text[8192];
    size_t length, used; /* of it by the last line */
    int file;
} smaps;

/* The next line, without its end; longer ones than the buffer are cut. NULL: there is none. */
static char *next_line(void)
{
    memmove(smaps.text, smaps.text + smaps.used, smaps.length -= smaps.used);
    smaps.used = 0;
    char *end;
    while (!(end = memchr(smaps.text, '\n', smaps.length)) && smaps.length < sizeof smaps.text - 1) {
        int64_t got = mg_os_read(smaps.file, smaps.text + smaps.length, sizeof smaps.text - 1 - smaps.length);
        if (got <= 0)
            break;
        smaps.length += (size_t)got;
    }
    if (!smaps.length)
        return NULL;
    end = end ? end : smaps.text + smaps.length - 1;
    *end = '\0';
    smaps.used = (size_t)(end - smaps.text) + 1;
    return smaps.text;
}

static uint64_t number(const char **at, unsigned base)
{
    uint64_t value = 0;
    for (;; ++*at) {
        char c = **at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;
        if (digit >= base)
            return value;
        value = value * base + digit;
    }
}

/* Mappings of contents are shared; those of code and the C library's tables are private. */
static bool is_content(const char *permissions, const char *path)
{
    static const char *const others[] = { "/dev/", "/memfd:", "/SYSV", "/proc/", "/sys/" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strncmp(path, others[i], strlen(others[i])))
            return false;
    return permissions[3] == 's' && permissions[2] != 'x' && *path == '/' && !strstr(path, "/hsperfdata_") &&
           !strstr(path, "/gconv/") && !mg_rows_is_jdks(path);
}

/* "7f..-7f.. r--s 00000000 fe:01 1234   /path": the bytes of a mapping; 0 where the line is none, or not of contents. */
static int64_t mapping(const char *line)
{
    uint64_t from = number(&line, 16);
    if (*line++ != '-')
        return 0;
    uint64_t to = number(&line, 16);
    const char *path = strchr(line, '/');
    return *line == ' ' && path && is_content(line + 1, path) ? (int64_t)(to - from) : 0;
}

static bool begins_mapping(const char *line)
{
    number(&line, 16);
    return *line == '-';
}

static struct mg_files read_smaps(void)
{
    struct mg_files files = { 0 };
    bool counts = false;
    smaps.length = smaps.used = 0;
    smaps.file = mg_os_open("/proc/self/smaps");
    for (char *line; smaps.file >= 0 && (line = next_line());) {
        if (begins_mapping(line)) {
            int64_t bytes = mapping(line);
            counts = bytes > 0;
            files.mappings += counts;
            files.bytes += bytes;
        } else if (counts && !strncmp(line, "Rss:", 4)) {
            const char *at = line + strspn(line + 4, " ") + 4;
            files.resident += (int64_t)number(&at, 10) * 1024;
        }
    }
    if (smaps.file >= 0)
        mg_os_close(smaps.file);
    return files;
}

bool mg_files_read(struct mg_files *files, bool wait)
{
    if (wait)
        mg_lock(&smaps.lock);
    else if (!mg_try_lock(&smaps.lock))
        return false;
    *files = read_smaps();
    mg_unlock(&smaps.lock);
    return true;
}

void mg_files_after_fork_in_child(void)
{
    smaps.lock = (struct mg_lock){ 0 };
}
