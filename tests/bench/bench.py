#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an exit costs, in instructions: runs tests/guest/bench/exits.c in each emulator, prints
a table and leaves build/bench.json. The counts are exact: the same sources give the same."""

import argparse
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
from machine import BUILD, Machine  # noqa: E402

# How a machine is started, and ticks of the guest's TSC for an instruction there.
BACKENDS = {
    "svm": ({"vendor": "amd", "cpus": 1, "icount": True}, 8),
    "svm-nrip": ({"vendor": "amd-bochs", "cpus": 1}, 1),
    "vmx": ({"vendor": "intel", "cpus": 1}, 1),
}
KEPT = os.path.join(HERE, "medians.json")
TOLERANCE = 0.02
CONF = r"""[vm bench]
type = pc
kernel = \mullion\exits.elf
memory = 16M
debug-exit = yes
"""


def measure(backend):
    """{operation: [min, median, p99, max]}"""
    how, ticks = BACKENDS[backend]
    m = Machine(f"bench-{backend}", CONF, {"mullion/exits.elf": "guests/bench/exits.elf"}, **how)
    try:
        m.expect(r"mullion\| bench: powered off\n", timeout=900)
        rows = [line.split() for line in m.lines("bench") if line.startswith("bench ")]
    finally:
        m.stop()
    return {name: [round(int(v) / ticks) for v in values] for _, name, *values in rows}


def table(found):
    print(f"{'operation':<18}" + "".join(f"{b + ': median':>18}{'p99':>7}{'max':>7}" for b in found))
    for name in next(iter(found.values())):
        print(f"{name:<18}" + "".join("{1:>18}{2:>7}{3:>7}".format(*rows[name]) for rows in found.values()))


def compare(found):
    """Medians that are worse than those that are kept."""
    with open(KEPT, encoding="ascii") as f:
        kept = json.load(f)
    for backend, rows in found.items():
        for name, (_, median, _, _) in rows.items():
            was = kept[backend][name]
            if median > was * (1 + TOLERANCE):
                yield f"{backend}: {name} takes {median} instructions, {was} before"


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--check", action="store_true", help="fail when a median is over 2 % worse than the kept one")
    p.add_argument("--keep", action="store_true", help="keep these medians: tests/bench/medians.json")
    p.add_argument("backend", nargs="*", help=f"{', '.join(BACKENDS)} (default: all)")
    args = p.parse_args()
    if unknown := set(args.backend) - set(BACKENDS):
        p.error(f"no backend {', '.join(unknown)}: there are {', '.join(BACKENDS)}")
    found = {}
    for backend in args.backend or BACKENDS:
        print(f"measuring {backend}...", file=sys.stderr, flush=True)
        found[backend] = measure(backend)
    table(found)
    with open(os.path.join(BUILD, "bench.json"), "w", encoding="ascii") as f:
        json.dump(found, f, indent=1)
    if args.keep:
        with open(KEPT, "w", encoding="ascii") as f:
            json.dump({b: {n: v[1] for n, v in rows.items()} for b, rows in found.items()}, f, indent=1)
            f.write("\n")
    worse = list(compare(found)) if args.check else []
    print(*worse, sep="\n", end="\n" if worse else "")
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
