/* What the name and the signature of a native method say: where its arguments are, whether its result may be a handle,
 * whether it gives something back. Runs on JVM threads. */
#ifndef MG_SHAPES_H
#define MG_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

/* Whether leaving by an exception can lose something that the method made. */
enum mg_result {
    MG_RESULT_VALUE, /* no: nothing, a number, a copy (byte[], String) */
    MG_RESULT_HANDLE /* yes: a long or an object may be the only hold on native memory */
};

/* Signatures are the JVM's own, hence well-formed. */
enum mg_result mg_shape_result(const char *signature);
/* Words of arguments that the calling convention passes on the stack. */
uint32_t mg_shape_stack_words(const char *signature);
/* Whether a word of the name says so: "disposeInternal", "duckdb_jdbc_free_result", "deleteKey" not. */
bool mg_shape_closes(const char *name, const char *signature);

#endif
