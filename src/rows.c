#include "rows.h"

#include "say.h"
#include "specs.h"

#include <string.h>

struct mg_library mg_libraries[MG_LIBRARIES];
_Atomic(bool) mg_library_limits;

static struct {
    _Atomic(unsigned) count;
    _Atomic(bool) jvm_here;
    bool said_full;
    char jdk[256]; /* the folder above libjvm's */
    _Atomic(unsigned) jvm;
    unsigned java[MG_LIBRARIES];
} rows;

unsigned mg_library_count(void)
{
    return atomic_load_explicit(&rows.count, memory_order_acquire); /* the rows below it are complete */
}

bool mg_libraries_jvm_here(void)
{
    return MG_LOAD(rows.jvm_here);
}

void mg_library_raise(unsigned library, int64_t bytes)
{
    int64_t peak = MG_LOAD(mg_libraries[library].peak);
    while (bytes > peak && !atomic_compare_exchange_weak_explicit(&mg_libraries[library].peak, &peak, bytes,
                                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

const char *mg_rows_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool begins(const char *name, const char *with)
{
    return !strncmp(name, with, strlen(with));
}

bool mg_rows_is_jdks(const char *path)
{
    return *rows.jdk && begins(path, rows.jdk);
}

static bool is_system(const char *path, const char *file)
{
    static const char *const names[] = { "libm.so",  "libdl.so",    "libpthread.so",
                                         "librt.so", "libgcc_s.so", "libresolv.so",
                                         "libnss_",  "libjvm.so",   "libjli.so" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (begins(file, names[i]))
            return true;
    return mg_rows_is_jdks(path);
}

/* What a row is called: what the person wrote where that says it, else the file. "librocksdbjni*" -> librocksdbjni. */
static void name_row(char name[64], const char *pattern, const char *file)
{
    const char *wild = strpbrk(pattern, "*?");
    bool plain = !wild || (wild != pattern && wild[0] == '*' && !wild[1]);
    mg_print(name, 64, "%s", plain ? pattern : file);
    char *end = plain ? strchr(name, '*') : NULL;
    if (end)
        *end = '\0';
}

void mg_library_set_limit(unsigned library, int64_t limit)
{
    if (limit >= 0)
        MG_STORE(mg_library_limits, true);
    mg_libraries[library].limit = limit;
}

static void describe(struct mg_library *row, const char *name, enum mg_role role, const struct mg_spec *spec)
{
    mg_print(row->name, sizeof row->name, "%s", name);
    row->role = role;
    row->fate = spec->fate;
    row->copes = spec->copes > 0;
    row->nested = spec->nested > 0;
    row->closers = spec->closers;
    row->leaves = spec->leaves;
    row->charges_itself = spec->charges_itself > 0;
    mg_library_set_limit((unsigned)(row - mg_libraries), spec->limit);
    memcpy(row->pool_threads, spec->pool_threads, sizeof row->pool_threads);
}

/* Under the lock of libraries.c. */
static unsigned one_of_the_rest(const char *name)
{
    if (!rows.said_full)
        mg_say(
            "more than %d target libraries; %s and further ones are charged together as %s, and their own limits do "
            "not hold",
            MG_LIBRARIES - MG_LIBRARY_FIRST, name, mg_libraries[MG_LIBRARY_REST].name);
    rows.said_full = true;
    return MG_LIBRARY_REST;
}

static unsigned row_for(const char *name, enum mg_role role, const struct mg_spec *spec)
{
    unsigned count = MG_LOAD(rows.count);
    for (unsigned i = MG_LIBRARY_FIRST; i < count; i++)
        if (!strcmp(mg_libraries[i].name, name))
            return i;
    if (count == MG_LIBRARIES)
        return one_of_the_rest(name);
    describe(&mg_libraries[count], name, role, spec);
    /* Release: whoever sees the row counted finds it complete; who reads its slot in a range, by the snapshot's number. */
    atomic_store_explicit(&rows.count, count + 1, memory_order_release);
    return count;
}

/* It has its slot whether it is a target or not: what it allocates for others is theirs. */
static unsigned slot_of_libc(const char *file)
{
    struct mg_library *row = &mg_libraries[MG_LIBRARY_LIBC];
    struct mg_spec spec;
    if (!*row->name && mg_specs_find(file, &spec))
        describe(row, file, MG_ROLE_SYSTEM, &spec);
    return MG_LIBRARY_LIBC;
}

static void note_jvm(const char *path)
{
    mg_print(rows.jdk, sizeof rows.jdk, "%s", path);
    char *server = strstr(rows.jdk, "/server/");
    if (server)
        server[1] = '\0';
    else
        *rows.jdk = '\0';
    MG_STORE(rows.jvm_here, true);
}

unsigned mg_rows_find(const char *path)
{
    const char *file = mg_rows_file(path);
    struct mg_spec spec;
    char name[64];
    if (begins(file, "libjvm.so"))
        note_jvm(path);
    if (begins(file, "ld-linux") || begins(file, "ld.so") || begins(file, "linux-vdso"))
        return MG_LIBRARY_OTHER;
    if (begins(file, "libc.so.6") || begins(file, "libc-2."))
        return slot_of_libc(file);
    if (begins(file, "libstdc++.so") || begins(file, "libc++.so"))
        return MG_LIBRARY_TRANSPARENT;
    if (!mg_specs_find(file, &spec))
        return MG_LIBRARY_OTHER;
    name_row(name, spec.pattern, file);
    unsigned slot = row_for(name, is_system(path, file) ? MG_ROLE_SYSTEM : MG_ROLE_TARGET, &spec);
    if (begins(file, "libjvm.so"))
        MG_STORE(rows.jvm, slot);
    return slot;
}

unsigned mg_rows_jvm(void)
{
    return MG_LOAD(rows.jvm);
}

unsigned mg_rows_java(unsigned n)
{
    return n < MG_LIBRARIES ? rows.java[n] : MG_LIBRARY_OTHER;
}

/* Their rows are there from the start: a class is met where nothing may be locked. */
static void add_java(void)
{
    const struct mg_spec *spec;
    for (unsigned n = 0; (spec = mg_specs_java(n)); n++) {
        rows.java[n] = row_for(spec->pattern, MG_ROLE_TARGET, spec);
        mg_libraries[rows.java[n]].java = true;
    }
}

void mg_rows_start(void)
{
    mg_print(mg_libraries[MG_LIBRARY_TRANSPARENT].name, 64, "libstdc++");
    mg_libraries[MG_LIBRARY_TRANSPARENT].role = MG_ROLE_TRANSPARENT;
    mg_print(mg_libraries[MG_LIBRARY_REST].name, 64, "(others)");
    mg_libraries[MG_LIBRARY_REST].role = MG_ROLE_TARGET;
    mg_print(mg_libraries[MG_LIBRARY_OWN].name, 64, "libmemgrant");
    mg_libraries[MG_LIBRARY_OWN].role = MG_ROLE_SYSTEM;
    mg_print(mg_libraries[MG_LIBRARY_WORKERS].name, 64, "Python workers");
    mg_libraries[MG_LIBRARY_WORKERS].role = MG_ROLE_SYSTEM;
    for (int i = 0; i < MG_LIBRARIES; i++)
        mg_libraries[i].limit = -1;
    mg_print(mg_libraries[MG_LIBRARY_JVM].name, 64, "libjvm for Java");
    mg_libraries[MG_LIBRARY_JVM].role = MG_ROLE_SYSTEM;
    MG_STORE(rows.count, MG_LIBRARY_FIRST);
    add_java();
}
