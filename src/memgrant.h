/* START HERE. The one door between the accountant (src/) and those who stand around it: interpose/, whose functions
 * the process calls in place of libc's, and jni/, where the JVM calls. Nothing else of src/ is for them, except base.h,
 * say.h and os.h.
 *
 *      library --malloc--> interpose/ --+                            +-- jni/ <--- couriers, Spark's plugin (Java)
 *                                       v                            v
 *      blocks.c: who called? whose thread? -> charges.h, credit.h: charge -> magazines.c, heap.c: block
 *                                                   | credit gone
 *                                                   v
 *                                accounts.c / grants.c: grant -> request -> courier -> Spark
 *
 * Runs inside malloc, unless a function says otherwise. All functions are thread-safe. Sizes are bytes. */
#ifndef MG_MEMGRANT_H
#define MG_MEMGRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mg_account;
struct mg_redirection;

/* ---- Start and end (runs at startup, runs on request) ---- */

/* Called by interpose/ first of all in the process, whether anything will ever be counted or not: takes the places that
 * have an order, among thread keys and fork's handlers. */
void mg_load(void);
/* Called by interpose/ once, before main: reads MEMGRANT_*; dormant when none of them is set. The entries, for library
 * slots below MG_SLOTS, end with a NULL name and stay interpose/'s. Not in front of all other allocators we stay dormant. */
#define MG_SLOTS 96
void mg_start(const struct mg_redirection *entries, bool in_front);
/* False while dormant, switched off or broken: every call goes straight to the next allocator. */
extern _Atomic(bool) mg_active;
/* Writes the report to its file, if one is asked for and this process is its owner. */
void mg_write_report(void);

/* ---- Blocks ---- */

/* The library slot of the code at an address. Looks again at the loaded libraries when the address is unknown. */
unsigned mg_library_at(const void *code);

/* Of a block to be: zeroed, for calloc; throwing, when a denial becomes an exception. */
enum { MG_ZEROED = 1, MG_THROWING = 2 };
/* A block for `library`. False: not ours to serve (no target, no room of ours, re-entered): ask the next allocator.
 * True: *block is the block, or NULL when the charge was denied. alignment 0 is malloc's own. */
bool mg_allocate(unsigned library, size_t size, size_t alignment, unsigned form, void **block);
/* The same in the common case, in which the block is at hand, or at least paid for. NULL: ask mg_allocate. */
void *mg_allocate_at_hand(unsigned library, size_t size);
/* Set by interpose/: how many exceptions are on their way through this thread's frames. Called without any lock of ours. */
extern int (*mg_uncaught_exceptions)(void);
/* Whether the address lies in our window. Two compares; valid at any time on any thread. */
bool mg_owns(const void *block);
/* The next three take blocks that mg_owns. */
size_t mg_usable_size(const void *block);
void mg_free(void *block);
/* Like mg_allocate: false means that the block has to be moved to the next allocator. *moved is NULL when denied: the
 * old block is untouched then. */
bool mg_reallocate(unsigned library, void *block, size_t size, void **moved);

/* ---- Mappings ---- */

/* mmap and its kin; results are the kernel's: an address or 0, or -errno. A denied one is -ENOMEM. */
long mg_map(unsigned library, void *address, size_t size, int protection, int flags, int file, long offset);
long mg_remap(unsigned library, void *address, size_t size, size_t new_size, int flags, void *new_address);
long mg_unmap(void *address, size_t size);
long mg_protect(void *address, size_t size, int protection);
long mg_advise(void *address, size_t size, int advice);
/* sbrk, by way of the function that moves the break; sets errno as that does. */
void *mg_break(unsigned library, intptr_t growth, void *(*move)(intptr_t));

/* ---- Threads ---- */

/* What a new thread takes over from its creator. */
struct mg_inheritance {
    struct mg_account *account;
    uint64_t account_id;
    unsigned library;
};

/* On the creating thread: true when the new thread has something to inherit from it. */
bool mg_thread_created_by(unsigned library, struct mg_inheritance *inheritance);
/* First thing on the new thread. */
void mg_thread_begins(const struct mg_inheritance *inheritance);

/* ---- Libraries ---- */

/* How many objects the dynamic linker has loaded; and: those from that one on are bound to the functions behind ours, and are
 * to have ours, as everybody has. */
unsigned mg_libraries_count(void);
void mg_libraries_bound_past_us(unsigned from);
/* Around dlclose, both or none. */
void mg_library_closing(void);
void mg_library_closed(void);
/* Slot of the library that holds this code, its slots in the GOT redirected; for native methods being bound. */
unsigned mg_library_bound(const void *code);
bool mg_library_is_target(unsigned library);
const char *mg_library_name(unsigned library);
/* What its profile says of its native methods: whether it passes on what is thrown in its calls back into Java, and of a
 * method, by its name, whether it gives something back (never left by an exception), and whether its result is no handle. */
bool mg_library_nests(unsigned library);
bool mg_library_closes_by(unsigned library, const char *method);
bool mg_library_may_leave(unsigned library, const char *method);

/* The thread is in a function of libc's that allocates for that library: what libc asks for is the library's. 0 while
 * libc calls back. Returns what to give back to mg_behalf_ends. Any thread, target or not. */
unsigned mg_behalf_begins(unsigned library);
void mg_behalf_ends(unsigned before);

/* ---- What the JVM allocates for Java's code, by jdk.internal.misc.Unsafe (java.c; jni/ only) ---- */

/* Whether targets are named by Java package ("java:org.apache.arrow.*"), and whether by more than `java:*`. */
bool mg_java_is_counted(void);
bool mg_java_names_packages(void);
/* libjvm's calls of malloc and realloc come to us from now on, by a way that looks for what mg_java_begins says. False: it has no
 * slots for them. Not inside malloc. */
bool mg_java_redirect(void);
/* The target that a class is of, by its name with dots; MG_JAVA_UNCOUNTED where it asks Spark itself for what it takes; 0: it
 * says nothing. And the target that has what no class says. */
#define MG_JAVA_UNCOUNTED 255
unsigned mg_java_library_of(const char *class_name);
unsigned mg_java_library_of_all(void);
/* On this thread libjvm asks next for a block of so many bytes, and that is the library's. */
void mg_java_begins(unsigned library, int64_t bytes);
void mg_java_ends(void);
/* Whether the calling thread is a task's own: only there something may lack, and be asked for and denied. */
bool mg_java_may_deny(void);
/* On a task's own thread: the bytes that its account would have to have, beyond the thread's credit, so that its accountant has to be
 * asked before the library takes so many; else 0. */
int64_t mg_java_lacks(unsigned library, int64_t bytes);
/* They count as overdraft of this thread's account while its accountant is asked. Returns the account. */
struct mg_account *mg_java_asks(int64_t bytes);
/* The end of that, by the account's handle: whoever was asked may have bound the thread elsewhere, or closed the account. */
void mg_java_asked(int64_t account, int64_t bytes);
/* What this thread, which nobody bound, charges from now on is that account's: it carries a virtual thread. */
void mg_java_stands_in(struct mg_account *account);
void mg_java_stood_in(void);

/* ---- Scopes: accounts nested in what a thread charges (scopes.c); handles may be anything ---- */

/* The handle of what the calling thread charges; 0 while nothing is counted. */
int64_t mg_scope_here(void);
/* As include/memgrant_scope.h says. */
int64_t mg_scopes_begin(const char *name, int64_t limit);
int64_t mg_scopes_end(int64_t scope);
int64_t mg_scopes_end_into(int64_t scope, int64_t heir);
/* The block, which is alive and nobody else's meanwhile, is that account's from now on, whatever its limit. `from`: only if it was that one's, 0
 * whosoever. Returns its bytes; 0: it is none of ours, or not that one's, or the books have no room; -1: `to` has closed. */
int64_t mg_scopes_transfer(const void *block, int64_t from, int64_t to);
/* The one of that name that is shared below an account, or a new one, held once more; and once less: at the last time it ends. */
int64_t mg_scopes_share(int64_t above, const char *name, int64_t limit);
int64_t mg_scopes_let_go(int64_t scope);
/* The task, or the root, that the calling thread works for; and the root. */
int64_t mg_scope_task(void);
int64_t mg_scopes_enter(int64_t scope);
void mg_scopes_leave(int64_t before);

/* Holds so many bytes for a nested account of those above it: all or none, or with `in_part` as many as there are. Its charges are paid out
 * of them first, and its refunds fill them again. Returns how many. The other one gives so many back, by now used or not, and returns
 * how many nobody used. */
int64_t mg_account_reserve(int64_t account, int64_t bytes, bool in_part);
int64_t mg_account_give_back(int64_t account, int64_t bytes);

/* What accounts nested in this one divide, its limit or the process's, they divide fairly from now on: each of n that are active is sure
 * of an n-th; or whoever comes first has it, as at the beginning. False: it has closed. And what one is sure of just now; -1: nothing. */
bool mg_account_share_fairly(int64_t account, bool fair);
int64_t mg_account_share(int64_t account);

/* ---- A process that works for an executor's task (executor.h) ---- */

/* From here on what this process takes beyond what it has is asked for over that socket, of which it makes its own. Leaves the one before. False: it
 * is no socket, or nothing is counted here, or Spark grants in this very process. */
bool mg_executor_join(int socket);
/* Nobody is asked any more; all that was granted goes back. What is in use stays. */
void mg_executor_leave(void);

/* ---- The JVM side (jni/ only) ---- */

/* Settings as "name=value". NULL when armed, otherwise what is wrong (static text). */
const char *mg_arm(const char *const *settings, int count);
struct mg_account *mg_root(void);
/* The account below the root to which is charged what heaps keep resident beyond the blocks in use; NULL without the JVM. */
struct mg_account *mg_overhead(void);
/* Measures it now, collects what strangers freed of ended accounts, and gives pages back where there are too many. */
void mg_measure_overhead(void);
/* What Java holds of an account: above 0, and never given to another one. NULL: it has closed, or never was. */
int64_t mg_account_handle(const struct mg_account *account);
struct mg_account *mg_account_of(int64_t handle);
/* NULL when the table is full, or the parent is not the root. limit -1 is none. */
struct mg_account *mg_account_open(const char *name, struct mg_account *parent, int64_t limit);
/* The handle of one nested in another account, by its handle: it takes of the grant of the task, or the root, that it is in, and of nobody's more
 * than its limit. 0 when that has closed, or has seven above it, or the table is full. */
int64_t mg_account_nest(const char *name, int64_t parent, int64_t limit);
void mg_bind(struct mg_account *account);
void mg_unbind(void);
/* Blocks in a futex. -1 when the account takes no more requests. */
int64_t mg_await_request(struct mg_account *account);
void mg_answer(struct mg_account *account, int64_t asked, int64_t granted, int64_t wait_ns);
void mg_grant(struct mg_account *account, int64_t bytes);
int64_t mg_take_back(struct mg_account *account, int64_t bytes);
/* What is used beyond the grant: what strangers freed is collected before it is said. */
int64_t mg_overdraft(struct mg_account *account);
/* The same, and so much that is asked for ahead. */
int64_t mg_lacking(struct mg_account *account, int64_t ahead);
/* What the account would still have to be granted for the most that it used against the accountant's no; 0 when all was
 * granted in time or later. */
int64_t mg_unmet(const struct mg_account *account);
void mg_tolerate(struct mg_account *account, int64_t further_bytes);
void mg_deny(struct mg_account *account);
/* Where Spark grants: from now on what is taken has to be granted, or is only counted. What is taken already stays as it is. */
void mg_enforce(bool enforce);
/* Before its first charge: the account, and those nested in it, are counted and never denied, and nothing is asked for. */
void mg_observe(struct mg_account *account);
/* Which account nested in this one refused last, by its own limit, since this was last asked. False: none. */
struct mg_refusal {
    char name[96];
    int64_t limit;
};
bool mg_take_refusal(struct mg_account *account, struct mg_refusal *refusal);
/* All that refused under stop since then; 0 for one that is not there any more, and for what is more than there is room for. How many. */
enum { MG_REFUSERS = 4 };
unsigned mg_account_refusers(int64_t account, int64_t refusers[MG_REFUSERS]);
/* Whether a denial was injected, or by the limit of one nested in it, since this was last asked (injection.h): it is to be thrown, however much there is. */
bool mg_take_injected(struct mg_account *account);
void mg_stop_requests(struct mg_account *account);
/* Somebody begins to wait for so many bytes for the account; what it returns goes to the end of it. For the report. */
int64_t mg_wait_begins(struct mg_account *account, int64_t bytes);
void mg_wait_ends(struct mg_account *account, int64_t bytes, int64_t begun_ns);
/* Nobody waits inside malloc any more for this account: the task ends. */
void mg_wait_no_more(struct mg_account *account);
int64_t mg_settle(struct mg_account *account);

/* Room in the executor's container (headroom.h). Where one who looks began: to be asked before, and told with what was seen. */
struct mg_look {
    int64_t lent_ever; /* bytes */
    int64_t begun_ns;
};
struct mg_look mg_headroom_look(void);
void mg_headroom_looked(struct mg_look begun, int64_t room);
/* Bytes that are granted or used and have no memory behind them yet: they may get it at any time. `by_spark` is what Spark has
 * granted all accounts, read before: what of it no account has is on its way to one or back. Looks at every page. */
int64_t mg_headroom_promised(int64_t by_spark);
/* Bytes that are lent to all accounts now. */
int64_t mg_headroom_lent(void);
/* Lends so much where Spark said no. False: there is no room. */
bool mg_lend(struct mg_account *account, int64_t bytes);
/* Takes back all that was lent to the account with that handle, used or not: what is used is beyond the grant then. */
void mg_headroom_call_in(int64_t handle);

/* Of what the account uses, what libraries use that charge Spark themselves. Of a closed account 0. */
int64_t mg_measured(int64_t handle);
/* What they have declared to Spark for the account, and the part of its grant that this pays for; of which the courier's next
 * answer brings so much. Observing, it is for the report alone. */
void mg_cover(struct mg_account *account, int64_t declared, int64_t covered, int64_t by_answer);
/* For the report: a lever was pulled, which freed so much as it says, and as was seen. */
void mg_lever_pulled(int64_t claimed, int64_t freed);

/* The figures of Native.read, in the order of its indices. */
enum {
    MG_LIMIT,
    MG_RESERVATION,
    MG_GRANTED,
    MG_USED,
    MG_PEAK,
    MG_CHARGED,
    MG_REFUNDED,
    MG_ALLOCATIONS,
    MG_FREES,
    MG_DENIALS,
    MG_OVERDRAFT_PEAK,
    MG_STATE,
    MG_LENT,
    MG_WAITING_NS,
    MG_WAITING_BYTES,
    MG_AHEAD,
    MG_WORKERS_AHEAD,
    MG_FIGURES
};
/* Of a closed account too, as long as it is among the last ones; else all are 0. */
void mg_read(int64_t handle, int64_t figures[MG_FIGURES]);

/* The live page (page.h) is filled now, unless somebody has the books. */
void mg_publish(void);
/* By slot, for slots below `count`: MG_LIBRARY_FIGURES each. Returns how many slots there are. */
enum { MG_LIBRARY_USED, MG_LIBRARY_PEAK, MG_LIBRARY_DENIALS, MG_LIBRARY_FIGURES };
unsigned mg_read_libraries(int64_t *figures, unsigned count);
/* The report as text in memory of its own; free it with mg_report_free. NULL when there is no memory. */
char *mg_report_text(size_t *length);
void mg_report_free(char *text, size_t length);
/* A process that works for the account's task asks for so many bytes: its accountant counts them as lacking, until they are taken back (negative), or
 * charged below. By handle; false: it is not open. */
bool mg_workers_ask(int64_t account, int64_t bytes);
/* Charges it for so many bytes that such a process has, of which `asked` were asked for; negative ones are refunded. False: it is not open. */
bool mg_workers_charge(int64_t account, int64_t bytes, int64_t asked);
/* What the account lacks for what is used and what they ask for; its own threads, which ask for more, do not count. */
int64_t mg_workers_lack(int64_t account);
/* Counts a denial of what they asked for. */
void mg_workers_deny(int64_t account);
/* What was seen resident of them just now, that was not before they worked for those accounts. */
void mg_workers_seen(int64_t resident);
/* What processes that work for this one use, as a JSON array, which the report holds from now on. */
void mg_workers_say(const char *json);
/* An account and all below it, for people or as JSON; free it in the same way. Empty when it has closed, NULL when there is no memory. */
char *mg_account_text(int64_t account, bool json, size_t *length);

/* ---- Boundaries: where a target's native method begins and ends (jni/ only) ---- */

/* The thread is inside that library now; returns what to give back to mg_library_left. Any thread. */
unsigned mg_library_entered(unsigned library);
void mg_library_left(unsigned before);
/* Whether samples of stacks are taken (stacks.h). */
bool mg_samples_are_taken(void);
/* How many samples the thread has taken in native methods and not yet said the Java stack of. Those beyond so many get that
 * one, 0 none, and wait no longer. */
unsigned mg_sampled(void);
void mg_sampled_below(unsigned from, uint32_t callers);
/* Around what is no target's native method, but ends where Java can be asked, too. The first returns mg_sampled's; the second whether there is more now. */
unsigned mg_sampling_begins(void);
bool mg_sampling_ends(unsigned before);
/* The number of a Java stack, by its hash; 0: it is not known yet, or there is no room. Names are the frames', each with a 0 behind it. */
uint32_t mg_callers_find(uint64_t hash);
uint32_t mg_callers_add(uint64_t hash, const char *names, size_t length);
/* The account with a grant of which this is a task thread, if it is in overdraft, not tolerated, and its library's mode is stop;
 * else NULL. The cheap question of every boundary. */
struct mg_account *mg_account_wants_boundary(void);
/* The library whose charge made the account go beyond its grant first. */
const char *mg_account_culprit(struct mg_account *account);

#endif
