/* Leaks: who asked for what a scope leaves in use when it ends, said in a line, where stacks are taken. Runs on request. */
#ifndef MG_LEAKS_H
#define MG_LEAKS_H

#include "accounts.h"

struct mg_leaks {
    char name[96];
    uint64_t *ids; /* NULL: nothing is to be said */
    unsigned count;
    size_t size; /* of the memory that they are in */
};

/* Notes the account and all in it. Under the books' lock. Where no stacks are taken it does nothing. */
void mg_leaks_note(struct mg_leaks *leaks, const struct mg_account *account);
/* So many bytes were left; 0: nothing is said. Under no lock. */
void mg_leaks_say(struct mg_leaks *leaks, int64_t bytes);

/* Frees what was noted. */
void mg_leaks_forget(struct mg_leaks *leaks);

#endif
