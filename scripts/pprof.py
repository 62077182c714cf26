"""Stacks as pprof's protobuf (github.com/google/pprof/proto/profile.proto), written without a library."""

import gzip
import re

import stacked


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def block(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def packed(field, values):
    return block(field, b"".join(varint(value) for value in values))


class Profile:
    """Numbers what is said more than once."""

    def __init__(self):
        self.strings, self.functions, self.locations = {"": 0}, {}, {}
        self.out = bytearray()

    def string(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def function(self, name, file):
        key = (name, file)
        if key not in self.functions:
            at = self.functions[key] = len(self.functions) + 1
            text = self.string(name)
            self.out += block(5, number(1, at) + number(2, text) + number(3, text) + number(4, self.string(file)))
        return self.functions[key]

    def location(self, frame, modules, names):
        if frame not in self.locations:
            at = self.locations[frame] = len(self.locations) + 1
            module, offset = frame
            known = 0 <= module < len(modules)
            address = modules[module]["from"] + offset - modules[module]["offset"] if known else offset
            lines = b""
            for name, where in names[frame]:
                file, _, line = where.rpartition(":")
                lines += block(4, number(1, self.function(name, file)) + number(2, int(line) if line.isdigit() else 0))
            self.out += block(4, number(1, at) + number(2, module + 1 if known else 0) + number(3, address) + lines)
        return self.locations[frame]


def labels_of(row):
    """What a sample is tagged with."""
    yield "task", row["account_name"]
    stage = re.search(r"\(stage ([0-9.]+)\)", row["account_name"])
    if stage:
        yield "stage", stage[1]
    yield "library", row["library"]
    yield "thread", row["thread"]
    yield "kind", "mapping" if row.get("mapping") is True else ""


def write(path, stacks, names):
    profile = Profile()
    resident = stacked.tells_resident(stacks)
    for kind, unit in (("inuse_objects", "count"), ("inuse_space", "bytes")) + ((("resident_space", "bytes"),) if resident else ()):
        profile.out += block(1, number(1, profile.string(kind)) + number(2, profile.string(unit)))
    modules = stacks["modules"]
    for at, module in enumerate(modules):
        profile.out += block(3, number(1, at + 1) + number(2, module["from"]) + number(3, module["to"]) +
                             number(4, module["offset"]) + number(5, profile.string(module["path"])) +
                             number(6, profile.string(module["build_id"])) + number(7, 1))
    for row in stacks["live"]:
        places = [profile.location(tuple(frame), modules, names) for frame in row["frames"]]
        tags = b"".join(block(3, number(1, profile.string(key)) + number(2, profile.string(text)))
                        for key, text in labels_of(row) if text)
        profile.out += block(2, packed(1, places) + packed(2, [row["blocks"], row["bytes"]] + ([row["resident"]] if resident else [])) + tags)
    profile.out += block(11, number(1, profile.string("space")) + number(2, profile.string("bytes")))
    profile.out += number(12, stacks["mean_bytes"]) + number(14, profile.string("inuse_space"))
    texts = b"".join(block(6, text.encode("utf-8", "replace")) for text in profile.strings)
    with gzip.open(path, "wb") as file:
        file.write(bytes(profile.out) + texts)
