# What is handed out: the library for both machines, so that it runs where glibc is 2.17 or later, and packages of it with the rest.
# zig is the compiler (release/get-zig), since it brings the symbols of each glibc; jemalloc comes from its own source, configured as Debian
# does it, without profiling; libgcc's unwinder is the cross compilers'. Everything lies in build/dist/, a folder for each machine.
D        := $(B)/dist
MACHINES := x86_64 aarch64
ZIG      := $(B)/zig/bin/zig
JE_FILES := $(B)/jemalloc-5.3.0
FLOOR    := 2.17
.PHONY: dist dist-library test-dist

# Calls of what we export stay calls by name, as gcc has it: an allocator in front of us may serve them. The other machine has landing pads
# of its own, and clang warns of other things.
PADS_OF_x86_64  := -fcf-protection
PADS_OF_aarch64 := -mbranch-protection=bti
DIST_CFLAGS := $(filter-out $(PADS_$(MACHINE)) -Werror,$(CFLAGS)) -Wno-unknown-warning-option -Wno-missing-field-initializers -Wno-missing-prototypes \
               -fno-stack-protector -U_FORTIFY_SOURCE -fsemantic-interposition \
               -ffile-prefix-map=$(CURDIR)=.
# (zig's linker has no -z shstk: the released library is not marked for shadow stacks, which no JVM has either.)
DIST_LDFLAGS := -shared -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,--version-script=$(B)/exports.map -Wl,-soname,libmemgrant.so
# An older glibc has words by which it calls another malloc. jemalloc would define them: a program that it is linked into, as a unit test, would have
# all of libc's blocks from our private jemalloc there.
JE_NO_HOOKS := je_cv_glibc_malloc_hook=no je_cv_glibc_memalign_hook=no
# The page that jemalloc reckons with has to be the kernel's largest; the addresses that are given without a hint have 47 bits.
LG_PAGE_x86_64  := 12
LG_PAGE_aarch64 := 16

$(B)/.tools-dist: scripts/deps
	@mkdir -p $(B) && scripts/deps dist && touch $@
$(ZIG): release/get-zig | $(B)/.tools-dist
	@release/get-zig $(B)/zig && touch $@
$(JE_FILES)/configure: release/get-jemalloc | $(B)/.tools-dist
	@release/get-jemalloc $(JE_FILES) && touch $@

# $1: the machine, as it is in the names of compilers.
define release_rules
TOOL_$1 = $(if $(filter $1,$(shell uname -m)),,$1-linux-gnu-)
ZCC_$1 = ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/$(B)/zig-cache $(ZIG) cc -target $1-linux-gnu.$(FLOOR)
OBJ_$1 := $(patsubst %,$(D)/$1/obj/%.o,$(basename $(SRC) $(wildcard interpose/*.c) $(JNI) release/find_object.c))

$(D)/$1/jemalloc.a: $(JE_FILES)/configure release/release.mk $(ZIG)
	@echo '  JE    $1'
	$(Q)rm -rf $(D)/$1/je && mkdir -p $(D)/$1/je
	$(Q)printf '#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR=%s\nexec %s cc -target $1-linux-gnu.$(FLOOR) -fno-stack-protector -U_FORTIFY_SOURCE -ffile-prefix-map=%s=. "$$$$@"\n' \
	  '$(CURDIR)/$(B)/zig-cache' '$(CURDIR)/$(ZIG)' '$(CURDIR)' >$(D)/$1/je/zcc && chmod +x $(D)/$1/je/zcc
	$(Q)cd $(D)/$1/je && { $(CURDIR)/$(JE_FILES)/configure CC=$$$$PWD/zcc AR=ar --host=$1-linux-gnu --with-version=5.3.0-0-g0 --disable-cxx --disable-doc $(JE_NO_HOOKS) \
	  --with-lg-page=$(LG_PAGE_$1) --with-lg-hugepage=21 --with-lg-vaddr=48 && $(MAKE) build_lib_static; } >log 2>&1 || { tail -n 20 log; exit 1; }
	$(Q)cp $(D)/$1/je/lib/libjemalloc_pic.a $$@

# As for build/libmgje.a in the Makefile.
$(D)/$1/libmgje.a: $(D)/$1/jemalloc.a $(B)/libmgje.a
	@echo '  PRIV  $$@'
	$(Q)cp $$< $$@.tmp && cd $(D)/$1 && ar x libmgje.a.tmp tsd.pic.o && \
	  $$(TOOL_$1)objcopy --redefine-sym je_tsd_tcache_enabled_data_init=mg_je_thread_begins tsd.pic.o && ar r libmgje.a.tmp tsd.pic.o 2>/dev/null
	$(Q)$$(TOOL_$1)objcopy --redefine-syms=$(B)/libmgje.a.names $$@.tmp && rm $(D)/$1/tsd.pic.o && mv $$@.tmp $$@
$(D)/$1/libgcc_eh.a: release/release.mk | $(B)/.tools-dist
	$(Q)mkdir -p $(D)/$1 && $$(TOOL_$1)objcopy --redefine-sym _dl_find_object=mg_find_object \
	  "$$$$($$(TOOL_$1)gcc -print-file-name=libgcc_eh.a)" $$@

$(D)/$1/obj/jni/%.o: DIST_CFLAGS += $(JVMFLAGS)
$(D)/$1/obj/src/specs.o: src/profiles
$(D)/$1/obj/%.o: %.c $(ZIG) release/release.mk $(B)/.flags
	@echo '  ZIG   $$< ($1)'
	$(Q)mkdir -p $$(@D) && $$(ZCC_$1) $$(DIST_CFLAGS) $(PADS_OF_$1) -MMD -MP -c $$< -o $$@
$(D)/$1/obj/%.o: %.S $(ZIG) release/release.mk
	$(Q)mkdir -p $$(@D) && $$(ZCC_$1) $(PADS_OF_$1) -c $$< -o $$@
# Linked twice: a build's id is reckoned with its debug information, which names folders of the compiler, and would be another one in another folder.
$(D)/$1/libmemgrant.so: $$(OBJ_$1) $(D)/$1/libmgje.a $(D)/$1/libgcc_eh.a $(B)/exports.map
	@echo '  LINK  $$@'
	$(Q)link() { $$(ZCC_$1) $(DIST_LDFLAGS) "$$$$@" -o $$@.tmp $$(OBJ_$1) $(D)/$1/libmgje.a $(D)/$1/libgcc_eh.a -lm; }; \
	  link -Wl,--build-id=sha1 -Wl,--strip-all && id=$$$$(readelf -n $$@.tmp | sed -n 's/.*Build ID: //p') && link -Wl,--build-id=0x"$$$$id"
	$(Q)$$(TOOL_$1)objcopy --strip-debug $$@.tmp && mv $$@.tmp $$@
	@release/check-floor $(FLOOR) $$@
# For any image of that machine: musl's libc, which zig brings too, is made for static programs.
$(D)/$1/memgrant-top: tools/top.c src/page.h $(ZIG) release/release.mk
	@echo '  ZIG   $$@'
	$(Q)mkdir -p $(D)/$1 && ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/$(B)/zig-cache $(ZIG) cc -target $1-linux-musl -std=gnu11 -O2 -static -s -D_GNU_SOURCE= -Isrc -o $$@.tmp $$< && mv $$@.tmp $$@
$(D)/$1/unit/%: tests/unit/%.c tests/test.h $$(filter $(D)/$1/obj/src/% $(D)/$1/obj/release/%,$$(OBJ_$1)) $(D)/$1/libmgje.a $(D)/$1/libgcc_eh.a
	@echo '  ZIG   $$< ($1)'
	$(Q)mkdir -p $$(@D) && $$(ZCC_$1) $(DIST_CFLAGS) $(PADS_OF_$1) -Itests -o $$@ $$(filter %.c %.o,$$^) $(D)/$1/libmgje.a $(D)/$1/libgcc_eh.a -lm -pthread
dist-library: $(D)/$1/libmemgrant.so $(D)/$1/memgrant-top
dist-unit-$1: $(UNIT:unit/%=$(D)/$1/unit/%)
-include $$(OBJ_$1:.o=.d)
endef
$(foreach m,$(MACHINES),$(eval $(call release_rules,$m)))

# javadoc writes the day into its pages unless it is told not to.
$(D)/javadoc/index.html: $(B)/memgrant.jar
	@echo '  DOC   $@'
	$(Q)rm -rf $(D)/javadoc && mkdir -p $(D) && $(shell scripts/find-java)/bin/javadoc -quiet -notimestamp -Xdoclint:none -d $(D)/javadoc \
	  -cp '$(B)/spark-$(AGAINST)/jars/*' $(filter %.java,$(JAVA)) >$(D)/javadoc.log 2>&1 || { tail -n 20 $(D)/javadoc.log; exit 1; }
dist: dist-library $(D)/javadoc/index.html ## What is handed out, in build/dist/out: tar.gz, .deb, Maven layout, for glibc 2.17 and later, x86-64 and aarch64
	$(Q)rm -rf $(D)/out && release/package $(VERSION) $(D)/out
test-dist: dist tools-test $(B)/.tools-emulated $(PRELOAD) $(LIBS) $(B)/stress/random $(foreach m,$(MACHINES),dist-unit-$m) ## What is handed out: floor of glibc, both machines, the same bytes twice
	@tests/run.sh dist
