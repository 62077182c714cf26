"""What the JVM's rows need: programs, their jars, something to compile."""
import glob
import os

from fetching import Missing, run
from machine import BENCH, BUILD, HERE, ROOT

JDK = os.path.join(BENCH, "jdk")
CLASSES, JARS = os.path.join(BENCH, "classes"), os.path.join(BENCH, "jars")
JAVAC_SOURCES = os.path.join(BENCH, "javac-sources")


def jdk():
    home = run([os.path.join(ROOT, "scripts", "find-java")], "a JDK")
    if not os.path.islink(JDK) or os.readlink(JDK) != home:
        if os.path.lexists(JDK):
            os.remove(JDK)
        os.symlink(home, JDK)
    return home


def compiled(name, class_path=""):
    """A program of java/ in build/bench/classes."""
    jdk()
    source, made = os.path.join(HERE, "java", name + ".java"), os.path.join(CLASSES, name + ".class")
    if not os.path.exists(made) or os.path.getmtime(made) < os.path.getmtime(source):
        run([os.path.join(JDK, "bin", "javac"), "-proc:none", "-d", CLASSES, "-cp", class_path or CLASSES, source], f"javac {name}")


def jar(name, script, *places):
    """The newest jar of that name where that script puts it, linked into build/bench/jars."""
    def found():
        return [path for place in places for path in sorted(glob.glob(os.path.join(BUILD, place, f"{name}-*.jar")))]
    if not found():
        run([os.path.join(ROOT, "scripts", script)], f"{name} (scripts/{script})")
    if not found():
        raise Missing(f"{name}: scripts/{script} did not bring it")
    os.makedirs(JARS, exist_ok=True)
    link = os.path.join(JARS, f"{name}.jar")
    if not os.path.exists(link) or os.readlink(link) != found()[-1]:
        if os.path.lexists(link):
            os.remove(link)
        os.symlink(found()[-1], link)
    return link


METHODS = """
    <T extends Comparable<T>> List<T> sorted%(m)d(Map<String, List<T>> from, Function<T, Integer> rank) {
        return from.entrySet().stream().filter(e -> e.getKey().length() > %(m)d).flatMap(e -> e.getValue().stream())
                .sorted(Comparator.comparing(rank).thenComparing(Comparator.naturalOrder())).collect(Collectors.toList());
    }

    int choice%(m)d(Kind kind, int n) {
        int sum = 0;
        for (int i = 0; i < n; i++)
            sum += switch (kind) {
                case ONE -> i * %(m)d;
                case TWO -> { int k = i ^ %(m)d; yield k << 2; }
                case THREE -> new Inner(i).twice(); };
        return sum + new %(other)s().weight();
    }
"""
CLASS = """import java.util.*;
import java.util.function.*;
import java.util.stream.*;

class %(name)s {
    enum Kind { ONE, TWO, THREE }
    record Inner(int value) { int twice() { return 2 * value; } }
    int weight() { return %(number)d; }
%(methods)s }
"""


def javac():
    """Sources enough to keep javac busy for some seconds: generics, lambdas, switches, inner classes."""
    jdk()
    names = [f"Made{number}" for number in range(30)]
    os.makedirs(JAVAC_SOURCES, exist_ok=True)
    for number, name in enumerate(names):
        methods = "".join(METHODS % {"m": m, "other": names[number - 1]} for m in range(10))
        with open(os.path.join(JAVAC_SOURCES, name + ".java"), "w") as file:
            file.write(CLASS % {"name": name, "number": number, "methods": methods})
    with open(os.path.join(JAVAC_SOURCES, "list"), "w") as file:
        file.writelines(f"{JAVAC_SOURCES}/{name}.java\n" for name in names)


def nothing():
    compiled("Nothing")


def unsafe_pairs():
    compiled("UnsafePairs", os.path.join(BUILD, "memgrant.jar"))


def native_calls():
    compiled("NativeCalls", os.path.join(BUILD, "memgrant.jar"))


def rocksdb():
    compiled("RocksDbWork", jar("rocksdbjni", "get-spark", "spark-*/jars", "deps"))


def duckdb():
    compiled("DuckDbWork", jar("duckdb_jdbc", "get-jars", "deps"))
