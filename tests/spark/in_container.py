#!/usr/bin/env python3
"""in_container.py FOLDER JAVA LIMIT: makes FOLDER a Java home whose java runs in a memory cgroup of its own with so many bytes, says
"ready", and waits for the end of its input. Then it says how many the kernel killed, and leaves nothing behind. 77 where there are
no containers."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
from containers import Containers, Unavailable # noqa: E402


def main(folder, java, limit):
    try:
        containers = Containers()
    except Unavailable as why:
        print(why, flush=True)
        return 77
    try:
        containers.java_home(folder, java, int(limit))
        print("ready", flush=True)
        sys.stdin.read()
        print(sum(seen["kills_by_kernel"] for seen in containers.take()), flush=True)
    finally:
        containers.remove()
    return 0


sys.exit(main(*sys.argv[1:]))
