#include "specs.h"

#include "base.h"
#include "os.h"
#include "say.h"

#include <string.h>

#define MAX_SPECS 64
#define NAME_SIZE 64 /* of a method */

struct table {
    struct mg_spec row[MAX_SPECS];
    int count;
};
static struct table targets, profiles;
static char complaint[400];

/* The file src/profiles, as it is. */
__asm__(".pushsection .rodata\n"
        ".global mg_profiles_text\n.hidden mg_profiles_text\n"
        "mg_profiles_text: .incbin \"src/profiles\"\n.byte 0\n"
        ".popsection\n");
extern const char mg_profiles_text[];

/* What does not fit behind a star, the star takes one character more of: only the last one, since those before it took as little as they
 * could. So many stars cost no more time than one. */
static bool glob(const char *pattern, const char *name)
{
    const char *behind_star = NULL, *taken = NULL;
    while (*name) {
        if (*pattern == '*') {
            behind_star = ++pattern;
            taken = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (behind_star) {
            pattern = behind_star;
            name = ++taken;
        } else {
            return false;
        }
    }
    return !pattern[strspn(pattern, "*")];
}

bool mg_matches(const char *pattern, const char *name)
{
    if (strpbrk(pattern, "*?"))
        return glob(pattern, name);
    return !strncmp(pattern, name, strlen(pattern));
}

static bool copy(char *to, size_t size, const char *from, size_t length)
{
    if (length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

bool mg_names_hold(const struct mg_names *names, const char *name)
{
    const char *end = names->at + names->length;
    for (const char *at = names->at, *next; at && at < end; at = next + 1) {
        char pattern[NAME_SIZE];
        next = memchr(at, '+', (size_t)(end - at));
        next = next ? next : end;
        if (copy(pattern, sizeof pattern, at, (size_t)(next - at)) && glob(pattern, name))
            return true;
    }
    return false;
}

/* A name that is too long to be one would never hold. */
static bool set_names(struct mg_names *names, const char *value, size_t size)
{
    *names = (struct mg_names){ value, size };
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        length = value[i] == '+' ? 0 : length + 1;
        if (length >= NAME_SIZE)
            return false;
    }
    return size > 0;
}

static bool set_flag(signed char *flag, const char *value, size_t size)
{
    *flag = size == 3 && !memcmp(value, "yes", 3);
    return *flag || (size == 2 && !memcmp(value, "no", 2));
}

/* One "key=value" of a SPEC. */
static bool set_option(struct mg_spec *spec, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    if (!equals)
        return false;
    size_t key = (size_t)(equals - text);
    const char *value = equals + 1;
    size_t size = length - key - 1;
#define IS(name) (key == sizeof name - 1 && !memcmp(text, name, key))
    if (IS("limit"))
        return mg_parse_bytes(value, size, &spec->limit);
    if (IS("on-denial"))
        return mg_parse_fate(value, size, &spec->fate);
    if (IS("pool-threads"))
        return copy(spec->pool_threads, sizeof spec->pool_threads, value, size);
    if (IS("environment")) {
        if (!copy(spec->environment, sizeof spec->environment, value, size))
            return false;
        for (char *plus = spec->environment; (plus = strchr(plus, '+'));)
            *plus = ',';
        return strchr(spec->environment, '=') != NULL;
    }
    if (IS("copes"))
        return set_flag(&spec->copes, value, size);
    if (IS("nested"))
        return set_flag(&spec->nested, value, size);
    if (IS("closers") || IS("leaves"))
        return set_names(IS("closers") ? &spec->closers : &spec->leaves, value, size);
    if (IS("charges-itself"))
        return set_flag(&spec->charges_itself, value, size);
#undef IS
    return false;
}

static bool parse_spec(struct mg_spec *spec, const char *text, size_t length)
{
    *spec = (struct mg_spec){ .limit = -1, .copes = -1, .nested = -1, .charges_itself = -1 };
    const char *end = text + length;
    const char *comma = memchr(text, ',', length);
    if (!copy(spec->pattern, sizeof spec->pattern, text, (size_t)((comma ? comma : end) - text)) ||
        !*spec->pattern)
        return false;
    while (comma) {
        const char *option = comma + 1;
        comma = memchr(option, ',', (size_t)(end - option));
        if (!set_option(spec, option, (size_t)((comma ? comma : end) - option)))
            return false;
    }
    return true;
}

/* SPECs separated by `separator`; empty ones and lines with # are skipped. */
static const char *parse_table(struct table *table, const char *text, char separator, const char *where)
{
    table->count = 0;
    while (*text) {
        const char *end = strchr(text, separator);
        size_t length = end ? (size_t)(end - text) : strlen(text);
        if (length && *text != '#') {
            if (table->count == MAX_SPECS || !parse_spec(&table->row[table->count], text, length)) {
                char shown[100];
                copy(shown, sizeof shown, text, length < 99 ? length : 99);
                mg_print(
                    complaint, sizeof complaint,
                    "%s: '%s' is no SPEC (PATTERN[,limit=SIZE][,on-denial=fail|stop|overdraft][,copes=yes|no]"
                    "[,pool-threads=PATTERN][,charges-itself=yes|no][,environment=NAME=VALUE][,nested=yes|no]"
                    "[,closers=NAME+NAME][,leaves=NAME+NAME]); nothing is counted",
                    where, shown);
                return complaint;
            }
            table->count++;
        }
        text += length + (end ? 1 : 0);
    }
    return NULL;
}

static const char *read_profiles(void)
{
    if (!*mg_settings.profiles)
        return parse_table(&profiles, mg_profiles_text, '\n', "profiles");
    static char text[16384];
    int file = mg_os_open(mg_settings.profiles);
    int64_t length = file < 0 ? -1 : mg_os_read(file, text, sizeof text - 1);
    if (file >= 0)
        mg_os_close(file);
    if (length < 0) {
        mg_print(complaint, sizeof complaint, "setting profiles: can't read %s; nothing is counted",
                 mg_settings.profiles);
        return complaint;
    }
    text[length] = '\0';
    return parse_table(&profiles, text, '\n', mg_settings.profiles);
}

const char *mg_specs_start(bool in_spark)
{
    const char *wrong = read_profiles();
    if (wrong)
        return wrong;
    if (!*mg_settings.targets && in_spark) {
        targets = profiles;
        for (int i = 0; i < targets.count; i++)
            targets.row[i].fate =
                MG_FATE_UNSET; /* nobody's word yet: on_denial's counts before the profile's */
        return NULL;
    }
    return parse_table(&targets, *mg_settings.targets ? mg_settings.targets : "*", ';', "targets");
}

/* By Java package: no file. */
#define JAVA "java:"

static bool is_java(const struct mg_spec *spec)
{
    return !strncmp(spec->pattern, JAVA, sizeof JAVA - 1);
}

static const struct mg_spec *look_up(const struct table *table, const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (!is_java(&table->row[i]) && mg_matches(table->row[i].pattern, name))
            return &table->row[i];
    return NULL;
}

bool mg_specs_find(const char *file_name, struct mg_spec *spec)
{
    const struct mg_spec *target = look_up(&targets, file_name);
    if (!target)
        return false;
    *spec = *target;
    const struct mg_spec *profile = look_up(&profiles, file_name);
    if (!profile)
        return true;
    /* on_denial for all libraries is a person's word too: it beats the profile's, not the SPEC's. */
    if (!spec->fate)
        spec->fate = mg_settings.on_denial ? mg_settings.on_denial : profile->fate;
    if (spec->copes < 0)
        spec->copes = profile->copes;
    if (spec->nested < 0)
        spec->nested = profile->nested;
    if (!spec->closers.at)
        spec->closers = profile->closers;
    if (!spec->leaves.at)
        spec->leaves = profile->leaves;
    if (spec->charges_itself < 0)
        spec->charges_itself = profile->charges_itself;
    if (!*spec->pool_threads)
        memcpy(spec->pool_threads, profile->pool_threads, sizeof spec->pool_threads);
    return true;
}

/* ---- By Java package ---- */

const struct mg_spec *mg_specs_java(unsigned n)
{
    for (int i = 0; *mg_settings.targets && i < targets.count; i++)
        if (is_java(&targets.row[i]) && !n--)
            return &targets.row[i];
    return NULL;
}

bool mg_spec_holds_class(const struct mg_spec *spec, const char *class_name)
{
    return is_java(spec) && mg_matches(spec->pattern + sizeof JAVA - 1, class_name);
}

bool mg_specs_class_charges_itself(const char *class_name)
{
    for (int i = 0; i < profiles.count; i++)
        if (profiles.row[i].charges_itself > 0 && mg_spec_holds_class(&profiles.row[i], class_name))
            return true;
    return false;
}

extern char **environ;

/* In a JVM other threads may read the environment at this very moment: they see the old array or the new one, both whole.
 * (setenv would free the old one.) The few hundred bytes stay. */
static void put(const char *variable)
{
    size_t name = (size_t)(strchr(variable, '=') - variable) + 1;
    size_t count = 0;
    for (; environ && environ[count]; count++)
        if (!strncmp(environ[count], variable, name))
            return;
    size_t length = strlen(variable) + 1;
    char **larger = mg_os_allocate((count + 2) * sizeof *larger + length);
    if (!larger)
        return;
    char *text = (char *)(larger + count + 2);
    memcpy(text, variable, length);
    if (count)
        memcpy(larger, environ, count * sizeof *larger);
    larger[count] = text;
    __atomic_store_n(&environ, larger, __ATOMIC_RELEASE);
}

void mg_specs_set_environment(void)
{
    /* `*` means everybody: programs that nobody thought of are not to find variables of libraries that they never load. */
    for (int i = 0; i < profiles.count; i++) {
        const struct mg_spec *target = look_up(&targets, profiles.row[i].pattern);
        if (target && strcmp(target->pattern, "*") && *profiles.row[i].environment)
            put(profiles.row[i].environment);
    }
}
