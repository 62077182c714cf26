/* SPECs: which libraries are targets and how each is treated, from --target, MEMGRANT_TARGETS and the profiles.
 * "librocksdbjni*,limit=2g,on-denial=overdraft": a prefix or glob on a file's name, then options. Runs at startup. */
#ifndef MG_SPECS_H
#define MG_SPECS_H

#include "settings.h"

/* Names of methods, or globs, with '+' between: a piece of the SPEC's own text, which stays. */
struct mg_names {
    const char *at;
    size_t length;
};

struct mg_spec {
    char pattern[64];
    int64_t limit; /* -1 none */
    enum mg_fate fate;
    signed char copes;          /* with NULL: 1 yes, 0 no, -1 not said */
    signed char nested;         /* passes on what is thrown in its calls back into Java: as copes */
    signed char charges_itself; /* asks Spark for what it takes: as copes */
    struct mg_names closers, leaves;
    char pool_threads[32];
    char environment[128]; /* NAME=VALUE that its allocator needs to give memory back */
};

/* Reads the targets and the profiles. No targets: the profiles' libraries when in_spark, else every one. NULL, or what
 * is wrong (static text). */
const char *mg_specs_start(bool in_spark);
/* Whether a file of that name is a target, and its SPEC, with the profile's words where the SPEC is silent. */
bool mg_specs_find(const char *file_name, struct mg_spec *spec);
/* The n-th target that is named by Java package ("java:org.apache.arrow.*"), NULL behind the last one: only what a person wrote. */
const struct mg_spec *mg_specs_java(unsigned n);
/* Whether a target's or profile's pattern is one on classes, and holds for that class, named with dots. */
bool mg_spec_holds_class(const struct mg_spec *spec, const char *class_name);
/* Whether a profile says that the class asks Spark itself for what it takes. */
bool mg_specs_class_charges_itself(const char *class_name);
/* Puts into the environment what the targets' profiles say, where the user says nothing else. */
void mg_specs_set_environment(void);

/* Prefix or glob (* and ?). */
bool mg_matches(const char *pattern, const char *name);
/* Whether a method of that name is one of them. */
bool mg_names_hold(const struct mg_names *names, const char *name);

#endif
