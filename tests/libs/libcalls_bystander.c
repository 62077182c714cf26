#define NAMED calls_bystander
#include "libcalls_one.c"
