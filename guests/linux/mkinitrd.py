#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes an initramfs (cpio "newc") from a manifest, reproducibly and without root.

usage: mkinitrd.py MANIFEST OUTPUT [NAME=VALUE ...]

Lines of the manifest (# begins a comment; $NAME is replaced by its VALUE):
  dir  PATH MODE
  file PATH MODE SOURCE
  link PATH TARGET
  char PATH MODE MAJOR MINOR
"""
import stat
import string
import sys


def entry(ino, path, mode, data=b"", rdev=(0, 0)):
    name = path.lstrip("/").encode() + b"\0"
    # magic, ino, mode, uid, gid, nlink, mtime, size, dev, rdev, name size, checksum
    fields = [ino, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name), 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name
    return pad(head) + pad(data)


def pad(data, to=4):
    return data + b"\0" * (-len(data) % to)


def lines(path, names):
    with open(path, encoding="utf-8") as manifest:
        for number, line in enumerate(manifest, 1):
            words = string.Template(line.split("#")[0]).substitute(names).split()
            if words:
                yield number, words


def build(manifest, names):
    out = b""
    for ino, (number, (kind, path, *rest)) in enumerate(lines(manifest, names), 1):
        if kind == "dir":
            out += entry(ino, path, stat.S_IFDIR | int(rest[0], 8))
        elif kind == "file":
            with open(rest[1], "rb") as source:
                out += entry(ino, path, stat.S_IFREG | int(rest[0], 8), source.read())
        elif kind == "link":
            out += entry(ino, path, stat.S_IFLNK | 0o777, rest[0].encode())
        elif kind == "char":
            rdev = int(rest[1]), int(rest[2])
            out += entry(ino, path, stat.S_IFCHR | int(rest[0], 8), rdev=rdev)
        else:
            sys.exit(f"{manifest}:{number}: '{kind}' is not dir, file, link or char")
    return pad(out + entry(0, "TRAILER!!!", 0), 512)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    names = dict(arg.split("=", 1) for arg in sys.argv[3:])
    image = build(sys.argv[1], names)
    with open(sys.argv[2], "wb") as output:
        output.write(image)


if __name__ == "__main__":
    main()
