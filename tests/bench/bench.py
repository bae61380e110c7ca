#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What exits cost, in instructions: runs the guests of tests/guest/bench in each emulator, prints
a table and leaves build/bench.json. The counts are exact: the same sources give the same."""

import argparse
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
from machine import BUILD, Machine, pv  # noqa: E402

# How a machine is started, and ticks of the guest's TSC for an instruction there.
BACKENDS = {
    "svm": ({"vendor": "amd", "icount": True}, 8),
    "svm-nrip": ({"vendor": "amd-bochs"}, 1),
    "vmx": ({"vendor": "intel"}, 1),
}
KEPT = os.path.join(HERE, "medians.json")
TOLERANCE = 0.02
PC = r"""[vm bench]
type = pc
kernel = \mullion\exits.elf
memory = 16M
debug-exit = yes
"""
# One after the other: the guest has its core alone, or its two vCPUs share one.
PARTS = {
    "pc": (PC, 1),
    "pv": (pv("bench", "pv", "16M", disk=r"\mullion\demo.img"), 1),
    "event": (pv("bench", "pv", "16M", vcpus=2), 1),
}
FILES = {"mullion/exits.elf": "guests/bench/exits.elf", "mullion/pv.elf": "guests/bench/pv.elf"}


def run(backend, part):
    """{operation: [min, median, p99, max]}"""
    how, ticks = BACKENDS[backend]
    conf, cpus = PARTS[part]
    m = Machine(f"bench-{backend}-{part}", conf, FILES, cpus=cpus, **how)
    try:
        m.expect(r"mullion\| bench: powered off\n", timeout=900)
        rows = [line.split() for line in m.lines("bench") if line.startswith("bench ")]
    finally:
        m.stop()
    return {name: [round(int(v) / ticks) for v in values] for _, name, *values in rows}


def measure(backend):
    rows = {}
    for part in PARTS:
        if part != "event" or backend == "svm":
            print(f"measuring {backend}, {part}...", file=sys.stderr, flush=True)
            rows |= {**run(backend, part), **rows}
    return rows


def table(found):
    names = dict.fromkeys(name for rows in found.values() for name in rows)
    print(f"{'operation':<18}" + "".join(f"{b + ': median':>18}{'p99':>7}{'max':>7}" for b in found))
    for name in names:
        print(f"{name:<18}" + "".join("{1:>18}{2:>7}{3:>7}".format(*rows.get(name, "----"))
                                      for rows in found.values()))


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
