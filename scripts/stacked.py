"""A report's stacks: of which everything has its type, with names and as a tree. Used by `memgrant stacks` and `memgrant chart`."""

import os

import reports
import symbols

JAVA = -2  # the module of frames of Java
DEEPEST, LEAST = 200, 5000  # a tree has no frames below, nor any with less than a 5,000th of all


def fields(record, kinds, what):
    """Nothing, or BadInput where a record is not what it should be."""
    if not isinstance(record, dict):
        raise reports.BadInput(f"{what} is no object")
    for name, kind in kinds.items():
        value = record.get(name)
        if not isinstance(value, kind) or kind is int and not 0 <= value < 1 << 64:
            raise reports.BadInput(f"{what} has no {name} that could be used")


def stacks_of(report):
    """The report's part on stacks; None: it has none."""
    stacks = report.get("stacks")
    if stacks is None:
        return None
    fields(stacks, {"modules": list, "live": list, "mean_bytes": int, "dropped": int, "in_signals": int}, "stacks")
    for module in stacks["modules"]:
        fields(module, {"path": str, "build_id": str, "from": int, "to": int, "offset": int}, "a module")
    for row in stacks["live"]:
        fields(row, {"account_name": str, "thread": str, "library": str, "samples": int, "bytes": int, "blocks": int,
                     "frames": list}, "a stack")
        if "resident" in row:
            fields(row, {"resident": int}, "a stack")
        for frame in row["frames"]:
            if not (isinstance(frame, list) and len(frame) == 2 and all(isinstance(part, int) for part in frame)):
                raise reports.BadInput("a frame is not two numbers")
    add_java(stacks)
    return stacks


def add_java(stacks):
    """Above the native frames of each stack those of Java, where they are known: [JAVA, index in stacks["java"]]."""
    callers, known = stacks.get("callers", [[]]), {}
    if not (isinstance(callers, list) and all(isinstance(stack, list) and all(isinstance(name, str) for name in stack) for stack in callers)):
        raise reports.BadInput("the callers are no lists of names")
    for row in stacks["live"]:
        number = row.get("callers", 0)
        java = callers[number] if isinstance(number, int) and 0 <= number < len(callers) else []
        while java and row["frames"] and is_between(row["frames"][-1], stacks["modules"]):
            row["frames"].pop()
        row["frames"] += [[JAVA, known.setdefault(name, len(known))] for name in java]
    stacks["java"] = list(known)


def is_between(frame, modules):
    """Whether a frame is one of those by which Java calls native methods: of code of no file, or of our thunks."""
    return not 0 <= frame[0] < len(modules) or os.path.basename(modules[frame[0]]["path"]) == "libmemgrant.so"


def names_of_java(stacks):
    """As symbols.symbolize's."""
    for at, name in enumerate(stacks["java"]):
        yield (JAVA, at), [(name, name[name.rfind("(") + 1:-1] if name.endswith(")") else "")]


def whose(row):
    """The library, and whether it mapped the memory itself, as allocators of a library's own do."""
    return row["library"] + (" (mapped)" if row.get("mapping") is True else "")


def path_of(row, names):
    """Names from the outermost to the innermost frame, below whose it is."""
    yield row["account_name"] or "(unknown)"
    yield whose(row)
    for frame in reversed(row["frames"]):
        for name, _ in reversed(names[tuple(frame)]):
            yield name
    if not row["frames"]:
        yield "(no stack)"


def tree_of(stacks, names):
    root = {"name": "in use", "value": 0, "children": {}}
    for row in stacks["live"]:
        node = root
        node["value"] += row["bytes"]
        for depth, name in enumerate(path_of(row, names)):
            if depth == DEEPEST:
                break
            node = node["children"].setdefault(name, {"name": name, "value": 0, "children": {}})
            node["value"] += row["bytes"]
    return root


def bounded(root):
    """The tree with lists of children, without what is too small to be seen. Without recursion, for deep stacks."""
    least = root["value"] / LEAST
    waiting = [root]
    while waiting:
        node = waiting.pop()
        node["children"] = [child for child in node["children"].values() if child["value"] >= least]
        waiting += node["children"]
    return root


def innermost(row, names):
    """The first frames that are in the library itself, for a table; and where Java came from."""
    native, java = [[name for frame in row["frames"] if (frame[0] == JAVA) == is_java for name, _ in names[tuple(frame)]]
                    for is_java in (False, True)]
    return " < ".join(native[:4] + java[:8]) or "(no stack)"


def largest(stacks, count):
    return sorted(stacks["live"], key=lambda row: -row["bytes"])[:count]


def tells_resident(stacks):
    """Not of reports of earlier versions."""
    return all("resident" in row for row in stacks["live"])


def summary(stacks):
    total = sum(row["bytes"] for row in stacks["live"])
    samples = sum(row["samples"] for row in stacks["live"])
    text = f"{total:,} bytes, estimated from {samples:,} samples, one in {stacks['mean_bytes']:,} bytes."
    if tells_resident(stacks):
        text += f" {sum(row['resident'] for row in stacks['live']):,} bytes of it are resident."
    lost = stacks["dropped"] + stacks["in_signals"]
    return text + (f" {lost:,} more samples were not kept, so some bytes are missing." if lost else "")


def names_of(stacks, places, root):
    """What symbols.symbolize says, and Java's."""
    names = symbols.symbolize(stacks, symbols.Files(places, root))
    names.update(names_of_java(stacks))
    return names
