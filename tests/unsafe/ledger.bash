# Sourced: puts libraries that take memory by Unsafe through tests/unsafe/java/Ledger.java. Needs ROOT, BUILD, LIB, WORK.

sources=$ROOT/tests/unsafe/java
export MALLOC_PERTURB_=165 # glibc overwrites what is freed

# The options that Spark 4 gives its JVMs, as far as they concern memory.
flags_of() { # JAVA
    local flags=(-Xcheck:jni --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED
        --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/java.lang.reflect=ALL-UNNAMED --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED
        -Dio.netty.tryReflectionSetAccessible=true -XX:MaxDirectMemorySize=2g)
    case $("$1" -version 2>&1 | head -n 1) in
        *\"17* | *\"2[0-3]*) ;;
        *) flags+=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow) ;;
    esac
    printf '%s\n' "${flags[@]}"
}

# jars FOLDER NAME...: a class path of those.
jars() {
    local folder=$1 path=
    for name in "${@:2}"; do
        for jar in "$folder/$name"-[0-9]*.jar "$folder/$name"_2*.jar; do
            [ ! -f "$jar" ] || path=$path:$jar
        done
    done
    printf '%s\n' "${path#:}"
}

compile() { # JAVAC CLASSPATH CLASSES NAME...: with RELEASE for that version of Java
    local files=("${@/%/.java}")
    files=("${files[@]/#/$sources/}")
    mkdir -p "$3"
    "$1" ${RELEASE:+--release "$RELEASE"} -nowarn -proc:none -cp "$BUILD/memgrant.jar:$2" -sourcepath "$sources" -d "$3" "${files[@]:3}" \
        >"$WORK/javac" 2>&1 || { cat "$WORK/javac"; return 1; }
}

# ledger NAME JAVA WORKLOAD CLASSPATH [OPTION]...: with TRACKED a second time, with the JVM's native memory tracking; with MAIN=MappedFiles
# no more than that. Compiled by the JDK that runs it, where it has a compiler: some of the libraries are for one alone; or before, into
# COMPILED.
ledger() {
    local name=$1 java=$2 workload=$3 path=$4 classes flags compiler
    shift 4
    compiler=$(dirname "$java")/javac
    [ -x "$compiler" ] || compiler=$("$ROOT/scripts/find-java")/bin/javac
    classes=${COMPILED:-$WORK/classes-${name//[ ,]/-}}
    mapfile -t flags < <(flags_of "$java")
    [ -n "${COMPILED:-}" ] || compile "$compiler" "$path" "$classes" Ledger MappedFiles "$workload" || return
    for tracked in '' ${TRACKED:+-XX:NativeMemoryTracking=detail}; do
        # shellcheck disable=SC2086 # none, or one
        LD_PRELOAD=$LIB "$java" "${flags[@]}" $tracked "$@" -cp "$classes:$BUILD/memgrant.jar:$path" \
            "${MAIN:-Ledger}" "$workload" "$LIB" "$WORK" $tracked >"$WORK/output" 2>&1 || { cat "$WORK/output"; echo "FAILED: $name $tracked on $java"; return 1; }
        if grep -E 'WARNING in native|JNI call|memgrant:' "$WORK/output"; then
            echo "FAILED: $name $tracked on $java"
            return 1
        fi
        echo "$name${tracked:+ tracked} on $("$java" -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p'): $(grep ': ok' "$WORK/output")"
    done
}
