#define NAMED calls_two
#include "libcalls_one.c"
