/* libtarget_helpers.c and libbystander_helpers.c offer the same calls of libc's under names of their own. */
#ifndef MG_TEST_HELPERS_H
#define MG_TEST_HELPERS_H

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

/* M(result, name, (parameters), (arguments)) for each function that allocates for its caller. */
#define EACH_HELPER(M) \
    M(char *, strdup, (const char *a), (a)) \
    M(char *, __strdup, (const char *a), (a)) \
    M(char *, strndup, (const char *a, size_t n), (a, n)) \
    M(char *, __strndup, (const char *a, size_t n), (a, n)) \
    M(wchar_t *, wcsdup, (const wchar_t *a), (a)) \
    M(int, argz_add, (char **a, size_t *n, const char *b), (a, n, b)) \
    M(int, argz_add_sep, (char **a, size_t *n, const char *b, int sep), (a, n, b, sep)) \
    M(int, argz_append, (char **a, size_t *n, const char *b, size_t m), (a, n, b, m)) \
    M(int, argz_create, (char *const *v, char **a, size_t *n), (v, a, n)) \
    M(int, argz_create_sep, (const char *b, int sep, char **a, size_t *n), (b, sep, a, n)) \
    M(int, argz_insert, (char **a, size_t *n, char *at, const char *b), (a, n, at, b)) \
    M(int, argz_replace, (char **a, size_t *n, const char *b, const char *c, unsigned *m), (a, n, b, c, m)) \
    M(int, envz_add, (char **a, size_t *n, const char *b, const char *c), (a, n, b, c)) \
    M(int, envz_merge, (char **a, size_t *n, const char *b, size_t m, int o), (a, n, b, m, o)) \
    M(char *, realpath, (const char *a, char *b), (a, b)) \
    M(char *, __realpath_chk, (const char *a, char *b, size_t n), (a, b, n)) \
    M(char *, canonicalize_file_name, (const char *a), (a)) \
    M(char *, getcwd, (char *a, size_t n), (a, n)) \
    M(char *, __getcwd_chk, (char *a, size_t n, size_t m), (a, n, m)) \
    M(char *, get_current_dir_name, (void), ()) \
    M(char *, tempnam, (const char *a, const char *b), (a, b)) \
    M(ssize_t, getline, (char **a, size_t *n, FILE *f), (a, n, f)) \
    M(ssize_t, getdelim, (char **a, size_t *n, int d, FILE *f), (a, n, d, f)) \
    M(ssize_t, __getdelim, (char **a, size_t *n, int d, FILE *f), (a, n, d, f)) \
    M(int, asprintf, (char **a, const char *b, const char *c), (a, b, c)) \
    M(int, __asprintf, (char **a, const char *b, const char *c), (a, b, c)) \
    M(int, __asprintf_chk, (char **a, int g, const char *b, const char *c), (a, g, b, c)) \
    M(int, vasprintf, (char **a, const char *b, va_list l), (a, b, l)) \
    M(int, __vasprintf_chk, (char **a, int g, const char *b, va_list l), (a, g, b, l)) \
    M(FILE *, open_memstream, (char **a, size_t *n), (a, n)) \
    M(FILE *, open_wmemstream, (wchar_t * *a, size_t * n), (a, n)) \
    M(int, vsscanf, (const char *a, const char *b, va_list l), (a, b, l)) \
    M(int, scandir, \
      (const char *a, struct dirent ***b, int (*c)(const struct dirent *), \
       int (*d)(const struct dirent **, const struct dirent **)), \
      (a, b, c, d)) \
    M(int, scandirat, \
      (int f, const char *a, struct dirent ***b, int (*c)(const struct dirent *), \
       int (*d)(const struct dirent **, const struct dirent **)), \
      (f, a, b, c, d)) \
    M(char **, backtrace_symbols, (void *const *a, int n), (a, n)) \
    M(void *, __sched_cpualloc, (size_t n), (n))

/* The return address alone says who calls these. */
#define EACH_TOLD(M) \
    M(int, sscanf, (const char *a, const char *b, void *c), (a, b, c)) \
    M(int, __isoc99_sscanf, (const char *a, const char *b, void *c), (a, b, c)) \
    M(int, fscanf, (FILE * f, const char *b, void *c), (f, b, c)) \
    M(int, swscanf, (const wchar_t *a, const wchar_t *b, void *c), (a, b, c))

#endif
