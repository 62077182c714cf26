#!/usr/bin/env python3
"""The containers of the demo's fifth act are measured and removed, also when an executor is killed while it makes its own."""
import os
import subprocess
import sys
import tempfile

ROOT = os.environ.get("ROOT") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from containers import Containers, Unavailable # noqa: E402


def check(holds, what):
    print("ok" if holds else "FAILED", "-", what)
    return holds


def start(home, dies_at):
    """Starts what stands for a JVM, whose launcher dies at that command of its own: as mkdir number 1, 2..."""
    tools = os.path.join(home, f"tools-{dies_at}")
    os.mkdir(tools)
    with open(tools + "/mkdir", "w") as file:
        file.write(f'#!/bin/sh\n/bin/mkdir "$@"\necho >>{tools}/made\n'
                   f'[ "$(wc -l <{tools}/made)" != {dies_at} ] || kill -KILL $PPID\n')
    os.chmod(tools + "/mkdir", 0o755)
    environment = dict(os.environ, PATH=tools + ":" + os.environ["PATH"])
    return subprocess.run([home + "/bin/java", "-c", ":"], env=environment).returncode


def main():
    try:
        containers = Containers()
    except Unavailable as why:
        print(why)
        return 77
    good = True
    try:
        with tempfile.TemporaryDirectory() as home:
            containers.java_home(home, "/bin/sh", 1 << 28)
            good &= check(start(home, 0) == 0, "a program runs in a container of its own")
            seen = containers.take()
            good &= check(len(seen) == 1 and seen[0]["cpu_seconds"] > 0, f"its CPU time is known: {seen}")
            for step in range(1, len(containers.folders) + 1):
                good &= check(start(home, step) == -9, f"a launcher is killed at step {step}")
                good &= check(all(one["kills_by_kernel"] == 0 for one in containers.take()), "others are not disturbed")
    finally:
        containers.remove()
    return 0 if check(not any(map(os.path.exists, containers.folders + [containers.temporary])), "nothing is left") and good else 1


if __name__ == "__main__":
    sys.exit(main())
