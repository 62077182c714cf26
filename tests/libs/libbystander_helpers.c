/* Stands for a library that nobody asked to charge, though libc allocates for it: the target's calls under other names. */
#define NAMED(name) bystander_##name
#include "libtarget_helpers.c"
