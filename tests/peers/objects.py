"""Bytes objects of 600 bytes to 40 KB, of which every eighth stays to the end, on top of which 32 MB come and go: the peak is known but for what
Python keeps for itself."""
kept, size, total = [], 1, 0
for i in range(60_000):
    size = (size * 1103515245 + 12345) % (1 << 31)
    block = bytes(600 + (size >> 8) % 40_000)
    if i % 8 == 0:
        kept.append(block)
        total += len(block)
big = bytearray(32 << 20)
print(total + len(big))
