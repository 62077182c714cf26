/* Heaps and rows are found complete by those who come across them while they are made. */
#include "model_blocks.h"
#include "specs.h"

static struct mg_account *task;

static void open_a_task(void)
{
    task = model_open("task");
}

/* As for the overhead and the root's books: every heap, whoever's. */
static void look_at_all_heaps(void)
{
    for (unsigned i = 0; i < mg_heap_count(); i++) {
        struct mg_heap *heap = mg_heap_at(i);
        if (heap)
            CHECK(heap->index == i && heap->arena_count == 1);
    }
}

static void trim(void)
{
    mg_heaps_trim();
}

static void two_heaps(void)
{
    CHECK(mg_heap_count() == 2 && task->heap->index == 1);
}

static struct mg_lock row_lock; /* the one of libraries.c */
static unsigned slot;

static void a_target(void)
{
    model_start();
    mg_settings.targets = "libtarget*";
    CHECK(!mg_specs_start(false));
}

static void meet_the_target(void)
{
    mg_lock(&row_lock);
    slot = mg_rows_find("/lib/libtarget.so");
    mg_unlock(&row_lock);
}

static void look_at_all_rows(void)
{
    for (unsigned i = MG_LIBRARY_FIRST; i < mg_library_count(); i++)
        CHECK(mg_libraries[i].role == MG_ROLE_TARGET && *mg_libraries[i].name);
}

static void there_is_one_row(void)
{
    CHECK(slot == MG_LIBRARY_FIRST && mg_library_count() == MG_LIBRARY_FIRST + 1);
}

const struct model_case model_cases[] = { { "a heap is made while all are looked at",
                                            model_start,
                                            { open_a_task, look_at_all_heaps, trim },
                                            two_heaps,
                                            0 },
                                          { "a row is made while all are looked at",
                                            a_target,
                                            { meet_the_target, look_at_all_rows },
                                            there_is_one_row,
                                            0 },
                                          { 0 } };
