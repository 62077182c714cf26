"""Names of places in ELF files, for `memgrant stacks`: by build ID, through addr2line. What is read is not trusted."""

import os
import re
import struct
import subprocess
import tempfile
import zipfile

PAGE = 4096
MOST = 4 << 30  # bytes of a library that is taken out of a jar


class Elf:
    """What is needed of one file's headers: how offsets in it become addresses, and its build ID."""

    def __init__(self, path):
        self.segments, self.code, self.build_id = [], set(), ""
        with open(path, "rb") as file:
            header = file.read(64)
            if len(header) < 64 or header[:6] != b"\x7fELF\x02\x01":
                raise ValueError("not an ELF file of 64 bits")
            at, = struct.unpack_from("<Q", header, 32)
            size, count = struct.unpack_from("<HH", header, 54)
            for i in range(min(count, 64)):
                file.seek(at + i * size)
                kind, flags, offset, address, _, length = struct.unpack("<IIQQQQ", file.read(40))
                if kind == 1:
                    self.segments.append((offset, address, length))
                    if flags & 1:
                        self.code.add((offset // PAGE * PAGE, -(-(offset + length) // PAGE) * PAGE))
                elif kind == 4 and not self.build_id:
                    file.seek(offset)
                    self.build_id = build_id_in(file.read(min(length, 1 << 16)))

    def address(self, offset):
        """Of what is at that offset; None where nothing is loaded from there."""
        for start, address, length in self.segments:
            if start <= offset < start + length:
                return offset - start + address
        return None


def build_id_in(notes):
    at = 0
    while at + 12 <= len(notes):
        name, length, kind = struct.unpack_from("<III", notes, at)
        text = at + 12
        bytes_at = text + (name + 3) // 4 * 4
        if kind == 3 and notes[text:text + 4] == b"GNU\0":
            return notes[bytes_at:bytes_at + min(length, 32)].hex()
        at = bytes_at + (length + 3) // 4 * 4
    return ""


def beginning(path):
    """Of a library's name what it keeps when a JVM unpacks it: libzstd-jni of libzstd-jni-1.5.5-490174978.so."""
    return re.match(r"\D*", os.path.basename(path))[0]


def read(path):
    try:
        return Elf(path)
    except (OSError, ValueError, struct.error, OverflowError):
        return None


class Files:
    """Finds the file of a module: where it was, if it is still the same, else by its build ID in what the user names; where the module
    has none (zstd-jni), by how its name begins and where its code is in the file, if that is one file alone."""

    def __init__(self, places, root=""):
        self.root, self.by_id, self.nameless = root, {}, []
        self.scratch = tempfile.TemporaryDirectory(prefix="memgrant-stacks-")
        for place in places:
            self.add(place)

    def add(self, place, name=None):
        if os.path.isdir(place):
            for folder, _, names in os.walk(place):
                for name in names:
                    if name.endswith((".so", ".jar", ".jnilib")) or ".so." in name:
                        self.add(os.path.join(folder, name))
        elif place.endswith(".jar"):
            self.add_jar(place)
        else:
            elf = read(place)
            if elf and elf.build_id:
                self.by_id.setdefault(elf.build_id, place)
            elif elf:
                self.nameless.append((beginning(name or place), place, elf))

    def add_jar(self, jar):
        try:
            with zipfile.ZipFile(jar) as archive:
                for entry in archive.infolist():
                    if not entry.filename.endswith((".so", ".jnilib")) or entry.file_size > MOST:
                        continue
                    path = os.path.join(self.scratch.name, f"{len(os.listdir(self.scratch.name))}.so")
                    with archive.open(entry) as source, open(path, "wb") as target:
                        while block := source.read(1 << 20):
                            target.write(block)
                    self.add(path, entry.filename)
        except (OSError, zipfile.BadZipFile, EOFError, RuntimeError, ValueError):
            pass  # a jar that can't be read has no libraries

    def find(self, module):
        """(path, Elf), or None."""
        for path in (self.root + module["path"], module["path"], self.by_id.get(module["build_id"])):
            elf = path and path.startswith("/") and os.path.isfile(path) and read(path)
            if elf and elf.build_id == module["build_id"] and self.holds(elf, module):
                return path, elf
        alike = [(path, elf) for name, path, elf in self.nameless
                 if not module["build_id"] and name == beginning(module["path"]) and self.holds(elf, module)]
        return alike[0] if len(alike) == 1 else None

    @staticmethod
    def holds(elf, module):
        """Whether that code is where the module has it."""
        return any(start <= module["offset"] < end for start, end in elf.code) if module["build_id"] else \
            (module["offset"], module["offset"] + module["to"] - module["from"]) in elf.code


def plain(module, offset):
    """A place without a name."""
    path = re.sub(r" \(deleted\)$", "", module["path"])
    return f"{os.path.basename(path) or '?'}+0x{offset:x}"


def names_of(path, elf, offsets):
    """{offset: [(function, source line or "")]}, inlined functions first, by one run of addr2line."""
    addresses = {offset: elf.address(offset) for offset in offsets}
    asked = [offset for offset in offsets if addresses[offset] is not None]
    try:
        text = "".join(f"0x{addresses[offset]:x}\n" for offset in asked)
        said = subprocess.run(["addr2line", "-a", "-f", "-C", "-i", "-e", path], input=text, capture_output=True,
                              text=True, errors="replace", timeout=600, check=False).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found, at = {}, -1
    while said:
        line = said.pop(0)
        if line.startswith("0x"):
            at += 1
        elif 0 <= at < len(asked) and said:
            where = said.pop(0)
            if line != "??":
                found.setdefault(asked[at], []).append((line, "" if where.startswith("??") else where.split(" (")[0]))
    return found


def symbolize(stacks, files):
    """For each frame (module, offset) of a report's stacks a list of (function, source line), the innermost first."""
    modules, wanted, names = stacks["modules"], {}, {}
    for row in stacks["live"]:
        for module, offset in row["frames"]:
            wanted.setdefault(module, set()).add(offset)
    for module, offsets in wanted.items():
        if not 0 <= module < len(modules):
            names.update({(module, offset): [("(code of no file)" if offset else "(cut)", "")] for offset in offsets})
            continue
        file = files.find(modules[module])
        found = names_of(*file, sorted(offsets)) if file else {}
        for offset in offsets:
            names[module, offset] = found.get(offset) or [(plain(modules[module], offset), "")]
    return names
