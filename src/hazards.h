/* What a denial would break on the calling thread, looked at when one is about to happen. A std::bad_alloc that nobody
 * catches ends the process, and so does what leaves a destructor or another noexcept function; a library that is just
 * being loaded has nobody to tell; an allocator that lacks its first pages crashes later. Runs inside malloc. */
#ifndef MG_HAZARDS_H
#define MG_HAZARDS_H

#include "self.h"

/* What the thread asks for now, and so what a denial of it becomes. */
enum mg_asked {
    MG_ASKED_BLOCK,    /* malloc's kin: NULL */
    MG_ASKED_THROWING, /* operator new, and what libstdc++ needs itself: an exception, or the lack of one */
    MG_ASKED_MAPPING,  /* mmap's kin: MAP_FAILED */
    MG_ASKED_JAVA      /* libjvm, for Java's code: an OutOfMemoryError, which Java bears anywhere */
};

/* Whether so little is asked for that a denial saves nothing, and may meet code that was never written for it. malloc's
 * callers look at what they get, as far as we know, but a JVM is not put at risk on that. */
bool mg_hazards_minor(const struct mg_self *self, int64_t bytes, bool in_jvm);
/* Whether a denial here and now would be the process's end. Walks the stack. */
bool mg_hazards_fatal(const struct mg_self *self, bool in_jvm);
/* Whether the thread is in the dynamic linker's hands: others need its lock. Walks the stack. */
bool mg_hazards_in_linker(void);

#endif
