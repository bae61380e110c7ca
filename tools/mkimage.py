#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a bootable disk image: a GPT with one EFI system partition, no root needed.

usage: mkimage.py OUTPUT DEST=SOURCE ...

DEST is a path on the partition (`EFI/BOOT/BOOTX64.EFI`), SOURCE a file here.
Equal files give equal images. Written to a USB stick with `dd`, the image
starts a real machine.
"""

import os
import shutil
import subprocess
import sys

MIB = 1 << 20
START = 1 * MIB  # of the partition: where every partitioning tool puts it
TAIL = 1 * MIB  # the second GPT
MIN_PARTITION = 66 * MIB  # the least that is FAT32 with 1 KiB clusters
MIN_CLUSTERS = 66000  # of FAT32: 65,525, and some for what the FATs take
DISK_GUID = "6d756c6c-696f-4e00-8000-000000000001"
PART_GUID = "6d756c6c-696f-4e00-8000-000000000002"
PACKAGES = {"sfdisk": "fdisk", "mformat": "mtools", "mmd": "mtools", "mcopy": "mtools"}


class ImageError(Exception):
    """Says what is wrong and how to mend it."""


def tool(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise ImageError(f"{name} is not installed: run `make deps`, or install {PACKAGES[name]}")
    return path


def run(*args, stdin=None):
    # Times come from SOURCE_DATE_EPOCH, not from the clock; TZ decides how FAT spells them.
    env = {"SOURCE_DATE_EPOCH": "1577836800", **os.environ, "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run(args, input=stdin, env=env, text=True, capture_output=True, check=False)
    if done.returncode:
        raise ImageError(f"{' '.join(args)}: {(done.stderr or done.stdout).strip()}")


def partition_size(files):
    """Content, directories and FATs, in whole MiB."""
    content = sum(os.path.getsize(src) + 32768 for _, src in files)
    return max(MIN_PARTITION, (content + content // 64 + 4 * MIB) // MIB * MIB)


def cluster_sectors(size):
    """As large as leaves enough of them, and 16 KiB at most."""
    most = size // 512 // MIN_CLUSTERS
    return min(32, 1 << (most.bit_length() - 1))


def directories(files):
    dirs = set()
    for dest, _ in files:
        while dest := os.path.dirname(dest):
            dirs.add(dest)
    return sorted(dirs, key=lambda d: (d.count("/"), d))


def normalize(dest):
    return dest.replace("\\", "/").strip("/")


def make_image(output, files):
    """files: pairs of destination and source; a later one replaces an earlier one."""
    files = sorted({normalize(dest): src for dest, src in files}.items())
    for dest, src in files:
        if not os.path.isfile(src):
            raise ImageError(f"{dest}: there is no file {src} to copy there")
    size = partition_size(files)
    part = f"{output}.part@@{START}"

    try:
        with open(output + ".part", "wb") as f:
            f.truncate(START + size + TAIL)
        run(tool("sfdisk"), "-q", output + ".part", stdin=f"label: gpt\nlabel-id: {DISK_GUID}\n"
            f"start={START // 512}, size={size // 512}, type=U, uuid={PART_GUID}, name=Mullion\n")
        run(tool("mformat"), "-i", part, "-F", "-T", str(size // 512), "-h", "64", "-s", "32",
            "-c", str(cluster_sectors(size)), "-N", "4d554c4c", "-v", "MULLION", "-H", str(START // 512), "::")
        for d in directories(files):
            run(tool("mmd"), "-i", part, f"::/{d}")
        for dest, src in files:
            run(tool("mcopy"), "-i", part, "-o", src, f"::/{dest}")
        os.replace(output + ".part", output)
    finally:
        if os.path.exists(output + ".part"):
            os.unlink(output + ".part")


def main(argv):
    if len(argv) < 2 or any("=" not in a for a in argv[2:]):
        sys.exit(__doc__)
    try:
        make_image(argv[1], [tuple(a.split("=", 1)) for a in argv[2:]])
    except (ImageError, OSError) as e:
        sys.exit(f"mkimage: {e}")


if __name__ == "__main__":
    main(sys.argv)
