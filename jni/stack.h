/* What the Java stack says about leaving a native method by an exception. A library's Java half is not
 * written for it: RocksDB.open() makes a database by one native method and asks it for a handle by
 * another, and who is thrown out between the two leaves a database open, and locked, that nobody can
 * close. So there is
 *   - no leaving through a static initialiser or a library's loader, nor asking there: the class would be
 *     unusable for ever;
 *   - no leaving yet while a constructor of the library runs, or a static method of it that makes one of
 *     its objects;
 *   - no leaving yet from a method of the library that goes on after a native method gave it a handle;
 *   - no leaving yet while a method of the library gives something back, or the JDK's Cleaner lets it: what it has not
 *     given back by then nobody would.
 * "Of the library" are the frames above the native method that are of its class's package. Runs on JVM
 * threads. */
#ifndef MG_STACK_H
#define MG_STACK_H

#include "jvm.h"

#include <stdbool.h>

enum mg_stack_says {
    MG_STACK_NEVER, /* neither ask nor throw */
    MG_STACK_LATER, /* ask, but don't throw */
    MG_STACK_NOW
};

/* Without a JVMTI environment every answer is MG_STACK_NEVER. */
void mg_stack_use(jvmtiEnv *jvmti);
/* What native methods gave to the methods above them. */
enum mg_stack_handle {
    MG_HANDLE_NONE,
    MG_HANDLE_EARLIER, /* perhaps a handle, at a boundary where the stack was not looked at */
    MG_HANDLE_NOW      /* perhaps a handle: this method ends */
};
/* At the boundary of a native method: the newest frame is its own. */
enum mg_stack_says mg_stack_says(JNIEnv *env, bool at_end, enum mg_stack_handle handle);

#endif
