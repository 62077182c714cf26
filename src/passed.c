#include "passed.h"

#include "rows.h"
#include "say.h"

struct mg_passed mg_passed;

static const char *const reasons[MG_PASSED_REASONS] = {
    [MG_PASSED_MEMORY] = "there is no room in our part of the address space, or no memory",
    [MG_PASSED_LANES] = "more threads allocate at once than we have lanes for",
    [MG_PASSED_THREAD] = "there is no memory for a thread's part of the books",
    [MG_PASSED_TAGS] = "its account has blocks of too many libraries",
    [MG_PASSED_TABLE] = "there is no memory for the table of mappings",
};
static _Atomic(bool) said[MG_PASSED_REASONS];

void mg_pass(unsigned library, int64_t bytes, enum mg_passed_why why)
{
    MG_ADD(mg_passed.requests, 1);
    MG_ADD(mg_passed.bytes, bytes);
    if (reasons[why] && !MG_LOAD(said[why]) &&
        !atomic_exchange_explicit(&said[why], true, memory_order_relaxed))
        mg_say(
            "what %s asks for is passed on and not counted: %s; the report says how much that was (\"passed\")",
            mg_libraries[library].name, reasons[why]);
}
