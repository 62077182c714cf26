/* Settings, SPECs and profiles as nobody would write them: each is taken or refused in a sentence, and nothing is read or written beside
 * them. Under the sanitizers this says the most; FUZZ_ROUNDS=n for n times as many (make fuzz). */
#include "mutations.h"
#include "settings.h"
#include "specs.h"
#include "test.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const char mg_profiles_text[];

/* As long as what is kept of a pattern, of threads' names, and of an environment's variable. */
#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A126 A32 A32 A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
static const char *const words[] = { A32,
                                     ";" A32 A32 ";",
                                     ",pool-threads=" A32,
                                     ",environment=A=" A126,
                                     ",",
                                     "=",
                                     ";",
                                     "+",
                                     "*",
                                     "\n",
                                     "#",
                                     "java:",
                                     ",limit=",
                                     "9223372036854775807",
                                     "limit=",
                                     "closers",
                                     "?",
                                     "on-denial=",
                                     "fail",
                                     "*a*a*a*a*a",
                                     "yes",
                                     "no",
                                     "99999999999999999999g",
                                     "t",
                                     "-1",
                                     "leaves",
                                     "environment=A=B",
                                     "pool-threads=",
                                     "nested=",
                                     "copes=",
                                     "charges-itself=" };
enum { WORDS = sizeof words / sizeof *words, LONGEST = 20000 };

static const char *const names[] = {
    "librocksdbjni-linux64.so",
    "libc.so.6",
    "",
    "a",
    "org.apache.arrow.memory.Allocator",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
};
enum { NAMES = sizeof names / sizeof *names };

/* In memory that ends where the text does. */
static char *exact(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    CHECK(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static void check_refusal(const char *wrong)
{
    if (wrong)
        CHECK(strlen(wrong) > 10 && strlen(wrong) < 1000);
}

static void look_everything_up(void)
{
    for (int i = 0; i < NAMES; i++) {
        struct mg_spec spec;
        if (mg_specs_find(names[i], &spec)) {
            CHECK(strlen(spec.pattern) < sizeof spec.pattern);
            CHECK(strlen(spec.pool_threads) < sizeof spec.pool_threads);
            CHECK(strlen(spec.environment) < sizeof spec.environment);
            mg_names_hold(&spec.closers, names[i]);
            mg_names_hold(&spec.leaves, names[i]);
        }
        mg_specs_class_charges_itself(names[i]);
    }
    for (unsigned n = 0; mg_specs_java(n); n++)
        mg_spec_holds_class(mg_specs_java(n), names[4]);
}

static void targets_are_taken_or_refused(void)
{
    static const char *const seeds[] = {
        "liba*,limit=2g,on-denial=overdraft,copes=yes,pool-threads=pool:*;;libb",
        "liba,nested=yes,closers=leaveIt+end_*,leaves=size;libb,nested=no,environment=A=b+c;java:org.apache.*,limit=1k",
        "*"
    };
    static char text[LONGEST];
    for (long i = mutations_rounds(3000); i > 0; i--) {
        const char *seed = seeds[mutations_next(3)];
        size_t length = strlen(seed);
        memcpy(text, seed, length);
        char *mutated = exact(text, mutations_apply(text, length, sizeof text, words, WORDS));
        mg_settings.targets = mutated;
        const char *wrong = mg_specs_start(mutations_next(2));
        check_refusal(wrong);
        if (!wrong)
            look_everything_up();
        mg_settings.targets = "";
        CHECK(!mg_specs_start(false)); /* nobody points into the text any more */
        free(mutated);
    }
}

static void profiles_are_taken_or_refused(void)
{
    static char text[LONGEST];
    char path[] = "profiles.XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0);
    for (long i = mutations_rounds(500); i > 0; i--) {
        size_t length = strlen(mg_profiles_text);
        memcpy(text, mg_profiles_text, length);
        length = mutations_apply(text, length, sizeof text, words, WORDS);
        CHECK(!ftruncate(file, 0) && pwrite(file, text, length, 0) == (ssize_t)length);
        mg_settings.profiles = path;
        const char *wrong = mg_specs_start(true);
        check_refusal(wrong);
        if (!wrong)
            look_everything_up();
    }
    mg_settings.profiles = "";
    unlink(path);
    close(file);
}

static void settings_are_taken_or_refused(void)
{
    static const char *const rows[] = {
#define MG_SETTING(name, type, value, help) #name,
#include "settings.def"
#undef MG_SETTING
    };
    static const char *const seeds[] = { "512m", "true", "enforce", "4096", "overdraft", "/tmp/report.json",
                                         "" };
    char text[200];
    for (long i = mutations_rounds(1000); i > 0; i--) {
        const char *seed = seeds[mutations_next(7)];
        size_t length = strlen(seed);
        memcpy(text, seed, length);
        char *value = exact(text, mutations_apply(text, length, sizeof text, words, WORDS));
        check_refusal(mg_settings_set(rows[mutations_next(sizeof rows / sizeof *rows)], value));
        check_refusal(mg_settings_set(value, "1"));
        free(value);
    }
    bool any;
    unsetenv("MEMGRANT_REPORT");
    CHECK(!mg_settings_read(&any));
}

int main(void)
{
    bool any;
    CHECK(!mg_settings_read(&any));
    targets_are_taken_or_refused();
    profiles_are_taken_or_refused();
    settings_are_taken_or_refused();
    return 0;
}
