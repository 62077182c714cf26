/* What all who grant and deny share: whether grants are enforced, who gives them, and counts for the report. Runs inside malloc. */
#ifndef MG_GRANTING_H
#define MG_GRANTING_H

#include "base.h"

/* Fixed before the first charge, but for `enforcing`, which the plugin switches, and a fork child ends. */
struct mg_grants {
    _Atomic(bool) enforcing;
    bool by_couriers; /* Spark grants; else the limit is the grant */
    /* For the report. */
    _Atomic(int64_t) requests, crossings, bytes_acquired, bytes_released, wait_ns_max;
    _Atomic(int64_t) levers_pulled, levers_claimed, levers_freed;
};
extern struct mg_grants mg_grants;

#endif
