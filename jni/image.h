/* Which file this copy of the library is, and which addresses are its own. Runs on JVM threads. */
#ifndef MG_IMAGE_H
#define MG_IMAGE_H

#include <stdbool.h>

/* Whether the address lies in this copy of the library. */
bool mg_image_holds(const void *address);
/* The path that the dynamic linker knows this copy by. */
const char *mg_image_path(void);
/* Keeps this copy in memory when its loader gives it up: threads that end still call into it. */
void mg_image_stay(void);
/* Whether the process calls this copy's malloc, that is, whether it was preloaded. Otherwise *other is the
 * file whose malloc is called. */
bool mg_image_is_preloaded(const char **other);

#endif
