"""Stored files that are not what was stored."""
import os
import random

from common import read, write

ODD = ["empty", "cut", "longer", "swapped", "zeros", "folder", "full-folder", "fifo", "loop", "dangling", "zero-device",
       "text", "unreadable"]


def damage(path, how, other):
    """Puts something else in the place of a file: a word of ODD, or bit-NUMBER. `other` is a file like it."""
    content = read(path)
    os.unlink(path)
    if how.startswith("bit-"):
        changed = bytearray(content)
        changed[int(how[4:]) // 8] ^= 1 << int(how[4:]) % 8
        write(path, changed)
    elif how == "empty":
        write(path, b"")
    elif how == "cut":
        write(path, content[:random.Random(os.path.basename(path)).randrange(1, len(content))])
    elif how == "longer":
        write(path, content + b"\0" * 64)
    elif how == "swapped":
        write(path, read(other))
        write(other, content)
    elif how == "zeros":
        write(path, content[:64] + bytes(len(content) - 64))
    elif how == "folder":
        os.mkdir(path)
    elif how == "full-folder":
        os.mkdir(path)
        write(os.path.join(path, "file"), b"of the user")
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "loop":
        os.symlink(path, path)
    elif how == "dangling":
        os.symlink("/nowhere/at/all", path)
    elif how == "zero-device":
        os.symlink("/dev/zero", path)
    elif how == "text":
        write(path, b"this is no such file\n")
    elif how == "unreadable":
        write(path, content)
        os.chmod(path, 0)
    else:
        raise ValueError(how)
