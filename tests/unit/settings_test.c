/* Settings come from their rows' defaults, then the environment, then the plugin; what is wrong is said in one line. */
#include "settings.h"
#include "test.h"

#include <string.h>

static bool parses(const char *text, int64_t expected)
{
    int64_t bytes = -7;
    bool good = mg_parse_bytes(text, strlen(text), &bytes);
    return expected < 0 ? !good : good && bytes == expected;
}

static void sizes_take_powers_of_1024(void)
{
    CHECK(parses("0", 0) && parses("17", 17));
    CHECK(parses("3k", 3072) && parses("3K", 3072));
    CHECK(parses("64m", 64 << 20) && parses("2g", (int64_t)2 << 30));
    CHECK(parses("", -1) && parses("k", -1) && parses("-1", -1) && parses("1.5g", -1) && parses("12q", -1));
    CHECK(parses("1 k", -1) && parses(" 1", -1) && parses("0x10", -1));
    CHECK(parses("9223372036854775807", INT64_MAX));
    CHECK(parses("9223372036854775808", -1) && parses("9007199254740992k", -1) && parses("99999999999g", -1));
}

static void the_environment_beats_the_defaults(void)
{
    bool any = true;
    CHECK(!mg_settings_read(&any) && !any);
    CHECK_EQ(mg_settings.limit, -1);
    CHECK_EQ(mg_settings.lane_batch, 64 << 10);
    CHECK(mg_settings.mode == MG_MODE_UNSET && mg_settings.on_denial == MG_FATE_UNSET &&
          !*mg_settings.targets);
    setenv("MEMGRANT_LIMIT", "5m", 1);
    setenv("MEMGRANT_ON_DENIAL", "overdraft", 1);
    setenv("MEMGRANT_MODE", "enforce", 1);
    setenv("MEMGRANT_TARGETS", "liba;libb*,limit=1k", 1);
    CHECK(!mg_settings_read(&any) && any);
    CHECK_EQ(mg_settings.limit, 5 << 20);
    CHECK(mg_settings.on_denial == MG_FATE_OVERDRAFT && mg_settings.mode == MG_MODE_ENFORCE);
    CHECK(!strcmp(mg_settings.targets, "liba;libb*,limit=1k"));
}

static void the_plugin_beats_the_environment(void)
{
    char word[] = "stop";
    CHECK(!mg_settings_set("on_denial", word));
    memset(word, 'x', 4); /* the caller's text goes */
    CHECK(mg_settings.on_denial == MG_FATE_STOP);
    char name[] = "libc*";
    CHECK(!mg_settings_set("targets", name));
    memset(name, 'x', 4);
    CHECK(!strcmp(mg_settings.targets, "libc*"));
    CHECK(!mg_settings_set("limit", "") && mg_settings.limit == -1);
}

static void complaint_names(const char *name, const char *value, const char *about)
{
    const char *wrong = mg_settings_set(name, value);
    CHECK(wrong && strstr(wrong, about) && strstr(wrong, *value ? value : name) && !strchr(wrong, '\n'));
}

static void what_is_wrong_is_said(void)
{
    complaint_names("on_denial", "never", "fail, stop or overdraft");
    complaint_names("mode", "on", "observe, enforce or off");
    complaint_names("limit", "lots", "size");
    complaint_names("children", "maybe", "true or false");
    complaint_names("deny_nth", "-3", "number");
    complaint_names("deny_threads", "all", "any, task or others");
    complaint_names("deny_route", "brk", "any, malloc, new or mmap");
    CHECK(strstr(mg_settings_set("colour", "red"), "colour"));
    bool any;
    setenv("MEMGRANT_COLOUR", "red", 1);
    CHECK(strstr(mg_settings_read(&any), "colour"));
    unsetenv("MEMGRANT_COLOUR");
    CHECK(!mg_settings_read(&any));
}

int main(void)
{
    sizes_take_powers_of_1024();
    the_environment_beats_the_defaults();
    the_plugin_beats_the_environment();
    what_is_wrong_is_said();
    return 0;
}
