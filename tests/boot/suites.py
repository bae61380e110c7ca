#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs test suites that others have written, as guests and on the bare emulator.

make suites SUITES=DIRECTORY: every *.flat in it, a multiboot kernel that reports as
kvm-unit-tests do (lines with PASS, FAIL or SKIP, and its status to port 0xf4).
"""

import argparse
import os
import re
import subprocess
import sys

from machine import LOGS, PATIENCE, Failure, Machine

ENVIRONMENT = b"NR_CPUS=1\nMEMSIZE=128\nTEST_DEVICE=0\nBOOTLOADER=1\n"
BATCH = 15  # VMs of one configuration


def bare(kernel, limit):
    """What it prints in QEMU, and the status that it ends with."""
    environment = os.path.join(LOGS, "suites.environment")
    with open(environment, "wb") as f:
        f.write(ENVIRONMENT)
    argv = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "EPYC", "-machine", "q35", "-m", "128",
            "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", kernel,
            "-initrd", environment, "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    try:
        run = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, timeout=limit * PATIENCE)
        text, status = run.stdout, str(run.returncode)
    except subprocess.TimeoutExpired as e:
        text, status = e.stdout or b"", "hangs"
    return text.decode(errors="replace").replace("\r", "").splitlines(), status


def guests(kernels, vendor, limit):
    """The same of each as a guest, in turn on one machine."""
    conf, files = "[mullion]\nmonitor = com2\n\n", {"mullion/environment": ENVIRONMENT}
    names = [f"t{n}" for n in range(len(kernels))]
    for name, kernel in zip(names, kernels):
        conf += (f"[vm {name}]\ntype = pc\nkernel = \\mullion\\{name}.flat\nmemory = 128M\n"
                 "initrd = \\mullion\\environment\ndebug-exit = yes\nautostart = no\n\n")
        files[f"mullion/{name}.flat"] = os.path.abspath(kernel)
    m = Machine(f"suites-{vendor}", conf, files, vendor=vendor, monitor=True)
    m.panics = True
    try:
        m.expect(r"mullion\| \d cores? with ")
        for name in names:
            m.monitor.request(f"start {name}")
            end = rf"mullion\| {name}: (debug exit, status \d+|powered off|crashed.*)\n"
            try:
                status = m.expect(end, timeout=limit)[1].removeprefix("debug exit, status ")
            except Failure:
                status = "hangs"
                m.monitor.request(f"destroy {name}")
            m.expect(rf"mullion\| {name}: .*\n") if status.isdigit() else m.drain(1)
            yield m.lines(name), status
    finally:
        m.stop()


def verdicts(lines):
    found = [re.match(r"(PASS|FAIL|SKIP): (.*)", line) for line in lines]
    return {m[2]: m[1] for m in found if m}


def count(of, status):
    return " ".join([f"{sum(v == word for v in of.values()):4} {word.lower()}"
                     for word in ("PASS", "FAIL")] + [f"status {status:5}"])


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--vendor", choices=("amd", "intel", "amd-bochs"), default="amd")
    p.add_argument("--limit", type=float, default=60, help="seconds that one may take")
    p.add_argument("--only", default="", help="a regular expression of names")
    p.add_argument("directory")
    o = p.parse_args()
    os.makedirs(LOGS, exist_ok=True)
    kernels = sorted(os.path.join(o.directory, f) for f in os.listdir(o.directory)
                     if f.endswith(".flat") and re.search(o.only, f))
    if not kernels:
        sys.exit(f"{o.directory}: no *.flat in it")
    for at in range(0, len(kernels), BATCH):
        batch = kernels[at:at + BATCH]
        for kernel, (lines, status) in zip(batch, guests(batch, o.vendor, o.limit)):
            here, its = verdicts(lines), bare(kernel, o.limit)
            there = verdicts(its[0])
            print(f"{os.path.basename(kernel)[:-5]:20} bare {count(there, its[1])}"
                  f" | guest {count(here, status)}", flush=True)
            for what in {**there, **here}:
                if here.get(what) != there.get(what):
                    print(f"    {there.get(what)} -> {here.get(what)}: {what}", flush=True)


if __name__ == "__main__":
    main()
