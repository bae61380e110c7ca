#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions of the hypervisor, for kernel/symbols.h: reads `nm -n -S --defined-only` of its ELF file
from standard input, writes assembly."""

import sys


def functions(lines):
    """Start and name, ascending; at one address a sized function before a label."""
    best = {}
    for line in lines:
        address, *size, kind, name = line.split()
        if kind in "tT" and (size or int(address, 16) not in best):
            best[int(address, 16)] = name.split(".")[0]  # not what the compiler adds to its variants
    return sorted(best.items())


def main():
    found = functions(sys.stdin)
    print("global symbol_table, symbol_count, symbol_names\nsection .symbols\nsymbol_table:")
    for i, (address, _) in enumerate(found):
        print(f"dd {address - found[0][0]:#x}, name{i} - symbol_names")
    print(f"symbol_count: dd {len(found)}\nsymbol_names:")
    for i, (_, name) in enumerate(found):
        print(f"name{i}: db '{name}', 0")


if __name__ == "__main__":
    sys.exit(main())
