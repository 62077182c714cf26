"""Brings a library's jars, by Maven, and compiles its workload against them."""
import glob
import os
import subprocess

from libraries import BUILD, ROOT, file_of
from process import CLASSES

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>io.github.memgrant</groupId>
  <artifactId>fates</artifactId>
  <version>0</version>
  <dependencies>{}</dependencies>
</project>
"""
DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>{}</dependency>"


def dependency(coordinates):
    group, artifact, version, *classifier = coordinates.split(":")
    return DEPENDENCY.format(group, artifact, version, f"<classifier>{classifier[0]}</classifier>" if classifier else "")


def there_already(library):
    """Spark's own jars and the demo's serve too, where they are of that version."""
    names = [coordinates.split(":") for coordinates in library.maven]
    found = [path for _, artifact, version, *more in names for folder in ("spark-*/jars", "deps", "deps-spark3", "comet")
             for path in glob.glob(os.path.join(BUILD, folder, "-".join([artifact, version, *more]) + ".jar"))]
    return found if len({os.path.basename(path) for path in found}) == len(names) else None


def fetched(library, may_download):
    """None when its jars are there, else why not."""
    if library.spark and not os.path.exists(os.path.join(BUILD, library.spark)):
        return f"there is no build/{library.spark} (scripts/get-spark)"
    folder = file_of(library)
    if os.path.exists(os.path.join(folder, ".complete")):
        return None
    os.makedirs(folder, exist_ok=True)
    present = there_already(library)
    if present:
        for path in present:
            if not os.path.exists(os.path.join(folder, os.path.basename(path))):
                os.symlink(os.path.realpath(path), os.path.join(folder, os.path.basename(path)))
        return None
    if not may_download or os.environ.get("NO_INSTALL"):
        return "its jars were not fetched (make fates does)"
    subprocess.run([os.path.join(ROOT, "scripts", "deps"), "demo"], check=True)
    with open(os.path.join(folder, "pom.xml"), "w") as pom:
        pom.write(POM.format("".join(map(dependency, library.maven))))
    print(f"fetching {', '.join(library.maven)} from Maven Central", flush=True)
    maven = subprocess.run(["mvn", "-B", "-q", "-f", os.path.join(folder, "pom.xml"), f"-DoutputDirectory={folder}",
                            f"-DexcludeTransitive={'true' if library.spark else 'false'}", "dependency:copy-dependencies"], capture_output=True, text=True, check=False)
    if maven.returncode:
        errors = [line for line in maven.stdout.splitlines() if "ERROR" in line]
        return f"Maven could not fetch it: {errors[0] if errors else maven.stdout[-300:]}"
    open(os.path.join(folder, ".complete"), "w").close()
    return None


def javac(classes, path, sources):
    os.makedirs(classes, exist_ok=True)
    made = subprocess.run(["javac", "--release", "17", "-proc:none", "-Xlint:all,-path,-processing,-classfile", "-d", classes, "-cp", path, *sources],
                          capture_output=True, text=True, check=False)
    return made.stdout + made.stderr if made.returncode else None


def compiled(library):
    """None when the workload's classes are there, else what the compiler says."""
    folder = os.path.join(ROOT, "tests", "fates", "java")
    common = [os.path.join(folder, name + ".java") for name in ("Workload", "Fate", "Budget", "Threads")]
    stamp = os.path.join(CLASSES, "Fate.class")
    if not os.path.exists(stamp) or os.path.getmtime(stamp) < max(map(os.path.getmtime, common)):
        wrong = javac(CLASSES, os.path.join(BUILD, "memgrant.jar"), common)
        if wrong:
            return wrong
    own = os.path.join(CLASSES, f"{library.name}-{library.version}")
    path = [CLASSES, os.path.join(file_of(library), "*")]
    if library.spark:
        path += [os.path.join(BUILD, "memgrant.jar"), os.path.join(BUILD, library.spark, "jars", "*")]
    return javac(own, ":".join(path),
                 [os.path.join(folder, name + ".java") for name in (library.workload, "Texts", "Points")])


def lacks(library, may_download, jdk):
    """None when it can be run on that Java, else why not."""
    if library.last_java and jdk and int(jdk) > library.last_java:
        return f"it runs on Java {library.last_java} at most"
    return fetched(library, may_download) or compiled(library)
