#!/bin/bash
# Leaks of libraries as published, in a JVM: the report's stacks name the native function that asked for what was never given back:
# zstd streams, RocksDB's write batches and options, the JDK's own Inflater and Deflater.
. "$ROOT/tests/jvm/setup.bash"
jars=("$BUILD"/spark-*/jars/rocksdbjni-*.jar)
rocksdb=${jars[0]}
jars=("$BUILD"/spark-*/jars/zstd-jni-*.jar)
zstd=${jars[0]}
[ -f "$rocksdb" ] && [ -f "$zstd" ] || skip "Spark's jars were not fetched"
command -v addr2line >/dev/null || skip "no addr2line (binutils) here"
build_classes
CLASSES=$CLASSES:$rocksdb:$zstd
javac -Xlint:all,-path -Werror --release 17 -cp "$CLASSES" -d "$WORK/classes" "$here/leaks/LeaksMain.java"
settings=(targets='*' mode=observe stacks=true stacks_bytes=4k report="$WORK/r.json")

# The report of a run as collapsed stacks, in c.txt.
leak() { # JAVA [SETTING]...
    local java=$1
    shift
    rm -f "$WORK"/r.json*
    run_java "$java" io.memgrant.LeaksMain "$@" || { cat "$WORK/output"; fail "leaks on $java"; }
    expect_lines 1 'leaked 250'
    expect_lines 0 '[Rr]e-registering'
    "$ROOT/tests/preload/balanced" "$WORK/r.json"
    "$ROOT/scripts/memgrant" stacks "$WORK/r.json" --collapsed "$WORK/c.txt" --libraries "$rocksdb" --libraries "$zstd"
}

# Standard input: LIBRARY LEAST MOST FUNCTION: kilobytes in use that were asked for below that function, in stacks that BESIDE is in too.
# They are estimates: of fifty blocks of 7 KB, samples of 4 KB say 358, give or take 23, so a bound is many times that away.
expect() { # JAVA [BESIDE]
    while read -r library least most function; do
        bytes=$(grep "^[^;]*;${library}[^;]*;" "$WORK/c.txt" | grep -F -- "$function" | grep -F -- "${2-}" | awk '{ sum += $NF } END { print int(sum / 1024) }')
        [ "${bytes:-0}" -ge "$least" ] && [ "$bytes" -le "$most" ] ||
            { cut -c1-600 "$WORK/c.txt" | grep "$library" | head -n 40; fail "$1: $bytes KB by $function of $library"; }
        echo "$1: $bytes KB by $function of $library"
    done
}

# Where a line of the example is: LeaksMain.java:NUMBER.
line() {
    grep -n -- "$1" "$here/leaks/LeaksMain.java" | sed -n '1s/:.*//;1s/^/io.memgrant.LeaksMain.main(LeaksMain.java:/;1s/$/)/p'
}

for java in $(jvms); do
    LIB=$LIB leak "$java" "${settings[@]}"
    # By Java's line, through the native function that asked.
    expect "$java" Java_org_rocksdb_WriteBatch_ <<END
librocksdbjni 9000 40000 $(line 'batch.put')
END
    expect "$java" Java_org_rocksdb_Options_newOptions <<END
librocksdbjni 1 10000 $(line 'new Options')
END
    expect "$java" Java_java_util_zip_Inflater_ <<END
libz 100 4000 $(line 'new Inflater')
END
    expect "$java" Java_java_util_zip_Deflater_ <<END
libz 10000 20000 $(line 'new Deflater')
END
    expect "$java" libzstd-jni <<END
libzstd-jni 100 400000 $(line 'new ZstdOutputStream')
END
    ! grep 'LeaksMain.java.*code of no file' "$WORK/c.txt" || fail "$java: what lies between Java and the library is shown"
done

# Counted from the environment there are no boundaries: native frames alone.
for setting in "${settings[@]}"; do
    name=${setting%%=*}
    export "MEMGRANT_${name^^}=${setting#*=}"
done
leak "$java"
expect "$java" <<'END'
librocksdbjni 9000 40000 Java_org_rocksdb_WriteBatch_
librocksdbjni 1 10000 Java_org_rocksdb_Options_newOptions
libz 100 4000 Java_java_util_zip_Inflater_
libz 10000 20000 Java_java_util_zip_Deflater_
libzstd-jni 100 400000 Java_com_github_luben_zstd_ZstdOutputStreamNoFinalizer_
END
! grep 'LeaksMain' "$WORK/c.txt" || fail "$java: Java frames from nowhere"
