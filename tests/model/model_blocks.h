/* src/ brought to life for a case: its books, its heaps over arenas.c, nothing else. */
#ifndef MODEL_BLOCKS_H
#define MODEL_BLOCKS_H

#include "accounts.h"
#include "charges.h"
#include "classes.h"
#include "grants.h"
#include "heap.h"
#include "lanes.h"
#include "libraries.h"
#include "memgrant.h"
#include "model.h"
#include "self.h"
#include "settings.h"

#define MODEL_BLOCK ((size_t)64) /* every block's usable size */
#define LIBRARY MG_LIBRARY_REST

/* Blocks that are in a thread's cache or free in an arena. After the execution. */
size_t model_free_blocks(void);

static inline void model_start(void)
{
    bool any;
    CHECK(!mg_settings_read(&any));
    mg_classes.count = 1;
    mg_classes.size[1] = MODEL_BLOCK;
    for (size_t i = 0; i <= MODEL_BLOCK / 8; i++)
        mg_classes.small[i] = 1;
    CHECK(mg_heap_start() && mg_window_start() && mg_lanes_make_key() && mg_lanes_start());
    mg_rows_start();
    CHECK(mg_accounts_start("process", 1));
    mg_active = true;
}

static inline struct mg_account *model_open(const char *name)
{
    struct mg_account *account = mg_account_open(name, mg_root(), -1);
    CHECK(account);
    return account;
}

static inline void *model_allocate(void)
{
    void *block = NULL;
    CHECK(mg_allocate(LIBRARY, MODEL_BLOCK, 0, 0, &block));
    CHECK(block);
    *(long *)block = 1; /* its owner uses it */
    return block;
}

/* What the account's books say of the library now, lanes and strangers' frees included. */
static inline struct mg_book model_read(struct mg_account *account)
{
    struct mg_book books[MG_LIBRARIES] = { 0 };
    mg_lock(&mg_books_lock);
    mg_accounts_add_books(account, books);
    mg_lanes_add_books(account, books);
    mg_unlock(&mg_books_lock);
    return books[LIBRARY];
}

static inline int64_t model_used(struct mg_account *account)
{
    struct mg_book book = model_read(account);
    return book.charged - book.refunded;
}

#endif
