/* Included before all else: what each thread has for itself is found by a call, of which the explorer, whose threads are all
 * one to the system, makes its own (program.c). */
#include "base.h"
#undef MG_PER_THREAD
#define MG_PER_THREAD _Thread_local __attribute__((tls_model("global-dynamic")))
