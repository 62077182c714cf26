# Sourced. The classes that a JVM of some class path loads, archived for those that come after it: in short Spark jobs loading them is three of
# ten CPU seconds. A JVM that finds that the archive does not fit goes on without it.
# shellcheck shell=bash

# The archive's name, of what the class paths of this NAME hold with this Spark on this JDK.
class_archive() { # NAME SPARK JDK-HOME
    echo "classes-$1-$2-$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$3/release").jsa"
}

# The option for the JVM, to whose class path these jars belong that may change: to share the classes, or, while there is no archive, to make it.
sharing_classes() { # ARCHIVE JAR...
    local jar
    for jar in "${@:2}"; do
        [ "$1" -nt "$jar" ] || {
            echo "-XX:ArchiveClassesAtExit=$1.new"
            return
        }
    done
    echo "-XX:SharedArchiveFile=$1"
}

keep_archive() { # ARCHIVE
    [ ! -f "$1.new" ] || mv "$1.new" "$1"
}
