#!/usr/bin/env python3
"""Each command of docs/deploy.md is run as it stands there, with the paths of an installation replaced by some of this test's, or has a reason here
why it can't be. A command that is new on the page, and one that went, fail this."""
import json
import os
import re
import shutil
import subprocess
import sys

ROOT, BUILD, WORK = os.environ["ROOT"], os.environ["BUILD"], os.environ["WORK"]
LIBRARY, JAR = "/usr/lib/memgrant/libmemgrant.so", "/usr/lib/memgrant/memgrant.jar"
PROGRAMS = ("memgrant ", "make ", "docker ", "kubectl ", "spark-submit ", "dpkg ", "sh ", "tar ")


def fail(text):
    sys.exit(f"FAILED - {text}")


def page():
    """Its blocks, and the commands in its sentences, without breaks of lines."""
    with open(f"{ROOT}/docs/deploy.md", encoding="utf-8") as file:
        text = file.read()
    blocks, sentences, block = [], [], []
    for line in [*text.split("\n"), ""]:
        if line.startswith("    "):
            block.append(line[4:])
            continue
        if block:
            blocks.append("\n".join(block))
            block = []
        sentences.append(line)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", " ".join(sentences))]
    return blocks + [span for span in dict.fromkeys(spans) if (span + " ").startswith(PROGRAMS)]


def run(command, expected, **environment):
    """The command in a shell that finds memgrant; what it wrote to both streams."""
    done = subprocess.run(["sh", "-c", command], cwd=WORK, capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{WORK}/bin:{os.environ['PATH']}", **environment})
    if done.returncode not in expected:
        fail(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def doctor(command):
    said = run(command, (0, 1))
    if not re.search(r"(?m)^ok +library ", said):
        fail(f"{command} says nothing of the library: {said}")
    json.loads(run(f"{command} --json", (0, 1)))


def spark_conf(command):
    said = run(command, (0,), SPARK_HOME=WORK)
    for word in ("spark.plugins=io.memgrant.spark.MemgrantPlugin", f"spark.executorEnv.LD_PRELOAD={LIBRARY}",
                 f"spark.executor.extraClassPath={JAR}", "in the executors' image"):
        if word not in said:
            fail(f"{command} does not say {word}: {said}")


def spark_conf_for_yarn(command):
    said = run(command, (0,), SPARK_HOME=WORK)
    if "spark.yarn.dist.files=" not in said or "LD_PRELOAD='{{PWD}}/libmemgrant.so'" not in said:
        fail(f"{command} lets YARN carry nothing: {said}")


def pod_template(text):
    """What the init container runs, with its files; and that the executor's container has the volume where they are."""
    words = json.loads(re.search(r"command: (\[.*\])", text)[1])
    image, volume = os.path.join(WORK, "image"), os.path.join(WORK, "volume")
    os.mkdir(image), os.mkdir(volume)
    shutil.copy(f"{BUILD}/libmemgrant.so", image)
    shutil.copy(f"{BUILD}/memgrant.jar", image)
    inside = [word.replace("/usr/lib/memgrant/", image + "/").replace(" /memgrant/", f" {volume}/") for word in words]
    subprocess.run(inside, check=True)
    if sorted(os.listdir(volume)) != ["libmemgrant.so", "memgrant.jar"]:
        fail(f"the init container's command leaves {os.listdir(volume)}")
    if text.count("volumeMounts: [{name: memgrant, mountPath: /memgrant}]") != 2 or "- name: memgrant\n      emptyDir" not in text:
        fail("the two containers don't share the volume")


def of_a_process(words):
    """The command for a process that is counted, in PID's place."""
    def look(command):
        with subprocess.Popen([f"{WORK}/bin/memgrant", "run", "--", sys.executable, "-c", "print('ready', flush=True); input()"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            said = run(command.replace("PID", str(process.pid)) + words, (0, 1))
            process.communicate("\n")
        if str(process.pid) not in said:
            fail(f"{command} says nothing of the process: {said}")
    return look


RUN = {
    "memgrant doctor": doctor,
    f"memgrant spark-conf --library {LIBRARY} --jar {JAR} -- --master k8s://HOST": spark_conf,
    "memgrant spark-conf -- --master yarn": spark_conf_for_yarn,
    "memgrant doctor PID": of_a_process(""),
    "memgrant top PID": of_a_process(" --once"),
    "memgrant run": lambda command: run(f"MEMGRANT_MODE=off {command} -- true", (0,)),
    "apiVersion": pod_template,
}
NOT_RUN = {
    "make dist": "make test-dist begins with it",
    "memgrant submit": "needs a cluster: tests/spark/standalone_test.sh and yarn_test.sh submit",
    "memgrant spark-conf": "the same command without its words",
    "USER": "needs a container engine; tests/dist/deb_test.sh installs the package and runs what is in it",
    "mkdir -p /opt/memgrant && tar -xzf memgrant-VERSION.tar.gz -C /opt/memgrant --strip-components=1":
        "tests/dist/same_bytes_test.sh unpacks the archive so, and runs what is in it",
}


def main():
    if not os.path.exists(f"{BUILD}/memgrant.jar"):
        print("build/memgrant.jar is not there: make")
        sys.exit(77)
    os.mkdir(f"{WORK}/bin")
    os.symlink(f"{ROOT}/scripts/memgrant", f"{WORK}/bin/memgrant")
    unused = set(RUN) | set(NOT_RUN)
    for command in page():
        key = command if command in unused else re.match(r"[A-Za-z]*", command)[0] if "\n" in command else command
        unused.discard(key)
        if key in RUN:
            RUN[key](command)
            print(f"ok - {key}")
        elif key in NOT_RUN:
            print(f"not run - {key}: {NOT_RUN[key]}")
        else:
            fail(f"nobody runs this command of docs/deploy.md: {command}")
    if unused:
        fail(f"docs/deploy.md has none of these commands any more: {sorted(unused)}")


main()
