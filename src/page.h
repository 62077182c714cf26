/* The live page: what is used by whom now, in shared memory that anybody who may see the process's files reads from outside, without its
 * help (`memgrant top`). A contract with readers that were built at another time: the version changes with any change.
 *
 * Two copies, written in turn, so that one is whole whenever the process stops. A reader takes the number `latest`, reads copy
 * latest % 2, and has it whole if the copy's `begun`, read last, and `ended` both are that number. It checks all else too: who
 * wrote it is not known. Times are CLOCK_MONOTONIC's, sizes bytes. */
#ifndef MG_PAGE_H
#define MG_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

#define MG_LIVE_NAME "memgrant"
#define MG_LIVE_MAGIC 0x746e6172676d656dull /* "memgrant" where the lowest byte comes first */
enum { MG_LIVE_VERSION = 1, MG_LIVE_ACCOUNTS = 128, MG_LIVE_LIBRARIES = 96 };

struct mg_live_account {
    char name[96];
    uint64_t id, parent; /* parent 0: the root */
    int64_t limit;       /* -1 none */
    int64_t granted, used, peak, overdraft_peak, lent, denials, waiting_ns, waiting_bytes;
};

struct mg_live_library {
    char name[64];
    int64_t used, peak, charged, refunded, allocations, frees, denials;
};

struct mg_live_copy {
    _Atomic(uint64_t) begun;
    int64_t published_ns;
    int64_t enforcing, invariants_broken, passed_requests, passed_bytes;
    uint64_t accounts, accounts_left_out, libraries;
    struct mg_live_account account[MG_LIVE_ACCOUNTS];
    struct mg_live_library library[MG_LIVE_LIBRARIES];
    _Atomic(uint64_t) ended;
};

struct mg_live_page {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    int64_t process; /* its number where it runs, in a container the container's */
    _Atomic(uint64_t) latest;
    struct mg_live_copy copy[2];
};

#endif
