#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The size of the hypervisor: lines of C and assembly without comments and blank ones.

Fails when there are more than the design allows. `--list` shows the files, longest first.
"""

import os
import re
import subprocess
import sys

TOTAL = 20000
ROOMS = ("boot", "arch/x86", "kernel", "vmx", "svm")
DEVICES = ("kernel/dev/", "kernel/blk/")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def lines(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if path.endswith(".asm"):
        text = re.sub(r";.*", "", text)
    else:
        text = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), text)
    return sum(1 for line in text.splitlines() if line.strip())


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)) + "/../..")
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *ROOMS], check=True,
                           capture_output=True, text=True).stdout.split()
    count = {f: lines(f) for f in files if f.endswith((".c", ".h", ".asm")) and os.path.exists(f)}
    if "--list" in sys.argv[1:]:
        for path, n in sorted(count.items(), key=lambda item: -item[1]):
            print(f"{n:6} {path}")
    total = sum(count.values())
    devices = sum(n for path, n in count.items() if path.startswith(DEVICES))
    print(f"lines: {total} of at most {TOTAL}, {total - devices} without device models and block drivers")
    return total > TOTAL


if __name__ == "__main__":
    sys.exit(main())
