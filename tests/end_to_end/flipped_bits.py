"""Flips bits of a deployed program, one at a time: each answers as before, or ends with code 4 (or does not run at all).

flipped_bits.py PROGRAM INPUT.npy COUNT: half of the bits among the weights, half anywhere in its read-only data.
"""
import os
import random
import struct
import subprocess
import sys

program, given, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
content = bytearray(open(program, "rb").read())


def read_only(content):
    start, = struct.unpack_from("<Q", content, 32)
    entry, entries = struct.unpack_from("<HH", content, 54)
    for i in range(entries):
        kind, flags, offset, _, _, size, _, _ = struct.unpack_from("<IIQQQQQQ", content, start + i * entry)
        if kind == 1 and flags == 4 and offset != 0:  # PT_LOAD, PF_R
            return offset, size
    raise SystemExit("no read-only segment")


def answer(path):
    if os.path.exists("flipped.npy"):
        os.remove("flipped.npy")
    done = subprocess.run([path, "infer", given, "--output", "flipped.npy", "--threads", "1"], capture_output=True)
    return done, open("flipped.npy", "rb").read() if os.path.exists("flipped.npy") else b""


expected = answer("./" + program)[1]
assert expected
begin, size = read_only(content)
where = random.Random(3)
weights = min(size, 65536)  # constants are linked first
ends, said = {}, 0
for i in range(count):
    at = begin + where.randrange(weights if i % 2 == 0 else size)
    bit = 1 << where.randrange(8)
    content[at] ^= bit
    with open("flipped", "wb") as file:
        file.write(content)
    os.chmod("flipped", 0o755)
    done, logits = answer("./flipped")
    content[at] ^= bit
    assert done.returncode != 0, f"byte {at}, bit {bit}: went unnoticed, logits {'differ' if logits != expected else 'agree'}"
    if done.returncode == 4:  # its words may be what was hit
        said += b"are damaged" in done.stderr
    ends[done.returncode] = ends.get(done.returncode, 0) + 1
print(ends)
assert ends.get(4, 0) >= 0.9 * count and said >= 0.9 * count, (ends, said)
