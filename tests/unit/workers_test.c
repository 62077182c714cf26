/* The report holds what was said last of processes that work for this one; a fork's child has none. */
#include "unit.h"

#include <sys/wait.h>

static bool report_has(const char *part)
{
    size_t length;
    char *text = mg_report_text(&length);
    CHECK(text);
    bool found = strstr(text, part);
    mg_report_free(text, length);
    return found;
}

static void nobody_works_for_whoever_says_nothing(void)
{
    CHECK(!report_has("\"workers\":"));
}

static void the_report_holds_what_was_said_last(void)
{
    mg_workers_say("[{\"pid\":1}]");
    mg_workers_say("[{\"pid\":2},{\"pid\":3}]");
    CHECK(report_has(",\"workers\":[{\"pid\":2},{\"pid\":3}]}\n"));
    CHECK(!report_has("{\"pid\":1}"));
}

static void more_than_a_page_is_held_whole(void)
{
    enum { LONG = 300000 };
    char *json = malloc(LONG + 1);
    CHECK(json);
    memset(json, ' ', LONG);
    json[0] = '[';
    memcpy(json + LONG - 5, "\"z\"]", 5);
    mg_workers_say(json);
    CHECK(report_has("\"z\"]}\n"));
    free(json);
}

__attribute__((unused)) static void a_childs_report_has_none(void)
{
    pid_t child = fork();
    if (!child)
        _exit(report_has("\"workers\":") ? 1 : 0);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK(report_has("\"workers\":"));
}

int main(void)
{
    unit_start("observe", NULL);
    nobody_works_for_whoever_says_nothing();
    the_report_holds_what_was_said_last();
    more_than_a_page_is_held_whole();
#ifdef __SANITIZE_THREAD__
    printf("no child: jemalloc takes more locks around fork than the 64 that ThreadSanitizer can follow\n");
#else
    a_childs_report_has_none();
#endif
    return 0;
}
