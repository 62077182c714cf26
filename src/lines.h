/* A file of the kernel's, line by line, and the numbers in it. Runs on request. */
#ifndef MG_LINES_H
#define MG_LINES_H

#include <stddef.h>
#include <stdint.h>

struct mg_lines {
    char text[8192];
    size_t length, used; /* of it by the last line */
    int file;            /* negative: it could not be opened, and there are no lines */
};

void mg_lines_open(struct mg_lines *lines, const char *path);
/* The next line, without its end; longer ones than the buffer are cut. NULL: there is none. */
char *mg_lines_next(struct mg_lines *lines);
void mg_lines_close(struct mg_lines *lines);
/* The number there, behind which *at is afterwards. Base 10 or 16. */
uint64_t mg_lines_number(const char **at, unsigned base);

#endif
