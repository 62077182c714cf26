"""Executors in containers of their own: memory cgroups, v1 or v2, as root. To be imported, not run.

v1 is what this was tried on. v2 has the same limits by other names; they are written here from its documentation.
"""
import errno
import glob
import os
import re
import select
import shlex
import shutil
import signal

PREFIX = "memgrant-demo."
TMPFS = "/dev/shm"


class Unavailable(Exception):
    """Why there are no containers here."""


def read(*path):
    with open(os.path.join(*path)) as file:
        return file.read()


def write(text, *path):
    with open(os.path.join(*path), "w") as file:
        file.write(text)


class Containers:
    """A family of cgroups. An executor makes its own and enters it (bin/java of java_home), we look at it and remove it.

    They share a folder for temporary files, `temporary`, which is a tmpfs as /tmp often is. On a disk the code of libraries
    that unpack themselves there is file pages: a container that is full drops and reads those again, for minutes, before the
    kernel gives up and kills.
    """

    def __init__(self):
        if os.geteuid() != 0:
            raise Unavailable("only root makes memory cgroups")
        if not os.path.ismount(TMPFS):
            raise Unavailable(f"{TMPFS} is no tmpfs")
        self.version, roots = self._mounted()
        self._remove_leftovers(roots)
        self.folders = [f"{root}/{PREFIX}{os.getpid()}" for root in roots]
        self.temporary = f"{TMPFS}/{PREFIX}{os.getpid()}"
        try:
            if self.version == 2 and "memory" not in read(roots[0], "cgroup.subtree_control").split():
                write("+memory", roots[0], "cgroup.subtree_control")
            for folder in self.folders + [self.temporary]:
                os.mkdir(folder)
            if self.version == 2:
                write("+memory", self.folders[0], "cgroup.subtree_control")
            trial = self.folders[0] + "/trial"
            os.mkdir(trial)
            write(str(1 << 30), trial, self._limits()[0])
            os.rmdir(trial)
        except OSError as error:
            self.remove()
            raise Unavailable(f"memory cgroups can't be made: {error}") from None

    @staticmethod
    def _mounted():
        """The version of cgroups that limits memory here, and the folders in which one makes them."""
        mounts = [line.split()[1:4] for line in read("/proc/mounts").splitlines()]
        v1 = {option: path for path, kind, options in mounts if kind == "cgroup" for option in options.split(",")}
        v2 = [path for path, kind, _ in mounts if kind == "cgroup2"]
        if "memory" in v1 and "cpuacct" in v1:
            return 1, [v1["memory"]] + [v1["cpuacct"]] * (v1["cpuacct"] != v1["memory"])
        if v2 and "memory" in read(v2[0], "cgroup.controllers").split():
            return 2, v2[:1]
        raise Unavailable("this system has no memory cgroups")

    def _remove_leftovers(self, roots):
        """Of runs that were killed."""
        for left in glob.glob(f"{roots[0]}/{PREFIX}*"):
            if not os.path.exists("/proc/" + left.rpartition(".")[2]):
                self._remove([root + "/" + os.path.basename(left) for root in roots])
                shutil.rmtree(f"{TMPFS}/{os.path.basename(left)}", ignore_errors=True)

    def _limits(self):
        """Where a limit is written: that of memory, and that of swap (v1: of memory and swap together)."""
        if self.version == 1:
            return "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
        return "memory.max", "memory.swap.max"

    def java_home(self, folder, java, limit):
        """Makes a Java home whose java runs in a container of its own. Spark starts executors by their JAVA_HOME."""
        lines = ["#!/bin/sh", "# Made by scripts/demo-kill: a JVM in a container of its own.", "set -e"]
        lines += [f"mkdir {path}/$$" for path in reversed(self.folders)] # who finds the first finds all
        if limit:
            memory, swap = [f"{self.folders[0]}/$$/{name}" for name in self._limits()]
            lines += [f"echo {limit} >{memory}"]
            lines += [f"[ ! -e {swap} ] || echo {limit if self.version == 1 else 0} >{swap}"]
        lines += [f"echo $$ >{path}/$$/cgroup.procs" for path in self.folders]
        lines += [f'exec {shlex.quote(java)} "$@"']
        os.makedirs(folder + "/bin", exist_ok=True)
        write("\n".join(lines) + "\n", folder, "bin/java")
        os.chmod(folder + "/bin/java", 0o755)

    def take(self):
        """What each container was like, once everything in it has ended. They are removed."""
        seen = []
        for memory in sorted(glob.glob(self.folders[0] + "/*/")):
            name = os.path.basename(memory.rstrip("/"))
            self._end_all(memory)
            seen.append(self._figures(name))
            self._remove([f"{folder}/{name}" for folder in self.folders])
        for left in os.scandir(self.temporary): # of the killed
            if left.is_dir(follow_symlinks=False):
                shutil.rmtree(left.path)
            else:
                os.remove(left.path)
        return seen

    def _figures(self, name):
        memory = os.path.join(self.folders[0], name)
        if self.version == 1:
            cpu = int(read(self.folders[-1], name, "cpuacct.usage")) / 1e9
            events = "memory.oom_control"
        else:
            cpu = int(re.search(r"usage_usec (\d+)", read(memory, "cpu.stat")).group(1)) / 1e6
            events = "memory.events"
        kills = re.search(r"oom_kill (\d+)", read(memory, events)) # which v1 has since Linux 4.13
        return {"cpu_seconds": cpu, "kills_by_kernel": int(kills.group(1)) if kills else None}

    @staticmethod
    def _end_all(folder, seconds=20):
        """Executors end a little after their application. What does not end in time is killed."""
        for path, _, _ in os.walk(folder):
            for pid in read(path, "cgroup.procs").split():
                try:
                    process = os.pidfd_open(int(pid))
                except ProcessLookupError:
                    continue
                if not select.select([process], [], [], seconds)[0]:
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                    select.select([process], [], [])
                os.close(process)

    def _remove(self, folders):
        for folder in folders:
            while os.path.isdir(folder):
                self._end_all(folder, 0)
                try:
                    for inner, _, _ in os.walk(folder, topdown=False):
                        os.rmdir(inner)
                except OSError as busy:
                    if busy.errno != errno.EBUSY: # else a JVM that was just being started came in meanwhile
                        raise

    def remove(self):
        """Leaves nothing behind, whatever still runs there."""
        self._remove(self.folders)
        shutil.rmtree(self.temporary, ignore_errors=True)
