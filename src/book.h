/* A book: what was charged and refunded. Runs inside malloc. */
#ifndef MG_BOOK_H
#define MG_BOOK_H

#include "base.h"

/* Bytes and blocks of one library. */
struct mg_book {
    int64_t charged, refunded, allocations, frees;
};

static inline void mg_book_add(struct mg_book *to, const struct mg_book *book)
{
    to->charged += book->charged;
    to->refunded += book->refunded;
    to->allocations += book->allocations;
    to->frees += book->frees;
}

static inline int64_t mg_book_used(const struct mg_book *book)
{
    return book->charged - book->refunded;
}

#endif
