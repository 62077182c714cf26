/* Blocks: tracked or not, whose, charged, placed, refunded. What mg_allocate and its like of memgrant.h do. */
#include "memgrant.h"

#include "accounts.h"
#include "charges.h"
#include "classes.h"
#include "hazards.h"
#include "heap.h"
#include "jemalloc.h"
#include "lanes.h"
#include "libraries.h"
#include "magazines.h"
#include "os.h"
#include "passed.h"
#include "self.h"
#include "settings.h"
#include "stacks.h"
#include "walk.h"
#include "window.h"

#include <string.h>

bool mg_owns(const void *block)
{
    return mg_window_holds(block);
}

size_t mg_usable_size(const void *block)
{
    return mg_classes.size[mg_window_owner(block).class];
}

/* The class of a block to be; 0 when it is too large for any. */
static unsigned class_for(size_t size, size_t alignment)
{
    if (MG_LIKELY(alignment <= 16))
        return mg_class_of(size < 16 ? 16 : size);
    if (size > (size_t)1 << 47 || alignment > (size_t)1 << 40)
        return 0;
    size_t usable = mgje_nallocx(size < 16 ? 16 : size, (int)__builtin_ctzl(alignment));
    return usable ? mg_class_of(usable) : 0;
}

/* Blocks above this size are none of the common case: what they are used for costs more. */
#define LARGEST_COMMON ((size_t)128 << 10)

/* Whether jemalloc's block is one. Its own arena serves a thread that its cache has left, and that lies elsewhere. */
static inline bool is_ours(void *block)
{
    if (MG_LIKELY(mg_window_holds(block)))
        return true;
    if (block)
        mgje_dallocx(block, MGJE_NO_TCACHE);
    return false;
}

/* More than all of our window: nothing that a limit allows, unless the window is small (ulimit -v). */
static MG_NOINLINE bool refuse_or_pass(struct mg_self *self, unsigned library, size_t size, void **block)
{
    *block = NULL;
    if (size > (size_t)1 << 47)
        return false; /* more addresses than a process has: the next allocator refuses it in its own way */
    if (!mg_grants_could_cover(self->account, library, (int64_t)size))
        return true;
    mg_pass(library, (int64_t)size, MG_PASSED_MEMORY);
    return false;
}

/* Charge, then block, then owner: books before bytes. The thread is attached. False: pass on. */
static bool serve(struct mg_self *self, unsigned library, size_t size, size_t alignment, bool zeroed,
                  void **block)
{
    unsigned class = class_for(size, alignment);
    if (MG_UNLIKELY(!class || mg_classes.size[class] > mg_window.size))
        return refuse_or_pass(self, library, size, block);
    int64_t bytes = (int64_t)mg_classes.size[class];
    *block = NULL;
    if (!mg_charges_take(self, library, bytes))
        return true;
    /* After the charge: that may have moved the thread to another account. */
    unsigned tag = mg_charges_tag(self, library);
    if (tag)
        *block = mg_heap_allocate(size, alignment, zeroed);
    if (MG_UNLIKELY(!is_ours(*block))) {
        *block = NULL;
        mg_charges_undo(self, library, bytes);
        mg_pass(library, bytes, tag ? MG_PASSED_MEMORY : MG_PASSED_TAGS);
        return false; /* our window or the machine is full: the next allocator has its own say */
    }
    mg_window_mark(*block, class, tag);
    mg_charges_keep(self, bytes);
    if (mg_magazine_rounds[class] && self->magazines && !MG_LOAD(self->magazines->count[class]))
        mg_magazines_fill(self->magazines, class);
    return true;
}

/* Whether the common case may be this thread's. */
static inline bool is_at_hand(const struct mg_self *self)
{
    return MG_LIKELY(self->magazines && !MG_LOAD(self->inside)) && MG_LIKELY(!MG_LOAD(mg_library_limits));
}

static inline bool is_common(const struct mg_self *self, unsigned library)
{
    return is_at_hand(self) && !MG_LIBRARY_SERVES(library); /* the library's, too */
}

static void *allocate_for_java(size_t size);

/* The common case: a block of the thread's magazine, paid for out of credit. NULL: not so. */
static MG_INLINE void *take_at_hand(struct mg_self *self, unsigned library, size_t size)
{
    mg_enter_from_outside(self);
    void *block = NULL;
    unsigned class = mg_classes.small[(size + 7) / 8];
    struct mg_magazines *magazines = self->magazines;
    int64_t floor = mg_credit_floor(self->lane);
    unsigned count = MG_LOAD(magazines->count[class]);
    unsigned tag = atomic_load_explicit(&self->heap->tag_of[library], memory_order_acquire);
    if (MG_LIKELY(count && tag) &&
        MG_LIKELY(mg_credit_spend_counted(self, floor, library, (int64_t)mg_classes.size[class]))) {
        block = magazines->blocks[class][count - 1];
        MG_STORE(magazines->count[class], (uint8_t)(count - 1));
        mg_window_mark(block, class, tag);
    }
    mg_leave_to_outside(self);
    return block;
}

/* Too large for a magazine: only the charge is at hand. */
static MG_NOINLINE void *allocate_out_of_credit(unsigned library, size_t size)
{
    struct mg_self *self = &mg_self;
    if (MG_UNLIKELY(size > LARGEST_COMMON || !is_common(self, library)))
        return NULL;
    mg_enter_from_outside(self);
    void *block = NULL;
    unsigned class = mg_class_of_large(size);
    unsigned tag = atomic_load_explicit(&self->heap->tag_of[library], memory_order_acquire);
    int64_t bytes = (int64_t)mg_classes.size[class];
    if (MG_LIKELY(tag) &&
        MG_LIKELY(mg_credit_spend_counted(self, mg_credit_floor(self->lane), library, bytes))) {
        block = mgje_malloc(size);
        if (MG_UNLIKELY(!is_ours(block))) {
            mg_credit_undo(self, library, bytes);
            block = NULL;
        } else {
            mg_window_mark(block, class, tag);
            mg_charges_keep(self, bytes);
        }
    }
    mg_leave_to_outside(self);
    return block;
}

/* The block that Java's code asks for: the package's. The mark stays until there is one. */
static MG_NOINLINE void *allocate_for_java(size_t size)
{
    struct mg_self *self = &mg_self;
    unsigned package = mg_charges_java(self, size);
    if (MG_UNLIKELY(!package))
        return NULL;
    const bool common = MG_LIKELY(size <= MG_MAGAZINE_LARGEST) && is_at_hand(self);
    void *block = common ? take_at_hand(self, package, size) : mg_allocate_at_hand(package, size);
    if (MG_LIKELY(block))
        self->java = 0;
    return block;
}

void *mg_allocate_at_hand(unsigned library, size_t size)
{
    struct mg_self *self = &mg_self;
    if (library == MG_LIBRARY_JVM)
        return allocate_for_java(size);
    if (size > MG_MAGAZINE_LARGEST)
        return allocate_out_of_credit(library, size);
    return is_common(self, library) ? take_at_hand(self, library, size) : NULL;
}

/* For whom a library allocates that serves others. */
static unsigned owner_of(struct mg_self *self, unsigned library, size_t size)
{
    if (library != MG_LIBRARY_JVM)
        return mg_charges_owner(self, library);
    unsigned package = mg_charges_java(self, size);
    if (!package)
        return mg_rows_jvm();
    self->java = 0; /* it is this block, whatever becomes of it */
    return package;
}

static unsigned char asked_of(unsigned library, unsigned form)
{
    if (MG_UNLIKELY(mg_libraries[library].java))
        return MG_ASKED_JAVA;
    return form & MG_THROWING ? MG_ASKED_THROWING : MG_ASKED_BLOCK;
}

bool mg_allocate(unsigned library, size_t size, size_t alignment, unsigned form, void **block)
{
    struct mg_self *self = &mg_self;
    if (library == MG_LIBRARY_TRANSPARENT)
        form |= MG_THROWING;
    if (MG_UNLIKELY(MG_LOAD(self->inside)))
        return false;
    if (MG_UNLIKELY(mg_settings.referee))
        mg_walk_referee(size);
    if (MG_UNLIKELY(MG_LIBRARY_SERVES(library)))
        library = owner_of(self, library, size);
    if (library == MG_LIBRARY_OTHER || (MG_UNLIKELY(!self->heap) && !mg_charges_attach(self, library, size)))
        return false;
    mg_enter_from_outside(self);
    self->asked = asked_of(library, form);
    bool served = serve(self, library, size, alignment, form & MG_ZEROED, block);
    if (served)
        mg_stacks_count(self, library, *block);
    mg_leave_to_outside(self);
    return served;
}

static struct mg_heap *heap_of(const void *block)
{
    return mg_heap_at(mg_window_heap(block));
}

/* Whether the thread may refund on its own lane and give the block to its own cache. Asked once it has come from outside and
 * entered: before, the handler of a signal may still move it to another account. */
static inline bool is_local(const struct mg_self *self, const struct mg_heap *heap,
                            const struct mg_pair *pair)
{
    return self->heap == heap && MG_LOAD(pair->local) == self->account;
}

/* A block of this size waits on a list without its pages: the refund lets somebody else have the memory at once. */
#define LARGE (256 * 1024)

static void give_pages_up(void *block, size_t bytes)
{
    uintptr_t from = mg_os_page_of((uintptr_t)block + mg_os_page()); /* the first one holds the list's link */
    uintptr_t to = mg_os_page_of((uintptr_t)block + bytes);
    if (to > from)
        mg_os_discard((void *)from, to - from);
}

/* By anybody else: a thread of another account or of none, one that is inside us, or one whose end has come. */
static MG_NOINLINE void free_as_stranger(struct mg_heap *heap, struct mg_pair *pair, int64_t bytes,
                                         void *block)
{
    if (mg_libraries[pair->library].limit >= 0)
        MG_ADD(mg_libraries[pair->library].used, -bytes);
    if (bytes >= LARGE)
        give_pages_up(block, (size_t)bytes);
    MG_ADD(pair->refunded, bytes);
    /* Release: the pair is used again once all its frees are counted, and this thread has read it before. */
    atomic_fetch_add_explicit(&pair->frees, 1, memory_order_release);
    mg_heap_push_remote(heap, block);
}

/* Into the thread's magazine and its lane's credit, where there is room. The thread is inside us. */
static MG_INLINE bool keep_at_hand(struct mg_self *self, void *block, struct mg_owner owner)
{
    struct mg_magazines *magazines = self->magazines;
    struct mg_heap *heap = self->heap;
    if (MG_UNLIKELY(!magazines || mg_window_heap(block) != heap->index))
        return false;
    struct mg_pair *pair = &heap->pairs[owner.tag];
    unsigned count = MG_LOAD(magazines->count[owner.class]);
    if (MG_UNLIKELY(count == mg_magazine_rounds[owner.class] || MG_LOAD(pair->local) != self->account ||
                    MG_LOAD(mg_library_limits)))
        return false;
    if (MG_UNLIKELY(!mg_credit_regain(self->lane, pair->library, (int64_t)mg_classes.size[owner.class])))
        return false;
    magazines->blocks[owner.class][count] = block;
    /* After the block: a child of fork gets what is counted. */
    atomic_store_explicit(&magazines->count[owner.class], (uint8_t)(count + 1), memory_order_release);
    return true;
}

static MG_INLINE bool free_at_hand(struct mg_self *self, void *block, struct mg_owner owner)
{
    if (MG_UNLIKELY(!mg_magazine_rounds[owner.class] || MG_LOAD(self->inside)))
        return false;
    mg_enter_from_outside(self);
    bool kept = keep_at_hand(self, block, owner);
    mg_leave_to_outside(self);
    return kept;
}

static MG_NOINLINE void free_at_length(struct mg_self *self, void *block, struct mg_owner owner)
{
    if (MG_UNLIKELY(owner.class >= MG_SAMPLED)) {
        mg_stacks_forget(block);
        owner.class -= MG_SAMPLED;
        if (free_at_hand(self, block, owner))
            return;
    }
    struct mg_heap *heap = heap_of(block);
    struct mg_pair *pair = &heap->pairs[owner.tag];
    size_t bytes = mg_classes.size[owner.class];
    if (MG_UNLIKELY(MG_LOAD(self->inside))) {
        free_as_stranger(heap, pair, (int64_t)bytes, block);
        return;
    }
    mg_enter_from_outside(self);
    if (MG_UNLIKELY(!is_local(self, heap, pair))) {
        free_as_stranger(heap, pair, (int64_t)bytes, block);
        if (self->state == MG_THREAD_ATTACHED)
            mg_heap_tidy(heap, (int64_t)bytes);
        mg_leave_to_outside(self);
        return;
    }
    mg_charges_return(self, pair->library, (int64_t)bytes);
    mgje_sdallocx(block, bytes, 0);
    if (mg_magazine_rounds[owner.class] && self->magazines &&
        MG_LOAD(self->magazines->count[owner.class]) == mg_magazine_rounds[owner.class])
        mg_magazines_drain(self->magazines, owner.class);
    mg_leave_to_outside(self);
}

void mg_free(void *block)
{
    struct mg_self *self = &mg_self;
    struct mg_owner owner = mg_window_owner(block);
    if (MG_UNLIKELY(!free_at_hand(self, block, owner)))
        free_at_length(self, block, owner);
}

/* The block stays its owner's and changes its size. The growth is charged first and the rest given back last. */
static bool resize(struct mg_self *self, struct mg_pair *pair, unsigned tag, void *block, size_t size,
                   void **moved)
{
    int64_t before = (int64_t)mg_usable_size(block);
    unsigned class = class_for(size, 0);
    if (!class)
        return false;
    int64_t after = (int64_t)mg_classes.size[class];
    *moved = NULL;
    if (after > before && !mg_charges_take(self, pair->library, after - before))
        return true;
    if (after > before && self->heap != heap_of(block)) {
        /* The charge moved the thread to another account, where the block can't follow in place. */
        mg_charges_undo(self, pair->library, after - before);
        return false;
    }
    /* A block of another size is another one to chance; and once it has moved, its old place is somebody else's. */
    mg_stacks_forget_any(block);
    *moved = mgje_rallocx(block, (size_t)after, 0);
    if (!*moved) {
        mg_stacks_count(self, pair->library, block);
        if (after > before)
            mg_charges_undo(self, pair->library, after - before);
        return false;
    }
    mg_window_mark(*moved, class, tag);
    mg_stacks_count(self, pair->library, *moved);
    mg_charges_keep(self, after - before);
    if (before > after)
        mg_charges_return(self, pair->library, before - after);
    /* The charge counted a block that came or the refund one that went; it was the same one. */
    if (after > before)
        MG_BUMP(self->lane->books[pair->library].frees, 1);
    else if (before > after)
        MG_BUMP(self->lane->books[pair->library].allocations, 1);
    return true;
}

/* To a block of the calling library's. */
static bool move(unsigned library, void *block, size_t size, void **moved)
{
    if (!mg_allocate(library, size, 0, 0, moved))
        return false;
    if (*moved) {
        size_t before = mg_usable_size(block);
        memcpy(*moved, block, before < size ? before : size);
        mg_free(block);
    }
    return true;
}

bool mg_reallocate(unsigned library, void *block, size_t size, void **moved)
{
    struct mg_self *self = &mg_self;
    struct mg_owner owner = mg_window_owner(block);
    struct mg_heap *heap = heap_of(block);
    struct mg_pair *pair = &heap->pairs[owner.tag];
    if (MG_LIBRARY_SERVES(library))
        library = owner_of(self, library, size);
    if (MG_LOAD(self->inside) || pair->library != library)
        return move(library, block, size, moved);
    mg_enter_from_outside(self);
    bool served = false;
    if (is_local(self, heap, pair)) {
        self->asked = asked_of(library, 0);
        served = resize(self, pair, owner.tag, block, size, moved);
    }
    mg_leave_to_outside(self);
    if (served && MG_UNLIKELY(mg_settings.referee))
        mg_walk_referee(size);
    return served || move(library, block, size, moved);
}
