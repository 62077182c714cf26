"""What includes what: for each C source and header of the tree, the headers of ours that it names."""
import os
import re
import sys

ROOT = os.environ.get("ROOT") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDERS = ("src", "interpose", "jni")


def files():
    """Paths such as src/os.c, in order."""
    for folder in FOLDERS:
        for name in sorted(os.listdir(os.path.join(ROOT, folder))):
            if name.endswith((".c", ".h", ".S", ".def")):
                yield f"{folder}/{name}"


def included(path):
    """(line number, path of a header of ours) of each #include "..." in it."""
    found = []
    with open(os.path.join(ROOT, path)) as source:
        for number, line in enumerate(source, 1):
            match = re.match(r'\s*#\s*include\s+"(?:\.\./)?([^"]+)"', line)
            if match:
                found.append((number, resolve(os.path.dirname(path), match[1])))
    return [(number, header) for number, header in found if header]


def resolve(folder, name):
    """As the compiler looks: beside the source, by its path from the top, then in src/ (-Isrc)."""
    for path in (f"{folder}/{name}", name, f"src/{name}"):
        if os.path.exists(os.path.join(ROOT, path)):
            return os.path.normpath(path)
    return None


def module(path):
    """os.c and os.h are one module, src/os."""
    return os.path.splitext(path)[0]


def end(problems):
    """Prints what is wrong and ends the check."""
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
