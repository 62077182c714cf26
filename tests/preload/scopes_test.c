/* Scopes in a program: what a library takes between begin and end is the scope's, on whatever thread works for it; limits hold; nesting, and
 * ends in the wrong order; what is left is told and goes up; fork. */
#include "libs/libs.h"
#include "test.h"

#include <memgrant_scope.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KB = 1 << 10, MB = 1 << 20 };

static pthread_barrier_t step;

static void what_is_allocated_in_between_is_the_scopes(void)
{
    void *before = target_malloc(MB);
    mg_scope scope = mg_scope_begin("parse", MG_SCOPE_NO_LIMIT);
    CHECK(scope > 0);
    CHECK_EQ(mg_scope_used(scope), 0);
    void *inside = target_malloc(2 * MB);
    CHECK_EQ(mg_scope_used(scope), 2 * MB);
    target_free(before);
    CHECK_EQ(mg_scope_used(scope), 2 * MB);
    target_free(inside);
    CHECK_EQ(mg_scope_used(scope), 0);
    CHECK_EQ(mg_scope_end(scope), 0);
    CHECK_EQ(mg_scope_peak(scope), 2 * MB);
    void *after = target_malloc(MB);
    CHECK_EQ(mg_scope_used(scope), 0);
    target_free(after);
    CHECK_EQ(mg_scope_end(scope), 0); /* it has ended: nothing */
}

static void a_scopes_limit_refuses_and_what_is_freed_can_be_had_again(void)
{
    mg_scope scope = mg_scope_begin("small", 4 * MB);
    void *first = target_malloc(3 * MB);
    CHECK(first);
    CHECK(!target_malloc(2 * MB));
    target_free(first);
    first = target_malloc(4 * MB);
    CHECK(first);
    target_free(first);
    CHECK_EQ(mg_scope_end(scope), 0);
    first = target_malloc(8 * MB);
    CHECK(first);
    target_free(first);
}

static mg_scope shared, second;
static void *take_its_share(void *block)
{
    CHECK(mg_scope_enter(shared));
    second = mg_scope_begin("second", MG_SCOPE_NO_LIMIT);
    CHECK_EQ(mg_scope_fair_share(second), 4 * MB);
    CHECK(!target_malloc(3 * MB));
    pthread_barrier_wait(&step); /* the first one frees 2 MB, and wants to have them again */
    pthread_barrier_wait(&step);
    *(void **)block = target_malloc(3 * MB);
    CHECK(*(void **)block);
    return NULL;
}

static void a_limit_is_divided_fairly(void)
{
    pthread_t thread;
    void *blocks[2], *of_second;
    CHECK(!pthread_barrier_init(&step, NULL, 2));
    shared = mg_scope_begin("shared", 8 * MB);
    CHECK(mg_scope_share_fairly(shared, 1));
    mg_scope first = mg_scope_begin("first", MG_SCOPE_NO_LIMIT);
    CHECK_EQ(mg_scope_fair_share(first), 8 * MB);
    CHECK((blocks[0] = target_malloc(5 * MB)) && (blocks[1] = target_malloc(2 * MB)));
    CHECK(!pthread_create(&thread, NULL, take_its_share, &of_second));
    pthread_barrier_wait(&step);
    target_free(blocks[1]);
    CHECK(!target_malloc(2 * MB));
    pthread_barrier_wait(&step);
    CHECK(!pthread_join(thread, NULL));
    target_free(blocks[0]);
    target_free(of_second);
    CHECK_EQ(mg_scope_end(shared), 0);
    CHECK(!mg_scope_share_fairly(shared, 1));
    CHECK_EQ(mg_scope_fair_share(second), -1);
}

static void what_is_left_goes_to_another_scope(void)
{
    mg_scope here = mg_scope_here();
    mg_scope heir = mg_scope_begin("heir", MB);
    mg_scope_leave(here);
    mg_scope scope = mg_scope_begin("scope", MG_SCOPE_NO_LIMIT);
    void *block = target_malloc(2 * MB);
    CHECK_EQ(mg_scope_end_into(scope, scope), -1);
    CHECK(!mg_scope_is_over_limit(heir));
    CHECK_EQ(mg_scope_end_into(scope, heir), 2 * MB);
    CHECK_EQ(mg_scope_used(heir), 2 * MB);
    CHECK(mg_scope_is_over_limit(heir));
    CHECK(mg_scope_here() == here);
    target_free(block);
    CHECK(!mg_scope_is_over_limit(heir));
    CHECK_EQ(mg_scope_end(heir), 0);
}

static void a_block_goes_to_another_scope(void)
{
    mg_scope here = mg_scope_here(), heir = mg_scope_begin("heir", MB);
    mg_scope_leave(here);
    mg_scope scope = mg_scope_begin("scope", MG_SCOPE_NO_LIMIT);
    void *goes = target_malloc(2 * MB), *stays = target_malloc(KB), *foreign = malloc(KB);
    CHECK_EQ(mg_scope_transfer(goes, heir), 2 * MB);
    CHECK_EQ(mg_scope_transfer(foreign, heir), 0);
    CHECK_EQ(mg_scope_used(scope), KB);
    CHECK_EQ(mg_scope_used(heir), 2 * MB);
    CHECK(mg_scope_is_over_limit(heir));
    target_free(stays);
    CHECK_EQ(mg_scope_end(scope), 0);
    CHECK_EQ(mg_scope_transfer(goes, scope), -1);
    goes = target_realloc(goes, 3 * MB); /* whoever asks for more has all of it */
    CHECK_EQ(mg_scope_used(heir), 0);
    target_free(goes);
    free(foreign);
    CHECK_EQ(mg_scope_end(heir), 0);
}

static void libraries_have_a_scope_in_common(void)
{
    mg_scope one = mg_scope_share("common", MB, 0), other = mg_scope_share("common", MB, 1);
    CHECK(one && one == other); /* a plain program has no tasks */
    mg_scope before = mg_scope_enter(one);
    void *block = target_malloc(KB);
    mg_scope_leave(before);
    CHECK_EQ(mg_scope_let_go(one), 0);
    CHECK_EQ(mg_scope_used(one), KB);
    target_free(block);
    CHECK_EQ(mg_scope_let_go(one), 0);
    CHECK(!mg_scope_enter(one));
}

static void scopes_nest_and_an_outer_end_ends_the_inner_ones(void)
{
    mg_scope outer = mg_scope_begin("outer", 4 * MB);
    mg_scope inner = mg_scope_begin("inner", MG_SCOPE_NO_LIMIT);
    void *block = target_malloc(3 * MB);
    CHECK_EQ(mg_scope_used(outer), 3 * MB);
    CHECK_EQ(mg_scope_used(inner), 3 * MB);
    CHECK(!target_malloc(2 * MB)); /* the outer one's limit */
    CHECK_EQ(mg_scope_end(outer), 3 * MB);
    CHECK_EQ(mg_scope_end(inner), 0);
    target_free(block);
    mg_scope third = mg_scope_begin("third", MG_SCOPE_NO_LIMIT);
    block = target_malloc(KB);
    CHECK_EQ(mg_scope_used(third), KB);
    target_free(block);
    CHECK_EQ(mg_scope_end(third), 0);
}

static void the_tree_fits_on_a_screen(void)
{
    mg_scope outer = mg_scope_begin("printed", 4 * MB);
    mg_scope inner = mg_scope_begin("inside", MG_SCOPE_NO_LIMIT);
    void *block = target_malloc(MB);
    int ends[2];
    char text[4096] = "";
    CHECK(!pipe(ends));
    CHECK(mg_account_print(outer, ends[1]));
    CHECK(read(ends[0], text, sizeof text - 1) > 0);
    CHECK(strstr(text, "printed: used 1048576, granted ") == text);
    CHECK(strstr(text, ", peak 1048576, limit 4194304, of process's grant, "));
    CHECK(strstr(text, "\n  inside: used 1048576, "));
    CHECK(!strchr(strchr(strchr(text, '\n') + 1, '\n') + 1, '\n'));
    char json[4096] = "";
    CHECK(mg_account_print_json(outer, ends[1]));
    CHECK(read(ends[0], json, sizeof json - 1) > 0);
    CHECK(strstr(json, "{\"id\":") == json && strstr(json, ",\"name\":\"printed\","));
    CHECK(strstr(json, ",\"libraries\":[{\"name\":\"libtarget.so\",\"used\":1048576,\"charged\":1048576,"));
    CHECK(strstr(json, ",\"children\":[{\"id\":"));
    CHECK_EQ(mg_scope_end(outer), MB);
    CHECK(!mg_account_print(inner, ends[1]));
    CHECK(!mg_account_print_json(outer, ends[1]));
    target_free(block);
}

static void too_many_nested_charge_the_last_one(void)
{
    mg_scope scopes[12];
    int depth = 0;
    for (int i = 0; i < 12; i++)
        depth += (scopes[i] = mg_scope_begin("deep", MG_SCOPE_NO_LIMIT)) != 0;
    CHECK_EQ(depth, 7);
    void *block = target_malloc(KB);
    CHECK_EQ(mg_scope_used(scopes[6]), KB);
    target_free(block);
    for (int i = 11; i >= 0; i--)
        CHECK_EQ(mg_scope_end(scopes[i]), 0);
}

static void what_is_left_is_told_and_freed_later_without_harm(void)
{
    mg_scope outer = mg_scope_begin("outer", MG_SCOPE_NO_LIMIT);
    mg_scope scope = mg_scope_begin("forgetful", MG_SCOPE_NO_LIMIT);
    void *kept = target_malloc(64 * KB);
    CHECK_EQ(mg_scope_end(scope), 64 * KB);
    CHECK_EQ(mg_scope_used(outer), 64 * KB);
    target_free(kept);
    CHECK_EQ(mg_scope_used(outer), 0);
    CHECK_EQ(mg_scope_end(outer), 0);
}

static mg_scope handed;
static void *work_for_it(void *block)
{
    mg_scope before = mg_scope_enter(handed);
    CHECK(before);
    *(void **)block = target_malloc(MB);
    mg_scope_leave(before);
    void *own = target_malloc(2 * MB);
    CHECK_EQ(mg_scope_used(handed), MB);
    target_free(own);
    CHECK_EQ(mg_scope_enter(12345), 0);
    return NULL;
}

static void a_scope_is_handed_to_another_thread(void)
{
    pthread_t thread;
    void *block = NULL;
    handed = mg_scope_begin("handed", MG_SCOPE_NO_LIMIT);
    CHECK(!pthread_create(&thread, NULL, work_for_it, &block));
    CHECK(!pthread_join(thread, NULL));
    CHECK_EQ(mg_scope_used(handed), MB);
    target_free(block);
    CHECK_EQ(mg_scope_used(handed), 0);
    CHECK_EQ(mg_scope_end(handed), 0);
}

/* One that is still inside goes on above; two end it at once. */
static void *stay(void *unused)
{
    (void)unused;
    mg_scope before = mg_scope_enter(handed);
    void *block = target_malloc(KB);
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    target_free(block);
    target_free(target_malloc(MB));
    CHECK_EQ(mg_scope_end(handed), 0);
    mg_scope_leave(before);
    return NULL;
}

static void a_scope_ends_around_a_thread(void)
{
    pthread_t thread;
    handed = mg_scope_begin("left behind", MG_SCOPE_NO_LIMIT);
    CHECK(!pthread_barrier_init(&step, NULL, 2));
    CHECK(!pthread_create(&thread, NULL, stay, NULL));
    pthread_barrier_wait(&step);
    CHECK_EQ(mg_scope_end(handed), KB); /* not what the thread holds prepaid */
    pthread_barrier_wait(&step);
    CHECK(!pthread_join(thread, NULL));
}

static void a_forks_child_goes_on_in_the_scope(void)
{
    mg_scope scope = mg_scope_begin("before fork", MG_SCOPE_NO_LIMIT);
    void *block = target_malloc(MB);
    pid_t child = fork();
    if (!child) {
        void *more = target_malloc(MB);
        CHECK_EQ(mg_scope_used(scope), 2 * MB);
        target_free(more);
        target_free(block);
        CHECK_EQ(mg_scope_end(scope), 0);
        _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK_EQ(mg_scope_used(scope), MB);
    target_free(block);
    CHECK_EQ(mg_scope_end(scope), 0);
}

int main(void)
{
    what_is_allocated_in_between_is_the_scopes();
    a_scopes_limit_refuses_and_what_is_freed_can_be_had_again();
    a_limit_is_divided_fairly();
    what_is_left_goes_to_another_scope();
    a_block_goes_to_another_scope();
    libraries_have_a_scope_in_common();
    scopes_nest_and_an_outer_end_ends_the_inner_ones();
    the_tree_fits_on_a_screen();
    too_many_nested_charge_the_last_one();
    what_is_left_is_told_and_freed_later_without_harm();
    a_scope_is_handed_to_another_thread();
    a_scope_ends_around_a_thread();
    a_forks_child_goes_on_in_the_scope();
    return 0;
}
