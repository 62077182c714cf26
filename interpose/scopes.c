/* What include/memgrant_scope.h offers programs. */
#include "memgrant.h"
#include "os.h"

#include <string.h>

#define MG_SCOPE_DEFINED_HERE
#include <memgrant_scope.h>

mg_scope mgx_scope_begin(const char *name, int64_t limit)
{
    return mg_scopes_begin(name, limit);
}

int64_t mgx_scope_end(mg_scope scope)
{
    return mg_scopes_end(scope);
}

int64_t mgx_scope_end_into(mg_scope scope, mg_scope heir)
{
    return mg_scopes_end_into(scope, heir);
}

int64_t mgx_scope_transfer(const void *block, mg_scope to)
{
    return mg_scopes_transfer(block, 0, to);
}

mg_scope mgx_scope_here(void)
{
    return mg_scope_here();
}

mg_scope mgx_scope_share(const char *name, int64_t limit, int with_all_tasks)
{
    int64_t above = with_all_tasks ? mg_account_handle(mg_root()) : mg_scope_task();
    return mg_active && name ? mg_scopes_share(above, name, limit) : 0;
}

int64_t mgx_scope_let_go(mg_scope scope)
{
    return mg_scopes_let_go(scope);
}

mg_scope mgx_scope_enter(mg_scope scope)
{
    return mg_scopes_enter(scope);
}

void mgx_scope_leave(mg_scope before)
{
    mg_scopes_leave(before);
}

static int64_t figure(mg_scope scope, int which)
{
    int64_t figures[MG_FIGURES] = { 0 };
    if (mg_active && scope > 0)
        mg_read(scope, figures);
    return figures[which];
}

int64_t mgx_scope_used(mg_scope scope)
{
    return figure(scope, MG_USED);
}

int64_t mgx_scope_peak(mg_scope scope)
{
    return figure(scope, MG_PEAK);
}

int mgx_scope_is_over_limit(mg_scope scope)
{
    int64_t figures[MG_FIGURES] = { 0 };
    if (mg_active && scope > 0)
        mg_read(scope, figures);
    return scope > 0 && figures[MG_LIMIT] >= 0 && figures[MG_USED] > figures[MG_LIMIT];
}

int64_t mgx_scope_reserve(mg_scope scope, int64_t bytes, int in_part)
{
    return mg_account_reserve(scope, bytes, in_part);
}

int64_t mgx_scope_give_back(mg_scope scope, int64_t bytes)
{
    return mg_account_give_back(scope, bytes);
}

int mgx_scope_share_fairly(mg_scope scope, int fairly)
{
    return mg_account_share_fairly(scope, fairly);
}

int64_t mgx_scope_fair_share(mg_scope scope)
{
    return mg_account_share(scope);
}

static int print(mg_scope scope, int file, bool json)
{
    size_t length = 0;
    char *text =
        mg_active ? mg_account_text(scope ? scope : mg_account_handle(mg_root()), json, &length) : NULL;
    bool written = text && *text && mg_os_write(file, text, strlen(text));
    if (text)
        mg_report_free(text, length);
    return written;
}

int mgx_account_print(mg_scope scope, int file)
{
    return print(scope, file, false);
}

int mgx_account_print_json(mg_scope scope, int file)
{
    return print(scope, file, true);
}

int mgx_executor_join(int socket)
{
    return mg_executor_join(socket);
}

void mgx_executor_leave(void)
{
    mg_executor_leave();
}
