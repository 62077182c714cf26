# memgrant: every target is listed by `make help`. V=1 shows the commands, SANITIZE= and CC= choose how C is built.
# C goes to build/, sanitized unit tests to build-<sanitizer>/. Nothing here calls make again.

VERSION   := $(shell sed -n 's/^version=//p' scripts/memgrant)
# What memgrant.jar is compiled against, one for all. What the demo and the tests run on: SPARK=3.5, JDK=25.
AGAINST   := 4.3.0
B         := build
Q         := $(if $(V),,@)
comma     := ,
SANITIZED := build-address,undefined build-thread
U         := $(if $(SANITIZE),build-$(SANITIZE),$(B))

WARN   := -Wall -Wextra -Wshadow -Wundef -Wcast-qual -Wwrite-strings -Werror
ALLOC  := malloc calloc realloc reallocarray free memalign aligned_alloc posix_memalign valloc pvalloc strdup strndup
CFLAGS := -std=gnu11 -O2 -g -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-omit-frame-pointer -fexceptions \
          $(WARN) -Wmissing-prototypes -Wstrict-prototypes $(ALLOC:%=-fno-builtin-%) -D_GNU_SOURCE= \
          -DMG_VERSION='"$(VERSION)"' -Isrc -Iinclude -I$(B)
# What is called by address is a landing pad, and a process with a shadow stack keeps it when it loads us: jemalloc's C and the
# unwinder's way up leave return addresses alone, whether they are marked or not.
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
PADS_x86_64  := -fcf-protection
PADS_aarch64 := -mbranch-protection=bti
CFLAGS += $(PADS_$(MACHINE))
# Link-time optimisation makes small files free. Fat objects, because the checks read them; gcc only, because clang's
# needs another linker.
LTO     := $(if $(findstring clang,$(CC)),,-flto -ffat-lto-objects -flto-partition=one)
LDFLAGS := -shared -Wno-stringop-overflow -Wl,-z,defs,-z,relro,-z,now -Wl,--version-script=$(B)/exports.map -Wl,--exclude-libs,ALL \
           -Wl,--build-id -static-libgcc -Wl,-soname,libmemgrant.so $(if $(filter x86_64,$(MACHINE)),-Wl$(comma)-z$(comma)shstk)
JVMFLAGS = -I$(shell scripts/find-java)/include -I$(shell scripts/find-java)/include/linux

SRC    := $(wildcard src/*.c)
JNI    := $(wildcard jni/*.c jni/*.S)
OBJ    := $(patsubst %,$(B)/obj/%.o,$(basename $(SRC) $(wildcard interpose/*.c) $(JNI)))
JAVA   := $(shell find java/src/main -type f 2>/dev/null)
UNIT   := $(patsubst tests/%.c,%,$(wildcard tests/unit/*_test.c))
PRELOAD := $(patsubst tests/%,$(B)/%,$(basename $(wildcard tests/preload/*_test.c tests/preload/*_test.cc)))
FAULTS := $(patsubst tests/%,$(B)/%,$(basename $(wildcard tests/faults/*.c tests/faults/*.cc)))
LIBS   := $(patsubst tests/libs/%,$(B)/libs/%.so,$(basename $(wildcard tests/libs/*.c tests/libs/*.cc)))
PROGS  := $(patsubst tests/%.c,$(B)/%,$(filter-out $(addprefix tests/bench/,door.c callback.c),$(wildcard tests/bench/*.c tests/stress/*.c)))
MODELS := $(patsubst tests/model/%_test.c,%,$(wildcard tests/model/*_test.c))
JEMALLOC := /usr/lib/$(shell $(CC) -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)/libjemalloc_pic.a
# What a test needs of the benchmarks; the rest of them is compiled, no more.
BENCHED := $(addprefix $(B)/bench/,libmemgrant-door.so pairs accounts launch) $(B)/obj/tests/bench/callback.o
SPARKJAR := $(B)/spark-$(AGAINST)/jars/spark-core_2.13-$(AGAINST).jar

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all help deps test test-unit test-preload test-faults test-jvm test-spark check model mutants bench peers fates soak state unsafe demo untouched stress fuzz clean format FORCE

all: $(B)/libmemgrant.so $(B)/memgrant-top $(B)/memgrant.jar ## Build build/libmemgrant.so and build/memgrant.jar

help: ## Print this list
	@echo "memgrant $(VERSION)"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
	  while IFS="$$(printf '\t')" read -r t h; do printf '  make %-13s %s\n' "$$t" "$$h"; done

deps: ## Install missing packages with apt, named first (NO_INSTALL=1: only name them)
	@scripts/deps all

test: $(B)/libmemgrant.so $(B)/memgrant-top $(B)/memgrant.jar tools-test unit-all model-programs $(PRELOAD) $(FAULTS) $(LIBS) $(B)/stress/random $(BENCHED) ## Run every test (a subset: make test TESTS='errno*')
	@tests/run.sh unit $(SANITIZED:build-%=unit-%) model preload faults check jvm spark

test-unit: tools-test $(UNIT:%=$(U)/%) ## C unit tests: src/ in plain programs (SANITIZE=thread or address,undefined)
	@tests/run.sh unit$(if $(SANITIZE),-$(SANITIZE))

test-preload: $(B)/libmemgrant.so $(B)/memgrant-top tools-test $(PRELOAD) $(LIBS) $(B)/stress/random ## Small and ordinary programs under the library
	@tests/run.sh preload

test-faults: $(B)/libmemgrant.so tools-test $(FAULTS) $(LIBS) ## Programs to which the kernel refuses memory, or that use something up
	@tests/run.sh faults

test-jvm: all tools-test $(LIBS) ## A JVM under the library
	@tests/run.sh jvm

test-spark: all tools-test ## Real Spark under the library
	@tests/run.sh spark

state: all tools-test ## A streaming query with 200 partitions of state in RocksDB, 1,000 batches at half of its memory
	@STATE="$${STATE:-200 1000 20000 200000}" SIDE_BY_SIDE=1 tests/spark/state_test.sh \
		--conf spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled=true

check: $(B)/libmemgrant.so tools-test $(BENCHED) ## The rules of DESIGN.md, checked by machine
	@tests/run.sh check

mutants: all tools-test $(PRELOAD) $(LIBS) ## Take out each cure of docs/hazards.md: a test must fail (MUTANTS='fork* late*')
	@tests/mutants/run.sh

model: model-programs ## Every order that C11 allows the lock-free parts, and each way to weaken them found (TESTS=, MODEL_INTERRUPTIONS=)
	@tests/model/run --mutants $(filter $(subst *,%,$(or $(TESTS),%)),$(MODELS))

bench: $(B)/libmemgrant.so $(B)/bench/libmemgrant-door.so $(B)/bench/libmemgrant-callback.so $(PROGS) ## Cost beside other allocators (QUICK=1, PAIRS=20, ROWS=GLOB, MODES=GLOB)
	@tests/bench/bench.py

peers: all ## The same work under heaptrack, memray, async-profiler and jemalloc's profile: docs/peers.md (ROUNDS=5)
	@tests/peers/peers.py

fates: all tools-demo ## What each real library does when it is denied memory: docs/fates.md (LIBRARIES='zstd-jni duckdb_jdbc', MODES='stop fail', JDK=25, FRESH=1)
	@tests/fates/fates.py $(LIBRARIES)
	@tests/fates/table.py

soak: all tools-demo ## 100,000 denials over all libraries, and 2,000 tasks on executors: docs/fates.md (DENIALS=, TASKS=, MINUTES=, LIBRARIES=, JDK=25, FRESH=1)
	@tests/fates/soak.sh $(LIBRARIES)

unsafe: all tools-demo ## Libraries that take memory by Java's Unsafe, and tests that they published (ONLY=ledger, ONLY=published)
	@bash -o pipefail -c 'tests/unsafe/run.sh | tee $(B)/unsafe.txt'
	@[ -n '$(ONLY)$(JDK)$(PUBLISHED)' ] || tests/unsafe/table.py $(B)/unsafe.txt

demo: all tools-demo ## RocksDB and DuckDB on real Spark: observed, granted, denied, spilled (SPARK=3.5, JDK=25)
	@scripts/demo

untouched: all tools-demo ## Twenty workloads that finish without memgrant, in the same containers with it (as root)
	@scripts/untouched

stress: $(B)/libmemgrant.so $(PROGS) ## Whatever a program may do, at random, compared with a model of the books (MINUTES=1, MODEL_SEED=)
	@tests/stress/run.sh $(or $(MINUTES),1)

FUZZED := $(patsubst tests/%.c,build-address$(comma)undefined/%,$(wildcard tests/unit/fuzz_*_test.c))
fuzz: $(B)/libmemgrant.so tools-test $(FUZZED) ## What reads files and pages of others, under mutated input: a hundred times what make test does (FUZZ_ROUNDS=100)
	@FUZZ_ROUNDS=$(or $(FUZZ_ROUNDS),100) TEST_TIMEOUT=86400 TESTS='*fuzz*' tests/run.sh unit-address,undefined preload

clean: ## Remove the build folders (not the downloads in build/spark-* and build/deps)
	$(Q)rm -rf build-address,undefined build-thread build-model $(addprefix $(B)/,obj unit preload faults libs bench stress classes mutants) \
	  $(addprefix $(B)/,libmemgrant.so libmgje.a memgrant-top memgrant.jar manifest exports.map .flags .tools-*)

format: ## Lay out the C sources by .clang-format
	$(Q)clang-format -i $(wildcard src/*.[ch] interpose/*.[ch] jni/*.[ch] tools/*.c tests/*.h tests/*/*.[ch] tests/*/*.cc)

# ---- Tools: each stamp is made once; the script prints what it is about to install ----
.PHONY: tools-test tools-demo unit-all
$(B)/.tools-%: scripts/deps
	@mkdir -p $(B) && scripts/deps $* && touch $@
tools-test: $(B)/.tools-test
tools-demo: $(B)/.tools-demo
$(JEMALLOC): $(B)/.tools-c
$(SPARKJAR): | $(B)/.tools-demo
	$(Q)scripts/get-spark $(AGAINST)

# ---- The library ----
$(B)/.flags: FORCE
	@mkdir -p $(B); echo '$(CC) $(CFLAGS) $(LTO) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(LTO) $(LDFLAGS)' >$@

$(B)/obj/src/specs.o: src/profiles

# What people may load in our place stays visible; everything else is local.
$(B)/exports.map: interpose/symbols.def
	$(Q)mkdir -p $(B); { echo '{ global:'; sed -n 's/^MG_SYMBOL(\([^,]*\),.*/    \1;/p' $<; \
	  echo '    JNI_OnLoad; Agent_OnLoad;'; echo '  local: *; };'; } >$@

# A jemalloc of our own: the distribution's archive with its public names renamed to mgje_*, so that nobody finds them,
# and what it asks of the system answered by src/: its mappings are then ours, and MALLOC_CONF is not read.
PUBLIC := malloc calloc free realloc memalign valloc pvalloc aligned_alloc posix_memalign malloc_usable_size mallocx \
          dallocx rallocx xallocx sallocx sdallocx nallocx mallctl mallctlbymib mallctlnametomib malloc_message \
          malloc_stats_print malloc_conf malloc_conf_2_conf_harder
$(B)/libmgje.a: $(JEMALLOC) Makefile | $(B)/.tools-c
	@echo '  PRIV  $@'
	$(Q)mkdir -p $(B) && cp $< $@.tmp && ar d $@.tmp jemalloc_cpp.pic.o
	$(Q)cd $(B) && ar x $(abspath $@.tmp) tsd.pic.o && \
	  objcopy --redefine-sym je_tsd_tcache_enabled_data_init=mg_je_thread_begins tsd.pic.o && \
	  ar r $(abspath $@.tmp) tsd.pic.o && rm tsd.pic.o
	$(Q)printf '%s\n' $(foreach s,$(PUBLIC),'$s mgje_$s') 'secure_getenv mg_je_getenv' \
	  '__errno_location mg_je_errno' \
	  $(foreach s,readlink sbrk,'$s mg_je_$s') $(foreach s,mmap munmap madvise mprotect,'$s mg_os_$s') >$@.names
	$(Q)objcopy --redefine-syms=$@.names $@.tmp && mv $@.tmp $@

$(B)/obj/jni/%.o: CFLAGS += $(JVMFLAGS)
$(B)/obj/%.o: %.c $(B)/.flags | $(B)/.tools-c
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LTO) -MMD -MP -c $< -o $@
$(B)/obj/%.o: %.S $(B)/.flags | $(B)/.tools-c
	@echo '  AS    $<'
	$(Q)mkdir -p $(@D) && $(CC) -g $(PADS_$(MACHINE)) -c $< -o $@

$(B)/libmemgrant.so: $(OBJ) $(B)/libmgje.a $(B)/exports.map
	@echo '  LINK  $@'
	$(Q)$(CC) $(CFLAGS) $(LTO) -Wno-stringop-overflow $(LDFLAGS) -o $@.tmp $(OBJ) $(B)/libmgje.a -lm && mv $@.tmp $@

# What reads from outside: a program of its own, static, for any image.
$(B)/memgrant-top: tools/top.c src/page.h $(B)/.flags | $(B)/.tools-c
	@echo '  CC    $<'
	$(Q)$(CC) -std=gnu11 -O2 -g -static $(WARN) -D_GNU_SOURCE= -Isrc -o $@.tmp $< && mv $@.tmp $@

# ---- Java ----
# What an older JVM loads, to say that it is too old, and to read event logs that name these events: all else is for Java 17.
JAVA8 = java/src/main/java/io/memgrant/Say.java $(addprefix java/src/main/java/io/memgrant/spark/, \
  MemgrantPlugin.java HistoryPlugin.java ExecutorsSeen.java ExecutorDied.java)
# Of two types of Spark's, what 3.5 has in their place: javac then makes what each version calls.
STUBS := $(shell find java/src/stubs -name '*.java' 2>/dev/null)
$(B)/memgrant.jar: $(JAVA) $(STUBS) scripts/memgrant | $(SPARKJAR)
	@echo '  JAVA  $@'
	$(Q)rm -rf $(B)/classes $(B)/stubs && mkdir -p $(B)/classes $(B)/stubs
	$(Q)$(shell scripts/find-java)/bin/javac --release 8 -Xlint:all,-path,-options,-classfile -Werror -proc:none -d $(B)/stubs \
	  -cp '$(B)/spark-$(AGAINST)/jars/*' $(STUBS)
	$(Q)$(shell scripts/find-java)/bin/javac --release 17 -Xlint:all,-path -Werror -proc:none -d $(B)/classes \
	  -cp '$(B)/stubs:$(B)/spark-$(AGAINST)/jars/*' $(filter %.java,$(JAVA))
	$(Q)$(shell scripts/find-java)/bin/javac --release 8 -Xlint:all,-path,-options,-classfile -Werror -proc:none -d $(B)/classes \
	  -cp '$(B)/classes:$(B)/stubs:$(B)/spark-$(AGAINST)/jars/*' $(JAVA8)
	$(Q)if [ -d java/src/main/resources ]; then cp -r java/src/main/resources/. $(B)/classes/; fi
	$(Q)printf 'Implementation-Title: memgrant\nImplementation-Version: $(VERSION)\n' >$(B)/manifest
	$(Q)$(shell scripts/find-java)/bin/jar --create --file $@.tmp --manifest $(B)/manifest -C $(B)/classes . && mv $@.tmp $@

# ---- Tests and benchmarks ----
$(B)/unit/%: tests/unit/%.c tests/test.h $(wildcard tests/unit/*.h tests/random/*.h) $(SRC:%.c=$(B)/obj/%.o) $(B)/libmgje.a
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -Itests -fno-lto -o $@ $< $(SRC:%.c=$(B)/obj/%.o) $(B)/libmgje.a -lm -pthread

$(B)/unit/fuzz_page_test: tools/top.c src/page.h

# The same under a sanitizer ($1) in a folder of its own ($2). src/ alone: a library in front of malloc and a sanitizer,
# which stands there too, exclude each other. gcc warns that ThreadSanitizer knows no fences: what they order is atomic here.
# No tests for NULL, which is met anyway: gcc reads the flags of an addition to a thread-local address that ld makes an lea, which sets none.
define sanitized_rules
$2/obj/%.o: %.c $(B)/.flags | $(B)/.tools-c
	@echo '  CC    $$< ($1)'
	$(Q)mkdir -p $$(@D) && $(CC) $$(CFLAGS) -DMG_DEBUG -fsanitize=$1 -fno-sanitize=null $(if $(findstring clang,$(CC)),,-Wno-tsan) -fno-sanitize-recover=all -MMD -MP -c $$< -o $$@
$2/unit/%: $2/obj/tests/unit/%.o $(SRC:%.c=$2/obj/%.o) $(B)/libmgje.a
	$(Q)mkdir -p $$(@D) && $(CC) -fsanitize=$1 -o $$@ $$^ -lm -pthread
unit-all: $(UNIT:%=$2/%)
endef
unit-all: $(UNIT:%=$(B)/%)
$(foreach s,$(SANITIZED),$(eval $(call sanitized_rules,$(s:build-%=%),$s)))
$(foreach s,$(SANITIZED),$(UNIT:%=$s/obj/tests/%.o)): CFLAGS += -Itests

# Fixtures: tiny libraries that stand for a user's. Test programs must make every call that they spell.
TESTFLAGS := -O2 -g -Wall -Wextra -Werror -Wno-alloc-size-larger-than -fno-builtin -Itests -Iinclude -pthread -Wl,--as-needed
TESTLINK  := -L$(B)/libs $(LIBS:$(B)/libs/lib%.so=-l%) -Wl,-rpath,'$$ORIGIN/../libs'
$(B)/libs/%.so: tests/libs/%.c | $(B)/.tools-test
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE= $(TESTFLAGS) -fPIC -shared -o $@ $<
$(B)/libs/libbystander_helpers.so: tests/libs/libtarget_helpers.c
$(B)/libs/%.so: tests/libs/%.cc | $(B)/.tools-test
	@echo '  CXX   $<'
	$(Q)mkdir -p $(@D) && $(CXX) $(TESTFLAGS) -fPIC -shared -o $@ $<
$(B)/preload/%: tests/preload/%.c tests/test.h $(LIBS)
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE= $(TESTFLAGS) -o $@ $< $(TESTLINK)
$(B)/preload/%: tests/preload/%.cc tests/test.h $(LIBS)
	@echo '  CXX   $<'
	$(Q)mkdir -p $(@D) && $(CXX) $(TESTFLAGS) -std=c++17 -o $@ $< $(TESTLINK)
$(B)/faults/%: tests/faults/%.c tests/test.h tests/faults/marks.h $(LIBS)
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE= $(TESTFLAGS) -o $@ $< $(TESTLINK)
$(B)/faults/%: tests/faults/%.cc tests/test.h tests/faults/marks.h $(LIBS)
	@echo '  CXX   $<'
	$(Q)mkdir -p $(@D) && $(CXX) $(TESTFLAGS) -std=c++17 -o $@ $< $(TESTLINK)
# The library with functions of its own to see (door.h), and as others would build it (callback.c).
$(B)/bench/door.map: $(B)/exports.map
	$(Q)mkdir -p $(@D) && sed 's/Agent_OnLoad;/& door_*;/' $< >$@
$(B)/bench/libmemgrant-door.so: $(OBJ) $(B)/obj/tests/bench/door.o
$(B)/bench/libmemgrant-callback.so: $(filter-out %/src/blocks.o,$(OBJ)) $(B)/obj/tests/bench/callback.o
$(B)/bench/libmemgrant-%.so: $(B)/libmgje.a $(B)/bench/door.map
	@echo '  LINK  $@'
	$(Q)$(CC) $(CFLAGS) $(LTO) $(subst $(B)/exports.map,$(B)/bench/door.map,$(LDFLAGS)) -o $@ $(filter %.o,$^) $(B)/libmgje.a -lm
$(B)/bench/%: tests/bench/%.c $(wildcard tests/bench/*.h) tests/test.h $(LIBS) | $(B)/.tools-c
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE= $(TESTFLAGS) -o $@ $< $(TESTLINK)
# Its own malloc is ours: the library's objects without the JVM's, and what they show in libc's place shown.
OWN := $(patsubst %.c,$(B)/obj/%.o,$(SRC) $(wildcard interpose/*.c))
$(B)/stress/random: tests/stress/random.c tests/test.h $(wildcard tests/random/*.h) $(OWN) $(B)/libmgje.a $(LIBS)
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -Itests -fno-lto -rdynamic -static-libgcc -o $@ $< $(OWN) $(B)/libmgje.a $(TESTLINK) \
	  -Wl,--as-needed -lm -pthread
$(B)/stress/%: tests/stress/%.c $(LIBS) | $(B)/.tools-c
	@echo '  CC    $<'
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE= $(TESTFLAGS) -o $@ $< $(TESTLINK)

# The lock-free parts in every order: src/ as it is, in programs that tests/model/src/ explores. gcc's instrumentation only.
.PHONY: model-programs
MO := $(patsubst %.c,build-model/obj/%.o,$(filter-out src/je_system.c src/version.c,$(SRC)) tests/model/program.c tests/model/arenas.c)
build-model/.flags: FORCE
	@mkdir -p $(@D); echo '$(if $(findstring clang,$(CC)),gcc,$(CC)) $(CFLAGS)' | cmp -s - $@ || \
	  echo '$(if $(findstring clang,$(CC)),gcc,$(CC)) $(CFLAGS)' >$@
build-model/obj/%.o: %.c build-model/.flags tests/model/compile | $(B)/.tools-c
	@echo '  CC    $< (model)'
	$(Q)mkdir -p $(@D) && tests/model/compile build-model/.flags $< $@
build-model/%.so: build-model/obj/tests/model/%.o $(MO)
	$(Q)gcc -shared -static-libgcc -Wl,-z,lazy -o $@ $^
model-programs: $(MODELS:%=build-model/%_test.so) build-model/explorer
build-model/explorer: $(wildcard tests/model/Cargo.* tests/model/src/*) tests/model/make-explorer
	@echo '  CARGO $@'
	$(Q)tests/model/make-explorer $@

include release/release.mk
-include $(wildcard $(OBJ:.o=.d) $(foreach s,$(SANITIZED),$s/obj/*/*.d $s/obj/tests/*/*.d) $(B)/obj/tests/bench/door.d $(B)/obj/tests/bench/callback.d build-model/obj/*/*.d build-model/obj/tests/*/*.d)
