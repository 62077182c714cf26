#include "live.h"

#include "accounts.h"
#include "grants.h"
#include "history.h"
#include "lanes.h"
#include "memgrant.h"
#include "os.h"
#include "page.h"
#include "passed.h"
#include "path.h"
#include "say.h"
#include "self.h"
#include "sums.h"
#include "waits.h"

#include <string.h>

_Static_assert(MG_LIVE_LIBRARIES == MG_LIBRARIES, "each library has its place");

#define SELDOM_NS 250000000
/* What a page may cost: a hundredth of the time, of which up to this much is saved for when much happens at once. Nothing may follow a
 * large change, so the page after it is not to be missed because the one before it was dear. */
#define SAVED_NS 20000000
enum { SHARE = 100, TURNS = 4 };
#define SMALLEST_MOVE ((int64_t)4 << 20)

/* Under the books' lock, but for what is looked at without it to see whether a page is due. */
static struct {
    _Atomic(struct mg_live_page *) page;
    bool refused; /* there will be none */
    uint64_t number;
    _Atomic(int64_t) total; /* of the root, when it was published */
    _Atomic(int64_t) published_ns;
    _Atomic(int64_t) saved_ns; /* when it was published; below 0: to be saved before the next */
} live = { .saved_ns = SAVED_NS };

static struct mg_live_page *make_page(void)
{
    static bool said;
    struct mg_live_page *page = live.refused ? NULL : mg_os_share(MG_LIVE_NAME, sizeof *page);
    if (!page && !live.refused && (page = mg_os_allocate(sizeof *page)) && !said) {
        said = true; /* the history needs one, whether others can read it or not */
        mg_say(
            "no memory that others can read is to be had (memfd_create): memgrant top does not see this process");
    }
    if (!page) {
        live.refused = true;
        return NULL;
    }
    page->version = MG_LIVE_VERSION;
    page->size = sizeof *page;
    page->process = mg_os_process();
    page->magic = MG_LIVE_MAGIC;
    live.number = 0;
    MG_STORE(live.page, page);
    return page;
}

static void fill_account(struct mg_live_account *to, struct mg_account *account)
{
    struct mg_book sum = mg_sums_total(mg_sums_read(account));
    memcpy(to->name, account->name, sizeof to->name);
    to->id = account->id;
    to->parent = account->parent ? account->parent->id : 0;
    to->limit = account->limit;
    to->lent = MG_LOAD(account->lent);
    to->granted = MG_LOAD(mg_grants.enforcing) ? mg_path_granted(account) : 0;
    to->used = mg_book_used(&sum);
    to->peak = mg_at_least(MG_LOAD(account->peak), to->used);
    to->overdraft_peak = MG_LOAD(account->overdraft_peak);
    to->denials = MG_LOAD(account->denials);
    to->waiting_ns = mg_waiting_ns(account);
    to->waiting_bytes = MG_LOAD(account->wait.bytes);
}

/* Where there are more accounts than places, those that took most have them, to a sixteenth: all above a size, and the first ones of that size. */
enum { STEPS = 16, SIZES = 64 * STEPS };

static unsigned size_of(const struct mg_account *account)
{
    uint64_t bytes = (uint64_t)mg_at_least(MG_LOAD(account->total), 0) + 1;
    unsigned power = 63 - (unsigned)__builtin_clzll(bytes);
    uint64_t step = power < 4 ? bytes << (4 - power) : bytes >> (power - 4);
    return power * STEPS + step % STEPS;
}

static unsigned smallest_shown(unsigned *room)
{
    static uint16_t counts[SIZES];
    unsigned size = SIZES - 1;
    *room = MG_LIVE_ACCOUNTS;
    if (mg_accounts_slots() <= MG_LIVE_ACCOUNTS)
        return 0;
    memset(counts, 0, sizeof counts);
    for (unsigned i = 0; i < mg_accounts_slots(); i++)
        if (mg_accounts_slot(i)->listed)
            counts[size_of(mg_accounts_slot(i))]++;
    for (; size && counts[size] < *room; size--)
        *room -= counts[size];
    return size;
}

/* Of those without a place the ones below the root that took most, for the history: only of these it is added up what they use. */
struct most {
    struct mg_account *account[MG_HISTORY_ACCOUNTS];
    int64_t total[MG_HISTORY_ACCOUNTS];
};

static void leave_out(struct mg_live_copy *copy, struct most *most, struct mg_account *account)
{
    int64_t total = MG_LOAD(account->total);
    unsigned at = MG_HISTORY_ACCOUNTS - 1;
    copy->accounts_left_out++;
    if (account->parent != mg_accounts_root || total <= most->total[at])
        return;
    for (; at && total > most->total[at - 1]; at--) {
        most->total[at] = most->total[at - 1];
        most->account[at] = most->account[at - 1];
    }
    most->total[at] = total;
    most->account[at] = account;
}

static void note_most(const struct most *most)
{
    for (unsigned i = 0; i < MG_HISTORY_ACCOUNTS && most->account[i]; i++) {
        struct mg_book sum = mg_sums_total(mg_sums_read(most->account[i]));
        mg_history_account(most->account[i]->id, mg_book_used(&sum));
    }
}

static void fill_accounts(struct mg_live_copy *copy)
{
    struct most most = { .total = { 0 } };
    unsigned room, smallest = smallest_shown(&room);
    copy->accounts = copy->accounts_left_out = 0;
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        struct mg_account *account = mg_accounts_slot(i);
        unsigned size = account->listed ? size_of(account) : 0;
        if (!account->listed)
            continue;
        /* The root comes first. What is taken may change meanwhile. */
        bool shown = size > smallest || (size == smallest && room) || account == mg_accounts_root;
        if (!shown || copy->accounts == MG_LIVE_ACCOUNTS) {
            leave_out(copy, &most, account);
            continue;
        }
        room -= size == smallest && room;
        struct mg_live_account *to = &copy->account[copy->accounts++];
        fill_account(to, account);
        if (account->parent == mg_accounts_root)
            mg_history_account(to->id, to->used);
    }
    note_most(&most);
}

static void fill_libraries(struct mg_live_copy *copy)
{
    const struct mg_book *books = mg_sums_read(mg_accounts_root);
    copy->libraries = 0;
    for (unsigned i = 0; i < mg_library_count(); i++) {
        const struct mg_library *library = &mg_libraries[i];
        struct mg_live_library *to = &copy->library[copy->libraries];
        if (!books[i].charged)
            continue;
        struct mg_book own = mg_sums_own(library, &books[i]);
        memcpy(to->name, library->name, sizeof to->name);
        to->used = mg_book_used(&own);
        to->peak = mg_at_least(MG_LOAD(library->peak), to->used);
        to->charged = own.charged;
        to->refunded = own.refunded;
        to->allocations = own.allocations;
        to->frees = own.frees;
        to->denials = MG_LOAD(library->denials);
        mg_history_library(i, to->used, to->peak);
        copy->libraries++;
    }
}

/* All that was granted to anybody; what nobody has to be granted has no figure. */
static int64_t granted_to_all(void)
{
    int64_t sum = 0;
    if (!MG_LOAD(mg_grants.enforcing))
        return -1;
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        const struct mg_account *account = mg_accounts_slot(i);
        if (account->listed && account->holder == account)
            sum += mg_path_granted(account);
    }
    return sum < INT64_MAX / 8 ? sum : -1;
}

static void end_point(const struct mg_live_copy *copy)
{
    const struct mg_live_account *root = &copy->account[0];
    struct mg_history_total total = {
        .used = root->used, .peak = root->peak, .granted = granted_to_all(), .limit = root->limit
    };
    for (uint64_t i = 0; i < copy->libraries; i++)
        total.denials += copy->library[i].denials;
    mg_history_end(&total);
}

static void fill(struct mg_live_page *page, int64_t now)
{
    uint64_t number = ++live.number;
    struct mg_live_copy *copy = &page->copy[number % 2];
    MG_STORE(copy->begun, number);
    /* Who finds any of what follows finds that it has begun. */
    atomic_thread_fence(memory_order_release);
    copy->published_ns = now;
    copy->enforcing = MG_LOAD(mg_grants.enforcing);
    copy->invariants_broken = MG_LOAD(mg_invariants_broken);
    copy->passed_requests = MG_LOAD(mg_passed.requests);
    copy->passed_bytes = MG_LOAD(mg_passed.bytes);
    mg_history_begin(now);
    fill_accounts(copy);
    fill_libraries(copy);
    end_point(copy);
    atomic_store_explicit(&copy->ended, number, memory_order_release);
    atomic_store_explicit(&page->latest, number, memory_order_release);
}

/* What pages may cost now. */
static int64_t saved(int64_t now)
{
    int64_t sum = MG_LOAD(live.saved_ns) + (now - MG_LOAD(live.published_ns)) / SHARE;
    return sum < SAVED_NS ? sum : SAVED_NS;
}

static void publish(void)
{
    struct mg_live_page *page = MG_LOAD(live.page) ? MG_LOAD(live.page) : make_page();
    int64_t now = mg_os_now_ns(), begun = mg_os_thread_cpu_ns();
    if (!page)
        return;
    MG_STORE(live.total, MG_LOAD(mg_accounts_root->total));
    fill(page, now);
    MG_STORE(live.saved_ns, saved(now) - (mg_os_thread_cpu_ns() - begun));
    MG_STORE(live.published_ns, now);
}

void mg_live_publish_locked(void)
{
    if (!live.refused)
        publish();
}

void mg_live_publish(void)
{
    if (!mg_accounts_root || live.refused)
        return;
    mg_enter(&mg_self);
    if (mg_try_lock(&mg_books_lock)) {
        publish();
        mg_unlock(&mg_books_lock);
    }
    mg_leave(&mg_self);
}

static bool has_moved(void)
{
    int64_t before = MG_LOAD(live.total);
    int64_t by = MG_LOAD(mg_accounts_root->total) - before;
    return (by < 0 ? -by : by) > mg_at_least(before / 16, SMALLEST_MOVE);
}

void mg_live_publish_in_time(void)
{
    static MG_PER_THREAD unsigned turns;
    if (MG_LIKELY(!has_moved() && ++turns % TURNS))
        return;
    int64_t now = mg_os_now_ns();
    if (saved(now) > 0 && (now - MG_LOAD(live.published_ns) > SELDOM_NS || has_moved()))
        mg_live_publish();
}

void mg_live_start(void)
{
    mg_history_start();
    mg_live_publish();
}

void mg_live_after_fork_in_child(void)
{
    MG_STORE(live.page, NULL);
    MG_STORE(live.saved_ns, SAVED_NS);
    mg_history_after_fork_in_child();
}
