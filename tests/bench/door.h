/* What a plugin does with the library, for measured programs: libmemgrant-door.so is the library with these functions to see.
 * Weak: a program that was not started under it finds NULL. */
#ifndef MG_BENCH_DOOR_H
#define MG_BENCH_DOOR_H

#define DOOR __attribute__((visibility("default"), weak))

struct mg_account;

/* Ends dormancy as Spark's plugin does, in mode observe or enforce, everybody a target. */
DOOR void door_arm(const char *mode);
/* A task's account, granted more than anybody here uses. */
DOOR struct mg_account *door_open(void);
DOOR void door_bind(struct mg_account *account);
DOOR void door_unbind(void);
DOOR void door_settle(struct mg_account *account);
/* What the plugin's watch does each second. */
DOOR void door_watch(void);

#endif
