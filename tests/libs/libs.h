/* What the fixtures offer to test programs. */
#ifndef MG_TEST_LIBS_H
#define MG_TEST_LIBS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
void *target_tail_malloc(size_t size);
void *target_malloc(size_t size);
void *target_calloc(size_t count, size_t size);
void *target_realloc(void *block, size_t size);
void *target_aligned(size_t alignment, size_t size);
void target_free(void *block);
void *target_map(size_t size);
void *target_map_at(void *address, size_t size, int protection, int flags);
void *target_remap(void *block, size_t size, size_t new_size, int flags, void *to);
void *bystander_malloc(size_t size);
void *bystander_realloc(void *block, size_t size);
void bystander_free(void *block);
void *bag_make(size_t size);
void bag_drop(void *bag);
#ifdef __cplusplus
}
#endif

#endif
