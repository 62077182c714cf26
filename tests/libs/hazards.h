/* What libhazards offers; a test loads it when it wants to. Each function returns a block that its library took. */
#ifndef MG_TEST_HAZARDS_H
#define MG_TEST_HAZARDS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define MG_NOEXCEPT noexcept
#else
#define MG_NOEXCEPT
#endif
void *hazards_table(void); /* that its static constructor took */
void *hazards_noexcept(size_t size) MG_NOEXCEPT;
void *hazards_destructor(size_t size);
void *hazards_thread(size_t size);
void *hazards_old_thread(size_t size);       /* whose start catches everything, to end the process */
void *hazards_caught_on_thread(size_t size); /* NULL: by a handler for everything */
void *hazards_unwinding(
    size_t size);                  /* NULL: a destructor caught it, which ran because of another exception */
void *hazards_caught(size_t size); /* NULL: std::bad_alloc was caught */
void *hazards_wrongly_caught(size_t size);  /* by a handler for something else */
void *hazards_caught_too_late(size_t size); /* by a handler that it would not reach */
void hazards_drop(void *block);
#ifdef __cplusplus
}
#endif

#endif
