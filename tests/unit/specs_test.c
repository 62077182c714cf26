/* SPECs: which file is a target, and whose word counts: the SPEC's, then on_denial's, then the profile's. */
#include "specs.h"
#include "test.h"

#include <string.h>

static struct mg_spec spec;

static const char *start(const char *targets, bool in_spark)
{
    CHECK(!mg_settings_set("targets", targets));
    return mg_specs_start(in_spark);
}

static void names_match_by_prefix_or_glob(void)
{
    CHECK(mg_matches("librocks", "librocksdbjni-linux64.so") && !mg_matches("librocks", "libduck.so"));
    CHECK(mg_matches("librocksdbjni*", "librocksdbjni123.so") && mg_matches("*jni*", "librocksdbjni123.so"));
    CHECK(mg_matches("*", "") && mg_matches("*", "anything") && mg_matches("", "anything"));
    CHECK(mg_matches("lib?.so", "liba.so") && !mg_matches("lib?.so", "lib.so") &&
          !mg_matches("lib?.so", "libab.so"));
    CHECK(mg_matches("a*b*c", "aXXbYYc") && mg_matches("a*b*c", "abc") && !mg_matches("a*b*c", "aXXbYY"));
    CHECK(mg_matches("*.so", "x.so") && !mg_matches("*.so", "x.so.1"));
}

static void targets_are_read_with_their_options(void)
{
    CHECK(!start("liba*,limit=2g,on-denial=overdraft,copes=yes,pool-threads=pool:*;;libb", false));
    CHECK(mg_specs_find("liba.so", &spec));
    CHECK(spec.limit == (int64_t)2 << 30 && spec.fate == MG_FATE_OVERDRAFT && spec.copes == 1);
    CHECK(!strcmp(spec.pool_threads, "pool:*"));
    CHECK(mg_specs_find("libb.so.5", &spec));
    CHECK(spec.limit == -1 && spec.fate == MG_FATE_UNSET && spec.copes == -1 && !*spec.pool_threads);
    CHECK(!mg_specs_find("libc.so.6", &spec));
}

static void native_methods_are_told_by_name_or_glob(void)
{
    CHECK(!start("liba,nested=yes,closers=leaveIt+end_*,leaves=size;libb,nested=no;libc", false));
    CHECK(mg_specs_find("liba.so", &spec) && spec.nested == 1);
    CHECK(mg_names_hold(&spec.closers, "leaveIt") && mg_names_hold(&spec.closers, "end_of_it"));
    CHECK(!mg_names_hold(&spec.closers, "leaveItOpen") && !mg_names_hold(&spec.closers, "leave") &&
          !mg_names_hold(&spec.closers, "size"));
    CHECK(mg_names_hold(&spec.leaves, "size") && !mg_names_hold(&spec.leaves, "sizeOf"));
    CHECK(mg_specs_find("libb.so", &spec) && spec.nested == 0 && !mg_names_hold(&spec.closers, "leaveIt"));
    CHECK(mg_specs_find("libc.so", &spec) && spec.nested == -1 && !mg_names_hold(&spec.leaves, ""));
}

static void without_targets_it_is_everything_or_the_known(void)
{
    CHECK(!start("", false) && mg_specs_find("whatever.so", &spec));
    CHECK(!start("", true) && !mg_specs_find("whatever.so", &spec));
    CHECK(mg_specs_find("librocksdbjni42.so", &spec) && spec.fate == MG_FATE_STOP);
    CHECK(!strcmp(spec.pool_threads, "rocksdb:*") && spec.charges_itself <= 0);
    CHECK(mg_specs_find("libcomet-42.so", &spec) && spec.charges_itself == 1);
}

static void the_persons_word_beats_the_profiles(void)
{
    CHECK(!start("librocksdbjni*,on-denial=overdraft", true) && mg_specs_find("librocksdbjni42.so", &spec));
    CHECK(spec.fate == MG_FATE_OVERDRAFT && spec.copes == 0 && !strcmp(spec.pool_threads, "rocksdb:*"));
    CHECK(!mg_settings_set("on_denial", "fail"));
    CHECK(mg_specs_find("librocksdbjni42.so", &spec) && spec.fate == MG_FATE_OVERDRAFT);
    CHECK(!start("libcomet*,charges-itself=no", true) && mg_specs_find("libcomet-42.so", &spec) &&
          spec.charges_itself == 0);
    CHECK(!start("librocksdbjni*", true) && mg_specs_find("librocksdbjni42.so", &spec) &&
          spec.fate == MG_FATE_FAIL);
    CHECK(!start("", true) && mg_specs_find("librocksdbjni42.so", &spec) && spec.fate == MG_FATE_FAIL);
    CHECK(!mg_settings_set("on_denial", ""));
}

/* They are no files, whatever the profiles name; and only a person's word makes them targets. */
static void java_packages_are_apart(void)
{
    CHECK(!start("liba;java:org.apache.arrow.*,limit=1g;java:*", true));
    CHECK(mg_specs_java(0)->limit == 1 << 30 && mg_specs_java(1) && !mg_specs_java(2));
    CHECK(mg_spec_holds_class(mg_specs_java(0), "org.apache.arrow.memory.ArrowBuf"));
    CHECK(!mg_spec_holds_class(mg_specs_java(0), "org.apache.arrows.Quiver"));
    CHECK(!mg_specs_find("java:x", &spec) && !mg_specs_find("libb.so", &spec));
    CHECK(mg_specs_class_charges_itself("org.apache.spark.unsafe.memory.UnsafeMemoryAllocator"));
    CHECK(!mg_specs_class_charges_itself("org.apache.spark.unsafe.Platform"));
    CHECK(!start("", true) && !mg_specs_java(0));
    CHECK(!start("*", false) && !mg_specs_java(0));
}

static void what_is_no_spec_is_shown(void)
{
    const char *bad[] = {
        ",limit=5",
        "lib,colour=red",
        "lib,limit",
        "lib,limit=lots",
        "lib,on-denial=never",
        "lib,copes=often",
        "lib,charges-itself=perhaps",
        "lib,nested=maybe",
        "lib,closers=",
        "lib,leaves=a+a_name_far_too_long_to_be_the_name_of_a_method_that_anybody_would_ever_write",
        "a-name-far-too-long-to-be-the-name-of-a-file-that-anybody-would-ever-load"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *wrong = start(bad[i], false);
        CHECK(wrong && strstr(wrong, bad[i]) && !strchr(wrong, '\n'));
    }
}

int main(void)
{
    bool any;
    CHECK(!mg_settings_read(&any));
    names_match_by_prefix_or_glob();
    targets_are_read_with_their_options();
    native_methods_are_told_by_name_or_glob();
    without_targets_it_is_everything_or_the_known();
    the_persons_word_beats_the_profiles();
    java_packages_are_apart();
    what_is_no_spec_is_shown();
    return 0;
}
