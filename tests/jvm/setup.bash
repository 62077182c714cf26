# Sourced by the tests of this folder: builds the Java classes and the fixture library into WORK, and finds the JVMs.
# CLASSES is their class path.
set -eu
skip() { echo "$*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }

here=$ROOT/tests/jvm
# glibc overwrites what is freed: whoever looks at it afterwards is found out.
export MALLOC_PERTURB_=165
[ -f "$LIB" ] || fail "$LIB was not built"
[ -f "$BUILD/memgrant.jar" ] || fail "$BUILD/memgrant.jar was not built"
command -v javac >/dev/null || skip "no javac here"
JAVAC_HOME=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
CLASSES=$WORK/classes:$BUILD/memgrant.jar

# The JDK that javac belongs to, JAVA_HOME and all of /usr/lib/jvm from 17 on, each once. JVM=21: those of that version alone,
# and what scripts/get-java has fetched of it. ONLY_JVM=FILE: that one.
jvms() {
    local home
    [ -z "${ONLY_JVM:-}" ] || { echo "$ONLY_JVM"; return; }
    for home in "$JAVAC_HOME" "${JAVA_HOME:-}" /usr/lib/jvm/* ${JVM:+"$ROOT/build/java-$JVM"}; do
        [ ! -x "$home/bin/java" ] || readlink -f "$home/bin/java"
    done | sort -u | while read -r java; do
        case $("$java" -version 2>&1 | head -n 1) in
            *\"1.* | *\"9* | *\"1[0-6]*) ;;
            *\""${JVM:-}"*) echo "$java" ;;
        esac
    done
}

build_library() { # NAME [OPTION]...: NAME.c, without mg and from the first _ on, becomes WORK/libNAME.so
    local name=$1 source=${1#mg}
    shift
    "${CC:-cc}" -std=gnu11 -O2 -g -fPIC -shared -fexceptions -fno-omit-frame-pointer -Wall -Wextra -Werror \
        -I"$JAVAC_HOME/include" -I"$JAVAC_HOME/include/linux" -o "$WORK/lib$name.so" "$@" "$here/${source%%_*}.c" -lpthread -ldl
}

build_target() { # the fixture library, twice as target and twice as bystander
    build_library mgtarget
    cp "$WORK/libmgtarget.so" "$WORK/libmgtarget-copy.so"
    cp "$WORK/libmgtarget.so" "$WORK/libmgbystander.so"
    cp "$WORK/libmgtarget.so" "$WORK/libmgbystander-copy.so"
}

build_classes() {
    javac -Xlint:all -Werror --release 17 -cp "$BUILD/memgrant.jar" -d "$WORK/classes" "$here"/*.java
}

# By which variable of the environment a program is preloaded: that of an emulator, which would set it for itself, is another one.
PRELOADS=${PRELOADS:-LD_PRELOAD}

run_java() { # JAVA MAIN [ARGUMENT]...: under the library; what it says goes to WORK/output too
    local java=$1 options=(-Xcheck:jni)
    shift
    case $("$java" -version 2>&1 | head -n 1) in
        *\"17* | *\"18* | *\"19* | *\"2[0-3]*) ;;
        *) options+=(--enable-native-access=ALL-UNNAMED) ;;
    esac
    # shellcheck disable=SC2086 # several options
    env "$PRELOADS=${PRELOAD-$LIB}" "$java" "${options[@]}" ${JAVA_FLAGS-} -cp "$CLASSES" "$@" >"$WORK/output" 2>&1
}

passes() { # NAME MAIN: on each JVM the program says that it is ok, and the library nothing
    local java
    for java in $(jvms); do
        echo "$java"
        run_java "$java" "$2" || { cat "$WORK/output"; fail "$1"; }
        expect_lines 1 "$1: ok"
        expect_lines 0 memgrant:
    done
}

expect_lines() { # COUNT PATTERN: in what the last JVM said
    local got
    got=$(grep -c -- "$2" "$WORK/output") || true
    [ "$got" = "$1" ] || { cat "$WORK/output"; fail "$got lines with '$2' instead of $1"; }
}
