#include "door.h"

#include "memgrant.h"

#include <stdio.h>
#include <stdlib.h>

void door_arm(const char *mode)
{
    char setting[40];
    snprintf(setting, sizeof setting, "mode=%s", mode);
    const char *const settings[] = { setting, "targets=*" };
    const char *wrong = mg_arm(settings, 2);
    if (wrong) {
        dprintf(2, "%s\n", wrong);
        exit(1);
    }
    mg_grant(mg_root(), (int64_t)1 << 40);
}

struct mg_account *door_open(void)
{
    struct mg_account *account = mg_account_open("task", mg_root(), -1);
    if (account)
        mg_grant(account, (int64_t)1 << 32);
    return account;
}

void door_bind(struct mg_account *account)
{
    mg_bind(account);
}

void door_unbind(void)
{
    mg_unbind();
}

void door_settle(struct mg_account *account)
{
    mg_stop_requests(account);
    mg_settle(account);
}

void door_watch(void)
{
    mg_measure_overhead();
}
