"""The memory cgroup of a process, v1 or v2, that its kernel would kill it at: the innermost with the least room left."""

import os

NONE = 1 << 60  # v1 says "no limit" by the largest number of pages
FIRST = {"limit": ["memory.limit_in_bytes"], "usage": "memory.usage_in_bytes", "anonymous": "total_rss", "shared": "total_shmem",
         "free": ["total_active_file", "total_inactive_file"]}
SECOND = {"limit": ["memory.max", "memory.high"], "usage": "memory.current", "anonymous": "anon", "shared": "shmem",
          "free": ["active_file", "inactive_file", "slab_reclaimable"]}


def read(*path):
    try:
        with open(os.path.join(*path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def number(text, otherwise):
    return int(text) if text.strip().isdecimal() else otherwise


class Container:
    """In bytes; `reclaimable` is what the kernel takes back before it kills anybody, which a full memory.current holds too."""

    def __init__(self, folder, names):
        figures = dict(line.rpartition(" ")[::2] for line in read(folder, "memory.stat").splitlines())
        self.limit = min(number(read(folder, name), NONE) for name in names["limit"])
        self.anonymous, self.shared = (number(figures.get(names[name], ""), 0) for name in ("anonymous", "shared"))
        self.reclaimable = sum(number(figures.get(name, ""), 0) for name in names["free"])
        self.left = self.limit - number(read(folder, names["usage"]), NONE) + self.reclaimable


def levels(path, mounts, kind, option):
    """The folders of a cgroup and of those around it, as far as they are mounted here."""
    for line in mounts.splitlines():
        place, _, system = (half.split(" ") for half in line.partition(" - "))
        if len(place) < 5 or len(system) < 3 or system[0] != kind or option and option not in system[2].split(","):
            continue
        # In a container the mount's root is the container's cgroup, whatever it is called outside.
        point, root = place[4], place[3]
        inside = path if root == "/" else path[len(root):] if path.startswith(root) else ""
        folder = os.path.normpath(point + "/" + inside)
        while folder == point or folder.startswith(point + "/"):
            yield folder
            folder = os.path.dirname(folder)
        return


def container_of(pid):
    """None where no memory cgroup of the process has a limit, or none can be read."""
    lines = [line.split(":", 2) for line in read(f"/proc/{pid}/cgroup").splitlines()]
    of = {name: fields[2] for fields in lines if len(fields) == 3 for name in fields[1].split(",")}
    mounts = read("/proc/self/mountinfo")
    if "memory" in of:
        found = [Container(folder, FIRST) for folder in levels(of["memory"], mounts, "cgroup", "memory")]
    else:
        found = [Container(folder, SECOND) for folder in levels(of.get("", "/"), mounts, "cgroup2", "")]
    limited = [one for one in found if one.limit < NONE]
    return min(limited, key=lambda one: one.left) if limited else None
