#include "settings.h"

#include "base.h"
#include "os.h"
#include "say.h"

#include <string.h>
#include <sys/auxv.h>

struct mg_settings mg_settings;

/* Names of choices; the index is the enum's value. */
static const char *const modes[] = { NULL, "observe", "enforce", "off" };
static const char *const policies[] = { NULL, "headroom", "strict" };
static const char *const fates[] = { NULL, "fail", "stop", "overdraft" };
static const char *const threads[] = { NULL, "any", "task", "others" };
static const char *const routes[] = { NULL, "any", "malloc", "new", "mmap" };
#define NAMES(names) names, (int)(sizeof names / sizeof *names)

static bool parse_choice(const char *const *names, int count, const char *text, size_t length, int *choice)
{
    for (int i = 1; i < count; i++) {
        if (strlen(names[i]) == length && !memcmp(names[i], text, length)) {
            *choice = i;
            return true;
        }
    }
    return false;
}

static int64_t suffix_factor(char suffix)
{
    switch (suffix | 0x20) {
    case 'k':
        return (int64_t)1 << 10;
    case 'm':
        return (int64_t)1 << 20;
    case 'g':
        return (int64_t)1 << 30;
    case 't':
        return (int64_t)1 << 40;
    default:
        return 0;
    }
}

bool mg_parse_bytes(const char *text, size_t length, int64_t *bytes)
{
    int64_t factor = length ? suffix_factor(text[length - 1]) : 0;
    size_t digits = factor ? length - 1 : length;
    int64_t value = 0;
    if (!digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[i] - '0', &value))
            return false;
    }
    return !__builtin_mul_overflow(value, factor ? factor : 1, bytes);
}

bool mg_parse_fate(const char *text, size_t length, enum mg_fate *fate)
{
    int choice;
    if (!parse_choice(NAMES(fates), text, length, &choice))
        return false;
    *fate = (enum mg_fate)choice;
    return true;
}

/* One function a type: the text is wrong when it returns false. */
static bool take_TEXT(const char *text, const char **field)
{
    *field = text;
    return true;
}

static bool take_BYTES(const char *text, int64_t *field)
{
    *field = -1;
    return !*text || mg_parse_bytes(text, strlen(text), field);
}

static bool take_COUNT(const char *text, int64_t *field)
{
    size_t length = strlen(text);
    return length && text[length - 1] >= '0' && text[length - 1] <= '9' &&
           mg_parse_bytes(text, length, field);
}

static bool take_FLAG(const char *text, bool *field)
{
    *field = !strcmp(text, "true") || !strcmp(text, "1");
    return *field || !strcmp(text, "false") || !strcmp(text, "0");
}

static bool take_MODE(const char *text, enum mg_mode *field)
{
    int choice = 0;
    bool good = !*text || parse_choice(NAMES(modes), text, strlen(text), &choice);
    *field = (enum mg_mode)choice;
    return good;
}

static bool take_FATE(const char *text, enum mg_fate *field)
{
    *field = MG_FATE_UNSET;
    return !*text || mg_parse_fate(text, strlen(text), field);
}

static bool take_POLICY(const char *text, enum mg_policy *field)
{
    int choice = 0;
    bool good = !*text || parse_choice(NAMES(policies), text, strlen(text), &choice);
    *field = (enum mg_policy)choice;
    return good;
}

static bool take_THREADS(const char *text, enum mg_threads *field)
{
    int choice = 0;
    bool good = parse_choice(NAMES(threads), text, strlen(text), &choice);
    *field = (enum mg_threads)choice;
    return good;
}

static bool take_ROUTE(const char *text, enum mg_route *field)
{
    int choice = 0;
    bool good = parse_choice(NAMES(routes), text, strlen(text), &choice);
    *field = (enum mg_route)choice;
    return good;
}

static const char *const rule_TEXT = "text";
static const char *const rule_BYTES = "a size such as 512m (k, m, g)";
static const char *const rule_COUNT = "a whole number";
static const char *const rule_FLAG = "true or false";
static const char *const rule_MODE = "observe, enforce or off";
static const char *const rule_POLICY = "headroom or strict";
static const char *const rule_FATE = "fail, stop or overdraft";
static const char *const rule_THREADS = "any, task or others";
static const char *const rule_ROUTE = "any, malloc, new or mmap";

static char complaint[400];

static const char *complain(const char *name, const char *value, const char *rule)
{
    mg_print(complaint, sizeof complaint, "setting %s: '%s' is not %s; nothing is counted", name, value,
             rule);
    return complaint;
}

static const char *unknown(const char *name)
{
    mg_print(complaint, sizeof complaint,
             "there is no setting '%s' (docs/settings.md lists them); nothing is counted", name);
    return complaint;
}

/* An empty value is "not set": the row's default. */
static const char *set(const char *name, const char *value)
{
#define MG_SETTING(row, type, default_value, help) \
    if (!strcmp(name, #row)) \
        return take_##type(*value ? value : default_value, &mg_settings.row) \
                   ? NULL \
                   : complain(name, value, rule_##type);
#include "settings.def"
#undef MG_SETTING
    return unknown(name);
}

const char *mg_settings_set(const char *name, const char *value)
{
    /* The caller's text may go (a program may even overwrite its environment); a setting stays, once in a process's life. */
    size_t length = strlen(value) + 1;
    char *kept = mg_os_allocate(length);
    if (!kept)
        return "no memory for the settings; nothing is counted";
    memcpy(kept, value, length);
    return set(name, kept);
}

extern char **environ;

/* MEMGRANT_ON_DENIAL=x -> on_denial, x. False when the variable is none of ours. */
static bool split_variable(const char *variable, char name[64], const char **value)
{
    static const char prefix[] = "MEMGRANT_";
    const char *equals = strchr(variable, '=');
    if (strncmp(variable, prefix, sizeof prefix - 1) || !equals)
        return false;
    const char *from = variable + sizeof prefix - 1;
    size_t length = (size_t)(equals - from);
    if (length > 63)
        length = 63;
    for (size_t i = 0; i < length; i++)
        name[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] | 0x20) : from[i];
    name[length] = '\0';
    *value = equals + 1;
    return true;
}

const char *mg_settings_read(bool *any)
{
#define MG_SETTING(row, type, default_value, help) take_##type(default_value, &mg_settings.row);
#include "settings.def"
#undef MG_SETTING
    const char *wrong = NULL;
    *any = false;
    /* A program that runs with more rights than its caller takes no files to write from the caller's environment. */
    if (getauxval(AT_SECURE))
        return NULL;
    for (char **variable = environ; variable && *variable; variable++) {
        char name[64];
        const char *value;
        if (!split_variable(*variable, name, &value))
            continue;
        const char *complains = mg_settings_set(name, value);
        wrong = complains ? complains : wrong; /* and whether to be inert is read all the same */
        /* Who owns a report says nothing about whether one is wanted. */
        *any |= strcmp(name, "report_owner") && strcmp(name, "inert");
    }
    return wrong;
}
