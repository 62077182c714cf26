#!/bin/bash
# run.sh: libraries that take memory by Unsafe, as published, on each JDK that runs them (tests/unsafe/java/Ledger.java, with and
# without native memory tracking), and the tests that Arrow, Netty and Spark published for their memory classes, of which the
# same must pass under the library, enforcing with a large limit, as without it. The jars come from Maven Central into build/unsafe.
# ONLY=ledger or ONLY=published runs one half, JDK=21 one version, PUBLISHED='netty*' the tests of those. What JUnit said is in
# build/unsafe/outputs.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd) BUILD=${BUILD:-$ROOT/build} LIB=$BUILD/libmemgrant.so
WORK=$(mktemp -d) && trap 'rm -rf "$WORK"' EXIT
export ROOT BUILD LIB WORK
cd "$ROOT"
. scripts/fetch.sh
. tests/unsafe/ledger.bash
folder=$BUILD/unsafe failed=0

# fetched NAME GROUP:ARTIFACT:VERSION[:CLASSIFIER]...: those and what they need, in build/unsafe/NAME.
fetched() {
    local to=$folder/$1 group artifact version classifier
    [ ! -f "$to/.complete" ] || return 0
    may_download "$to is missing"
    mkdir -p "$to"
    {
        printf '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>io.github.memgrant</groupId>'
        printf '<artifactId>unsafe</artifactId><version>0</version><dependencies>\n'
        for coordinates in "${@:2}"; do
            IFS=: read -r group artifact version classifier <<<"$coordinates"
            printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>' "$group" "$artifact" "$version"
            printf '%s</dependency>\n' "${classifier:+<classifier>$classifier</classifier>}"
        done
        printf '</dependencies></project>\n'
    } >"$to/pom.xml"
    echo "fetching ${*:2}"
    mvn -q -B -Dstyle.color=never -f "$to/pom.xml" -DoutputDirectory="$to" dependency:copy-dependencies || return 1
    touch "$to/.complete"
}

put() { # NAME JAVA WORKLOAD CLASSPATH [OPTION]...
    TRACKED=yes ledger "$@" || failed=$((failed + 1))
}

maps() { # the same of what maps files and takes nothing else
    TRACKED=yes MAIN=MappedFiles ledger "$@" || failed=$((failed + 1))
}

ledgers() { # JAVA VERSION
    local kind
    put 'ByteBuffer.allocateDirect, FileChannel.map' "$1" DirectBuffers ''
    [ "$2" != 25 ] || put 'java.lang.foreign.Arena, FileChannel.map' "$1" ForeignArenas ''
    put "arrow-memory-unsafe $arrow" "$1" Arrow "$folder/arrow-unsafe/*"
    put "arrow-memory-netty $arrow" "$1" Arrow "$folder/arrow-netty/*"
    for kind in pooled unpooled adaptive; do
        put "netty-buffer $netty41, $kind" "$1" NettyPools "$folder/netty41/*" "-Dallocator=$kind"
        put "netty-buffer $netty42, $kind" "$1" NettyPools "$folder/netty42/*" "-Dallocator=$kind"
    done
    put "drill-memory-base $drill" "$1" Drill "$folder/drill/newer/*:$folder/drill/*"
    # Each version is for other JDKs.
    [ "$2" = 25 ] || put "datasketches-memory $sketches" "$1" Sketches "$folder/sketches/*"
    [ "$2" != 17 ] || put "datasketches-memory $sketches4" "$1" Sketches "$folder/sketches4/*" --add-modules=jdk.incubator.foreign
    [ "$2" != 21 ] || put "datasketches-memory $sketches6" "$1" SketchesArena "$folder/sketches6/*" --enable-preview
    [ "$2" != 25 ] || put "datasketches-java $sketches9, off heap" "$1" SketchesOffHeap "$folder/sketches9/*"
    if [ "$2" = 25 ]; then
        maps "lucene-core $lucene10, MMapDirectory" "$1" LuceneFiles "$folder/lucene10/*"
    else
        maps "lucene-core $lucene9, MMapDirectory" "$1" LuceneFiles "$folder/lucene9/*"
    fi
    put "spark-unsafe $spark, Platform" "$1" SparkPlatform "$folder/spark/*"
}

junit() { # HOW JAVA OUT ARGUMENT...
    local how=$1 java=$2 out=$3 flags under=()
    shift 3
    mapfile -t flags < <(flags_of "$java")
    [ "$how" = plain ] || under=(scripts/memgrant run --target 'java:*' --limit 8g --report "$WORK/report.json" --)
    "${under[@]}" "$java" "${flags[@]}" -ea -Xmx2g -Dspark.memory.debugFill=true -Dspark.testing=true -Dspark.test.home=/nowhere -cp "$1" \
        org.junit.platform.console.ConsoleLauncher execute --disable-banner --details=tree --details-theme=ascii --disable-ansi-colors "${@:2}" >"$out" 2>&1 || true
}

# Each test that was run, with the classes it is in, and [OK] or [X]; times, addresses and, in Netty 4.2, the order of classes differ.
ends_of() { # OUT
    sed -n 's/^\([| `+\x27]*-- .*\[\(OK\|X\|A\|S\)\]\).*/\1/p' "$1" | sed 's/@[0-9a-f]*//g; s/ [0-9]* ms / /' |
        awk '{ at = index($0, "-- "); name[at] = substr($0, at + 3); path = ""
               for (i = 1; i < at; i++) if (i in name) { end = name[i]; sub(/ \[[A-Z]*\]$/, "", end); path = path end " > " }
               for (i in name) if (i + 0 > at) delete name[i]
               print path name[at] }' | LC_ALL=C sort
}

# Two runs without us tell which tests end by chance: whose lines are not in both of them. They are named, and not compared.
compared() { # ENDS
    awk -v chance="$WORK/chance" 'BEGIN { while ((getline line < chance) > 0) left[line] }
        { line = $0; sub(/ \[[A-Z]*\]$/, "", line) } !(line in left)' "$1"
}

summed() { # KIND OUT: how many tests, by JUnit
    sed -n "s/^\[ *\([0-9]*\) tests $1 *\]/\1/p" "$2"
}

published() { # NAME JAVA CLASSPATH ARGUMENT...
    local name=$1 java=$2 how kept
    # shellcheck disable=SC2053 # a glob
    [[ $name == ${PUBLISHED:-*} ]] || return 0
    shift 2
    kept=$folder/outputs/${name//[ ,]/-}
    mkdir -p "$folder/outputs"
    for how in plain again ours; do
        junit "${how/again/plain}" "$java" "$kept-$how" "$@"
        ends_of "$kept-$how" >"$WORK/$how.ends"
    done
    LC_ALL=C comm -3 "$WORK/plain.ends" "$WORK/again.ends" | sed 's/^\t//; s/ \[[A-Z]*\]$//' | LC_ALL=C sort -u >"$WORK/chance"
    echo "$name on $("$java" -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p'): $(summed successful "$kept-ours") passed," \
        "$(summed failed "$kept-ours") did not, $(grep -c . "$WORK/chance") by chance"
    sed 's/^/    by chance: /' "$WORK/chance"
    compared "$WORK/plain.ends" >"$WORK/plain.compared"
    compared "$WORK/ours.ends" >"$WORK/ours.compared"
    if ! cmp -s "$WORK/plain.compared" "$WORK/ours.compared" || ! grep -q '\[OK\]' "$WORK/ours.compared"; then
        diff "$WORK/plain.compared" "$WORK/ours.compared" | head -n 20 || true
        tail -n 3 "$kept-ours"
        echo "FAILED: $name: not the same as without us"
        failed=$((failed + 1))
    fi
    python3 -c "
import json
report = json.load(open('$WORK/report.json'))
row = [row for row in report['libraries'] if row['name'] == 'java:*'][0]
print('    ' + ', '.join(f'{key} {row[key]}' for key in ('allocations', 'frees', 'charged', 'peak', 'denials')))
assert not report['invariants_broken'] and not row['denials']"
}

published_tests() { # JAVA
    local jars=$folder/tests-arrow
    published "arrow-memory-core $arrow" "$1" "$jars/*:$folder/junit/*" --scan-classpath "$(echo "$jars"/arrow-memory-core-*-tests.jar)"
    published "arrow-memory-netty $arrow" "$1" "$jars/*:$folder/junit/*" --scan-classpath "$(echo "$jars"/arrow-memory-netty-*-tests.jar)"
    jars=$folder/tests-spark
    published "spark-unsafe $spark" "$1" "$jars/*:$folder/junit/*" -c org.apache.spark.unsafe.PlatformUtilSuite \
        -c org.apache.spark.unsafe.array.LongArraySuite -c org.apache.spark.unsafe.array.ByteArraySuite
    published "spark-core $spark, TaskMemoryManager" "$1" "$jars/*:$folder/junit/*" -c org.apache.spark.memory.TaskMemoryManagerSuite
    jars=$folder/tests-netty
    published "netty-buffer $netty41" "$1" "$jars/*:$folder/junit/*" --scan-classpath "$(echo "$jars"/netty-buffer-*-tests.jar)"
    jars=$folder/tests-netty42
    published "netty-buffer $netty42tests" "$1" "$jars/*:$folder/junit/*" --scan-classpath "$(echo "$jars"/netty-buffer-*-tests.jar)"
}

arrow=19.0.0 netty41=4.1.130.Final netty42=4.2.20.Final netty42tests=4.2.18.Final spark=4.0.0 drill=1.22.0 sketches=3.0.2 sketches4=4.1.0 sketches6=6.0.0 \
    sketches9=9.1.0 lucene9=9.12.3 lucene10=10.6.0 logs=org.slf4j:slf4j-nop:2.0.17
fetched arrow-unsafe org.apache.arrow:arrow-memory-unsafe:$arrow $logs
fetched arrow-netty org.apache.arrow:arrow-memory-netty:$arrow $logs
fetched netty41 io.netty:netty-buffer:$netty41
fetched netty42 io.netty:netty-buffer:$netty42
fetched drill org.apache.drill.memory:drill-memory-base:$drill $logs
fetched drill/newer com.google.guava:guava:33.1.0-jre # drill-common names one that is too old for it
fetched sketches org.apache.datasketches:datasketches-memory:$sketches
fetched sketches4 org.apache.datasketches:datasketches-memory:$sketches4
fetched sketches6 org.apache.datasketches:datasketches-memory:$sketches6
fetched sketches9 org.apache.datasketches:datasketches-java:$sketches9
fetched lucene9 org.apache.lucene:lucene-core:$lucene9
fetched lucene10 org.apache.lucene:lucene-core:$lucene10
fetched spark org.apache.spark:spark-unsafe_2.13:$spark
fetched junit org.junit.platform:junit-platform-console-standalone:1.10.2
fetched tests-arrow org.apache.arrow:arrow-memory-core:$arrow org.apache.arrow:arrow-memory-core:$arrow:tests \
    org.apache.arrow:arrow-memory-netty:$arrow org.apache.arrow:arrow-memory-netty:$arrow:tests ch.qos.logback:logback-classic:1.5.6 \
    org.assertj:assertj-core:3.25.3 org.mockito:mockito-core:5.11.0 org.hamcrest:hamcrest:2.2 com.google.guava:guava:33.1.0-jre org.immutables:value:2.10.1
fetched tests-netty io.netty:netty-buffer:$netty41 io.netty:netty-buffer:$netty41:tests org.mockito:mockito-core:4.11.0 org.hamcrest:hamcrest:2.2 \
    ch.qos.logback:logback-classic:1.3.14 org.assertj:assertj-core:3.25.3
fetched tests-netty42 io.netty:netty-buffer:$netty42tests io.netty:netty-buffer:$netty42tests:tests org.mockito:mockito-core:4.11.0 org.hamcrest:hamcrest:2.2 \
    ch.qos.logback:logback-classic:1.3.14 org.assertj:assertj-core:3.25.3
fetched tests-spark org.apache.spark:spark-unsafe_2.13:$spark org.apache.spark:spark-unsafe_2.13:$spark:tests org.apache.spark:spark-core_2.13:$spark \
    org.apache.spark:spark-core_2.13:$spark:tests org.apache.spark:spark-common-utils_2.13:$spark:tests org.mockito:mockito-core:5.11.0 \
    org.apache.spark:spark-network-common_2.13:$spark:tests

for version in ${JDK:-17 21 25}; do
    home=$(scripts/find-java "$version" 2>/dev/null) || home=$BUILD/java-$version
    [ -d "$home" ] || scripts/get-java "$version" || continue
    [ "${ONLY:-}" = published ] || ledgers "$home/bin/java" "$version"
    [ "${ONLY:-}" = ledger ] || published_tests "$home/bin/java"
done
[ $failed = 0 ] || { echo "$failed failed"; exit 1; }
