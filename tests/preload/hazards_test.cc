// fail denies where a denial can be borne, and lets bytes pass as overdraft where it would be the process's end.
#include "libs/hazards.h"
#include "libs/libs.h"
#include "test.h"

#include <cerrno>
#include <dlfcn.h>

static const size_t limit = 64u << 20;
static const size_t large = 300000; // more than smallest_denial
static void *library;

#define CALL(name) (reinterpret_cast<decltype(&name)>(dlsym(library, #name)))

static void use_up_the_limit()
{
    while (target_malloc(1 << 20))
        ;
    while (target_malloc(1000))
        ;
    errno = 0;
    CHECK(!target_malloc(1000) &&
          errno == ENOMEM); // malloc's callers are told the truth about the smallest block
}

// Whoever would catch it stands on the other side of the dynamic linker.
static void a_library_can_be_loaded()
{
    void *(*volatile open)(const char *, int) = dlopen; // which is declared never to throw
    try {
        library = open("libhazards.so", RTLD_NOW);
    } catch (...) {
        library = nullptr;
    }
    CHECK(library && CALL(hazards_table)());
}

static void what_nobody_could_catch_passes()
{
    void *(*const ways[])(size_t) = { CALL(hazards_noexcept),       CALL(hazards_destructor),
                                      CALL(hazards_thread),         CALL(hazards_old_thread),
                                      CALL(hazards_unwinding),      CALL(hazards_wrongly_caught),
                                      CALL(hazards_caught_too_late) };
    for (auto way : ways) {
        void *block = way(large);
        CHECK(block != nullptr);
        CALL(hazards_drop)(block);
    }
}

static void what_is_caught_is_denied()
{
    CHECK(!CALL(hazards_caught)(large));
    CHECK(!CALL(hazards_caught_on_thread)(large));
    void *small = CALL(hazards_caught)(1000); // no gain, and a risk
    CHECK(small);
    CALL(hazards_drop)(small);
}

// A program without a JVM has its limit, and an eighth more for these.
static void little_adds_up()
{
    size_t bytes = 0;
    while (CALL(hazards_caught)(1000))
        bytes += 1024;
    CHECK(bytes > limit / 16 && bytes <= limit / 8);
}

int main()
{
    use_up_the_limit();
    a_library_can_be_loaded();
    what_nobody_could_catch_passes();
    what_is_caught_is_denied();
    little_adds_up();
    return 0;
}
