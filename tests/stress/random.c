/* model SECONDS: the randomized test in a process whose malloc is ours (the library's objects are linked in, so that the
 * test sees the books): three libraries call every function that interpose/ stands in for. MEMGRANT_* says how. */
#include "random/run.h"

#include <sys/prctl.h>

static unsigned slot_called(const char *name)
{
    for (unsigned i = 0; i < mg_library_count(); i++)
        if (!strcmp(mg_library_name(i), name))
            return i;
    return 0;
}

int main(int count, char **words)
{
    CHECK(count == 2 && mg_active);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    model.calls[0] = calls_one();
    model.calls[1] = calls_two();
    model.calls[BYSTANDER] = calls_bystander();
    model.libraries[0] = slot_called("libcalls_one");
    model.libraries[1] = slot_called("libcalls_two");
    CHECK(mg_library_is_target(model.libraries[0]) && mg_library_is_target(model.libraries[1]));
    model.enforcing = MG_LOAD(mg_grants.enforcing);
    model.forks = true;
    model_begin(model_seed());
    model_run(atof(words[1]));
    return 0;
}
