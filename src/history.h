/* How what is used grew: points in time since the process began to count, or was forked. There are never more than MG_HISTORY_POINTS: when
 * they are all taken, neighbours become one, and of each figure the highest is kept, so that no peak goes. A point is added with each live
 * page (live.h), where it costs little beside that, and one where a time ends in which nothing moved; where there is no page there is no
 * history. Under the books' lock. Runs inside malloc. */
#ifndef MG_HISTORY_H
#define MG_HISTORY_H

#include "base.h"
#include "json.h"

enum { MG_HISTORY_POINTS = 512, MG_HISTORY_ACCOUNTS = 8, MG_HISTORY_LIBRARIES = 16 };

struct mg_history_account {
    uint64_t id; /* 0: none */
    int64_t used;
};

/* Of the process at one time: bytes used and the most there was until then, Spark's word (-1: nobody grants), the limit (-1: none), and how
 * often somebody was denied until then. */
struct mg_history_total {
    int64_t used, peak, granted, limit, denials;
};

/* By kind of figure, so that the pages of libraries that use nothing are never touched. The highest since the point before. */
struct mg_history {
    int64_t libraries[MG_LIBRARIES][MG_HISTORY_POINTS];
    int64_t ms[MG_HISTORY_POINTS], used[MG_HISTORY_POINTS], granted[MG_HISTORY_POINTS];
    int64_t limit[MG_HISTORY_POINTS], denials[MG_HISTORY_POINTS];
    /* Of the accounts right below the root those that used most, the largest first. */
    struct mg_history_account accounts[MG_HISTORY_POINTS][MG_HISTORY_ACCOUNTS];
    unsigned count;
    int64_t interval_ms;        /* in each of these, counted from the start, is at most one point */
    bool is_used[MG_LIBRARIES]; /* has a figure */
};

/* Without memory there is no history. Runs at startup. */
void mg_history_start(void);
/* A point for now: a new one, or the last once more. What follows is said of it. */
void mg_history_begin(int64_t now_ns);
void mg_history_library(unsigned library, int64_t used, int64_t peak);
void mg_history_account(uint64_t id, int64_t used);
void mg_history_end(const struct mg_history_total *total);
/* NULL: there is none. */
const struct mg_history *mg_history_read(void);
/* The report's part; none where its memory is lacking. */
void mg_history_add(struct mg_text *text);
/* The child's begins with it. */
void mg_history_after_fork_in_child(void);

#endif
