#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What exits cost, in instructions: runs the guests of tests/guest/bench in each emulator, prints
a table for each and leaves build/bench.json. The counts are exact: the same sources give the same."""

import argparse
import collections
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
from machine import BUILD, LOGS, ROOT, Machine, pv  # noqa: E402

# How a machine is started, ticks of the guest's TSC for an instruction there, and its APIC.
BACKENDS = {
    "svm": ({"vendor": "amd", "icount": True}, 8, "yes"),
    "svm-nrip": ({"vendor": "amd-bochs"}, 1, "yes"),
    "vmx": ({"vendor": "intel"}, 1, "no"),
    "vmx-apicv": ({"vendor": "intel"}, 1, "yes"),
}
KEPT = os.path.join(HERE, "medians.json")
PAGE = os.path.join(ROOT, "docs", "performance.md")
TOLERANCE = 0.02
PC = r"""[vm bench]
type = pc
kernel = \mullion\exits.elf
memory = 16M
disk = \mullion\demo.img
debug-exit = yes
"""
OFF = r"mullion\| bench: powered off\n"
# One boot after the other: configuration, CPUs, what ends it. The guest has its core alone, or
# its two vCPUs share one, or have two; the floor is another hypervisor (floor/BOOTX64.EFI).
PARTS = {
    "pc": (PC, 1, OFF),
    "pv": (pv("bench", "pv", "16M", disk=r"\mullion\demo.img"), 1, OFF),
    "event": (pv("bench", "pv", "16M", vcpus=2), 1, OFF),
    "event-cores": (pv("bench", "pv", "16M", vcpus=2, cores="0,1", cmdline="cores"), 2, OFF),
    "floor": (PC, 1, r"bench cpuid .*\n"),
}
FILES = {"mullion/exits.elf": "guests/bench/exits.elf", "mullion/pv.elf": "guests/bench/pv.elf"}

PORTS = "in-pic out-pic in-pit out-pit in-uart"
# The most that a median shall be, and the best that another hypervisor was measured with there
# (docs/performance.md).
WANTED_ON = ("svm", "svm-nrip", "vmx", "vmx-apicv")
WANTED = (
    ("cpuid", (450, 220, 220, 220), (3049, 721, 870, 870)),
    ("hypercall", (450, 220, 220, 220), (3307, 674, 847, 847)),
    ("rdmsr wrmsr", (500, 260, 260, 260), (3125, 639, 776, 776)),
    (PORTS, (350, 350, 350, 350), (1152, 1255, 1355, 1355)),
    ("in-absent in16-absent", (250, 250, 250, 250), (3573, 3288, 3025, 3025)),
    ("x2apic-eoi x2apic-tpr-write", (None, 350, 350, 10), (None, None, None, 2)),
    ("x2apic-self-ipi", (None, 350, 350, 20), (None, None, None, 8)),
    ("apic-tpr-write apic-id-read apic-eoi", (900, 800, 800, 10), (3950, 3725, 3868, 2)),
    ("apic-self-ipi", (1400, 1200, 1200, 20), (5395, 5089, 5135, 8)),
    ("first-touch", (800, 800, 800, 800), (3082, 2950, 3015, 3015)),
    ("hlt-50us hlt-500us", (800, 800, 800, 800), (3966, 5263, 5635, 5635)),
)
BAR, PEER = ({(name, backend): row[i][n] for row in WANTED for name in row[0].split()
              for n, backend in enumerate(WANTED_ON)} for i in (1, 2))

# What the hypervisor executes between two marks of the guest, in a trace of Bochs.
COUNTED = ("vmread", "vmwrite", "rdmsr", "wrmsr")
OWN = re.compile(rf"^\(\d+\)\..* [0-9a-f]+:ffff[0-9a-f]{{12}} .*: ({'|'.join(COUNTED)})\b")
UNMARKED = re.compile(r".*(128k|x32)")  # as they mostly copy


def count(path):
    """For each pair of marks, how often what is counted was executed."""
    found = []
    with open(path, encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("trace on"):
                found.append(collections.Counter())
            elif found and (insn := OWN.match(line)):
                found[-1][insn[1]] += 1
    return [[counter[name] for name in COUNTED] for counter in found]


def run(backend, part, counts):
    """{operation: [min, median, p99, max]}; counts, unless None, is added to: {operation: [COUNTED]}"""
    how, ticks, apicv = BACKENDS[backend]
    conf, cpus, end = PARTS[part]
    files = FILES if part != "floor" else {**FILES, "EFI/BOOT/BOOTX64.EFI": "floor/BOOTX64.EFI"}
    trace = os.path.join(LOGS, f"bench-{backend}-{part}.trace")
    if traced := counts is not None and part in ("pc", "pv") and how["vendor"] != "amd":
        how = {**how, "debugger": "c\n" + "trace on\nc\ntrace off\nc\n" * 100,
               "extra": ("magic_break: enabled=1", f"debugger_log: {trace}")}
    m = Machine(f"bench-{backend}-{part}", f"{conf}apicv = {apicv}\n", files, cpus=cpus, **how)
    try:
        m.expect(end, timeout=600)
        lines = [line.split() for line in m.lines("bench") if line.startswith("bench ")]
    finally:
        m.stop()
    rows = {name: [round(int(v) / ticks) for v in values] for _, name, *values in lines}
    if traced:
        counts |= dict(zip((n for n in rows if not UNMARKED.match(n)), count(trace)))
        os.unlink(trace)
    return {"floor": rows["cpuid"]} if part == "floor" else rows


def measure(backend, counts=None):
    """As run(), of all parts. QEMU's CPUs take turns when it counts instructions: of two cores
    nothing can be said there."""
    rows = {}
    for part, (_, cpus, _) in PARTS.items():
        if cpus == 1 or not BACKENDS[backend][0].get("icount"):
            print(f"measuring {backend}, {part}...", file=sys.stderr, flush=True)
            for name, values in run(backend, part, counts).items():
                rows.setdefault(name, values)
    return rows


def table(backend, rows, counts):
    heads = ("min", "median", "p99", "max", "x floor", "bar", "peer")
    floor = rows["floor"][1]
    lines = [f"{backend:<18}" + "".join(f"{h:>8}" for h in heads)
             + ("".join(f"{c:>8}" for c in COUNTED) if counts else "")]
    for name, values in rows.items():
        bar, peer = BAR.get((name, backend)), PEER.get((name, backend))
        cells = [*values, f"{values[1] / floor:.1f}",
                 f"{'>' if bar and values[1] > bar else ''}{bar or ''}", peer or "",
                 *(counts.get(name, ()))]
        lines.append((f"{name:<18}" + "".join(f"{c:>8}" for c in cells)).rstrip())
    return "\n".join(lines) + "\n"


def plot(found):
    """build/bench.png: medians beside bars, and the best peers."""
    data, image = os.path.join(BUILD, "bench.dat"), os.path.join(BUILD, "bench.png")
    with open(data, "w", encoding="ascii") as f:
        for backend, rows in found.items():
            for name, values in rows.items():
                if bar := BAR.get((name, backend)):
                    peer = PEER[name, backend] or "?"
                    f.write(f'"{name}" {max(values[1], 1)} {bar} {peer} {rows["floor"][1]}\n')
            f.write("\n\n")
    subprocess.run(["gnuplot", "-e", f"data='{data}'; image='{image}'; names='{' '.join(found)}'",
                    os.path.join(HERE, "plot.gp")], check=True)
    return image


def compare(found):
    """Medians that are worse than those that are kept."""
    with open(KEPT, encoding="ascii") as f:
        kept = json.load(f)
    for backend, rows in found.items():
        for name, (_, median, _, _) in rows.items():
            was = kept[backend].get(name, 0)
            if median > was * (1 + TOLERANCE):
                yield f"{backend}: {name} takes {median} instructions, {was} before"


def keep(found, text, image):
    """The medians, and on the page, what was printed, and the plot."""
    with open(KEPT, "w", encoding="ascii") as f:
        json.dump({b: {n: v[1] for n, v in rows.items()} for b, rows in found.items()}, f, indent=1)
        f.write("\n")
    with open(PAGE, encoding="utf-8") as f:
        before, _, after = re.split(r"(?s)(?<=<!-- make bench -->\n)(.*?)(?=<!-- end -->)", f.read())
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(f"{before}```\n{text}```\n{after}")
    os.replace(image, PAGE.replace(".md", ".png"))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--check", action="store_true", help="fail when a median is over 2 % worse than the kept one")
    p.add_argument("--keep", action="store_true", help="keep these: tests/bench/medians.json, docs/performance.md")
    p.add_argument("backend", nargs="*", help=f"{', '.join(BACKENDS)} (default: all)")
    args = p.parse_args()
    if unknown := set(args.backend) - set(BACKENDS):
        p.error(f"no backend {', '.join(unknown)}: there are {', '.join(BACKENDS)}")
    if args.keep and args.backend:
        p.error("all backends are kept, or none")
    found, tables = {}, []
    for backend in args.backend or BACKENDS:
        counts = None if args.check else {}
        found[backend] = measure(backend, counts)
        tables.append(table(backend, found[backend], counts or {}))
        print(tables[-1], flush=True)
    with open(os.path.join(BUILD, "bench.json"), "w", encoding="ascii") as f:
        json.dump(found, f, indent=1)
    worse = []
    if args.check:
        worse = list(compare(found))
        print(*worse, sep="\n", end="\n" if worse else "")
    else:
        image = plot(found)
    if args.keep:
        keep(found, "\n".join(tables), image)
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
