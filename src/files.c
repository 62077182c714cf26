#include "files.h"

#include "lines.h"
#include "os.h"
#include "rows.h"

#include <string.h>

/* The lines under a lock of their own, which nothing else is taken under: the kernel takes long to tell, and nobody waits for that. */
static struct mg_lines smaps;
static struct mg_lock smaps_lock;

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
    uint64_t from = mg_lines_number(&line, 16);
    if (*line++ != '-')
        return 0;
    uint64_t to = mg_lines_number(&line, 16);
    const char *path = strchr(line, '/');
    return *line == ' ' && path && is_content(line + 1, path) ? (int64_t)(to - from) : 0;
}

static bool begins_mapping(const char *line)
{
    mg_lines_number(&line, 16);
    return *line == '-';
}

static struct mg_files read_smaps(void)
{
    struct mg_files files = { 0 };
    bool counts = false;
    mg_lines_open(&smaps, "/proc/self/smaps");
    for (char *line; (line = mg_lines_next(&smaps));) {
        if (begins_mapping(line)) {
            int64_t bytes = mapping(line);
            counts = bytes > 0;
            files.mappings += counts;
            files.bytes += bytes;
        } else if (counts && !strncmp(line, "Rss:", 4)) {
            const char *at = line + strspn(line + 4, " ") + 4;
            files.resident += (int64_t)mg_lines_number(&at, 10) * 1024;
        }
    }
    mg_lines_close(&smaps);
    return files;
}

bool mg_files_read(struct mg_files *files, bool wait)
{
    if (wait)
        mg_lock(&smaps_lock);
    else if (!mg_try_lock(&smaps_lock))
        return false;
    *files = read_smaps();
    mg_unlock(&smaps_lock);
    return true;
}

void mg_files_after_fork_in_child(void)
{
    smaps_lock = (struct mg_lock){ 0 };
}
