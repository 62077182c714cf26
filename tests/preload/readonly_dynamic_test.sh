#!/bin/bash
# A target whose dynamic section is read-only, as lld -z rodynamic leaves it, is charged like any other.
set -u
cd "$WORK" || exit
python3 - "$BUILD/libs/libtarget.so" libtarget.so <<'PATCH'
import struct, sys
image = bytearray(open(sys.argv[1], "rb").read())
offset, size, count = struct.unpack_from("<Q", image, 32)[0], *struct.unpack_from("<HH", image, 54)
for at in range(offset, offset + size * count, size):
    kind, flags = struct.unpack_from("<II", image, at)
    if kind == 2:  # PT_DYNAMIC: no longer writable
        struct.pack_into("<I", image, at + 4, flags & ~2)
open(sys.argv[2], "wb").write(image)
PATCH
cat >use.py <<'USE'
import ctypes
library = ctypes.CDLL("./libtarget.so")
library.target_malloc.restype = ctypes.c_void_p
library.target_malloc.argtypes = [ctypes.c_size_t]
library.target_free.argtypes = [ctypes.c_void_p]
for i in range(100):
    library.target_free(library.target_malloc(1000))
USE
python=$(python3 -c 'import sys; print(sys.executable)')
MEMGRANT_REPORT=$WORK/report.json MEMGRANT_TARGETS='libtarget*' LD_PRELOAD=$LIB "$python" use.py || exit
python3 -c '
import json
row = [l for l in json.load(open("report.json"))["libraries"] if l["name"] == "libtarget"][0]
assert row["allocations"] == row["frees"] == 100, row'
