/* MEMGRANT_* and spark.memgrant.*: read at start and when the plugin arms us, constant afterwards. Runs at startup. */
#ifndef MG_SETTINGS_H
#define MG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mg_mode { MG_MODE_UNSET, MG_MODE_OBSERVE, MG_MODE_ENFORCE, MG_MODE_OFF };
enum mg_policy { MG_POLICY_UNSET, MG_POLICY_HEADROOM, MG_POLICY_STRICT };
enum mg_fate { MG_FATE_UNSET, MG_FATE_FAIL, MG_FATE_STOP, MG_FATE_OVERDRAFT };
enum mg_threads { MG_THREADS_UNSET, MG_THREADS_ANY, MG_THREADS_TASK, MG_THREADS_OTHERS };
enum mg_route { MG_ROUTE_UNSET, MG_ROUTE_ANY, MG_ROUTE_MALLOC, MG_ROUTE_NEW, MG_ROUTE_MMAP };

#define MG_TYPE_TEXT const char *
#define MG_TYPE_BYTES int64_t
#define MG_TYPE_COUNT int64_t
#define MG_TYPE_FLAG bool
#define MG_TYPE_MODE enum mg_mode
#define MG_TYPE_FATE enum mg_fate
#define MG_TYPE_POLICY enum mg_policy
#define MG_TYPE_THREADS enum mg_threads
#define MG_TYPE_ROUTE enum mg_route

/* One field a row. BYTES not set are -1, TEXT not set is "". */
struct mg_settings {
#define MG_SETTING(name, type, value, help) MG_TYPE_##type name;
#include "settings.def"
#undef MG_SETTING
};
extern struct mg_settings mg_settings;

/* Takes the defaults, then MEMGRANT_* of the environment. NULL, or what is wrong (static text). *any: one was set. */
const char *mg_settings_read(bool *any);
/* One setting by its row's name. NULL, or what is wrong (static text). */
const char *mg_settings_set(const char *name, const char *value);

/* Values as rows and SPECs write them. False when the text is none. */
bool mg_parse_bytes(const char *text, size_t length, int64_t *bytes);
bool mg_parse_fate(const char *text, size_t length, enum mg_fate *fate);

#endif
