/* What the JVM allocates for Java's code, by jdk.internal.misc.Unsafe. jni/unsafe.c stands in front of allocateMemory0 and
 * reallocateMemory0 and calls the JVM's own: the thread is marked meanwhile, and the block that libjvm asks malloc for is the
 * package's, as if a library had asked. Whose it is, is known by its address from then on; freeing needs nothing of this. */
#include "memgrant.h"

#include "accounts.h"
#include "charges.h"
#include "classes.h"
#include "denials.h"
#include "got.h"
#include "grants.h"
#include "lanes.h"
#include "libraries.h"
#include "specs.h"

#include <link.h>
#include <string.h>

static bool holds_all(const struct mg_spec *spec)
{
    return !strcmp(spec->pattern, "java:*") || !strcmp(spec->pattern, "java:");
}

bool mg_java_is_counted(void)
{
    return mg_active && mg_specs_java(0);
}

bool mg_java_names_packages(void)
{
    const struct mg_spec *spec;
    for (unsigned n = 0; (spec = mg_specs_java(n)); n++)
        if (!holds_all(spec))
            return true;
    return false;
}

/* dl_iterate_phdr's callback. */
static int redirect_jvm(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)size;
    static const char name[] = "libjvm.so";
    if (!object->dlpi_name || strncmp(mg_rows_file(object->dlpi_name), name, sizeof name - 1) != 0)
        return 0;
    *(bool *)argument = mg_got_redirect_jvm(object, mg_rows_jvm(), MG_LIBRARY_JVM);
    return 1;
}

bool mg_java_redirect(void)
{
    bool found = false;
    mg_enter(&mg_self);
    dl_iterate_phdr(redirect_jvm, &found);
    mg_leave(&mg_self);
    return found;
}

unsigned mg_java_library_of(const char *class_name)
{
    const struct mg_spec *spec;
    for (unsigned n = 0; (spec = mg_specs_java(n)); n++) {
        if (holds_all(spec) || !mg_spec_holds_class(spec, class_name))
            continue;
        return spec->charges_itself > 0 ? MG_JAVA_UNCOUNTED : mg_rows_java(n);
    }
    return mg_specs_class_charges_itself(class_name) ? MG_JAVA_UNCOUNTED : 0;
}

unsigned mg_java_library_of_all(void)
{
    const struct mg_spec *spec;
    for (unsigned n = 0; (spec = mg_specs_java(n)); n++)
        if (holds_all(spec))
            return mg_rows_java(n);
    return 0;
}

void mg_java_begins(unsigned library, int64_t bytes)
{
    mg_self.java_bytes = (size_t)bytes;
    mg_self.java = library;
}

void mg_java_ends(void)
{
    mg_self.java = 0;
}

static MG_NOINLINE int64_t lacks(struct mg_self *self, unsigned library, int64_t bytes)
{
    if (!mg_grants.by_couriers || !self->lane || !mg_account_is_enforced(self->account))
        return 0;
    size_t size = (size_t)bytes + MG_LOAD(mg_charges_java_beside);
    unsigned class = mg_class_of(size < 16 ? 16 : size);
    int64_t need = class ? (int64_t)mg_classes.size[class] : bytes;
    /* More than a process can have is as much as that: nobody who adds to it comes out below 0. */
    need = (need < MG_MOST_BYTES ? need : MG_MOST_BYTES) - MG_LOAD(self->lane->credit);
    struct mg_account *holder = self->account->holder;
    if (MG_LIKELY(need <= 0 || need <= MG_LOAD(holder->granted) - MG_LOAD(holder->taken)) ||
        mg_denial_fate(holder, &mg_libraries[library]) == MG_FATE_OVERDRAFT)
        return 0;
    mg_enter(self);
    bool missing = mg_grants_missing(holder, need) > 0;
    MG_STORE(holder->ahead_for, library);
    mg_leave(self);
    return missing ? need : 0;
}

bool mg_java_may_deny(void)
{
    return mg_self.task_thread;
}

int64_t mg_java_lacks(unsigned library, int64_t bytes)
{
    struct mg_self *self = &mg_self;
    return self->task_thread ? lacks(self, library, bytes) : 0;
}

struct mg_account *mg_java_asks(int64_t bytes)
{
    struct mg_account *account = mg_self.account->holder;
    MG_ADD(account->ahead, bytes); /* beside what its other threads ask for */
    return account;
}

void mg_java_asked(int64_t account, int64_t bytes)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock); /* it can't end meanwhile, and its slot serve another one */
    struct mg_account *asked = mg_accounts_of(account);
    if (asked)
        MG_ADD(asked->ahead, -bytes);
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
}

void mg_java_stands_in(struct mg_account *account)
{
    struct mg_self *self = &mg_self;
    if (!account->heap)
        return;
    mg_enter(self);
    (void)mg_lanes_bind(self, account, account->id);
    mg_leave(self);
}

void mg_java_stood_in(void)
{
    mg_unbind();
}
