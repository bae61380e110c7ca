#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hypervisor takes: the size of its image, bytes of memory for a VM beyond the VM's own, and
the instructions from its entry to the first one of a guest, with 1, 2 and 4 CPUs (VMX, in Bochs)."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
from machine import BUILD, LOGS, Machine, pv  # noqa: E402

BARS = {"image": 512 << 10, "vm": 256 << 10, "start": 20_000_000}
ELF = os.path.join(BUILD, "mullion.elf")
# What the hypervisor calls on the way, once; but for the last, its way into a guest, which it tries out first.
PHASES = ("boot_main", "paging_init", "panic_keep", "tsc_init", "apic_timer_init", "smp_start",
          "config_parse", "vm_ram_alloc", "pv_load", "vm_launch", "vmx_enter")
# Sections of a VM that is started by the monitor.
VM_KINDS = {
    "paravirtual": pv("x", "heartbeat", "64M"),
    "PC": "[vm x]\nkernel = \\mullion\\entry.elf\nmemory = 64M\n",
}


def image():
    """Bytes of the file that are loaded, and of memory that they and zeroed data take."""
    out = subprocess.run(["readelf", "-lW", ELF], check=True, text=True, stdout=subprocess.PIPE).stdout
    sizes = [[int(n, 16) for n in m] for m in re.findall(r"LOAD +\S+ \S+ \S+ (\S+) (\S+)", out)]
    return tuple(sum(s[i] for s in sizes) for i in (0, 1))


def free(*vms):
    """Free bytes, with these VMs made, and when the one that is called x has been started."""
    conf = "monitor = com2\n" + "".join(vm.rstrip() + "\nautostart = no\n\n" for vm in vms)
    m = Machine("footprint", conf, monitor=True)
    try:
        m.expect(r"cores? with .*\n")
        made = m.monitor.request("memory")["free_bytes"]
        m.monitor.request("start x")
        m.expect(r"x: started")
        return made, m.monitor.request("memory")["free_bytes"]
    finally:
        m.stop()


def vm_bytes(kind):
    """Of its structures, and of its page tables as it starts."""
    vm = VM_KINDS[kind]
    alone, started = free(vm)
    two, _ = free(vm, vm.replace("[vm x]", "[vm y]"))
    return alone - two, alone - started - (64 << 20)


def start(cpus, memory):
    """(phase, instructions since the entry), ...: of a guest with so many MiB."""
    out = subprocess.run(["nm", ELF], check=True, text=True, stdout=subprocess.PIPE).stdout
    # Without what the compiler adds to a function that it has changed for its only caller.
    symbols = {name.split(".")[0]: address for address, _, name in map(str.split, out.splitlines())}
    log = os.path.join(LOGS, f"footprint-{cpus}.debugger")
    stops = ["lb 0xffffffff80000000", *(f"lb 0x{symbols[p]}" for p in PHASES)]
    m = Machine(f"footprint-{cpus}", pv("x", "heartbeat", f"{memory}M", cores=0), vendor="intel", cpus=cpus,
                memory=memory + 512, debugger="\n".join([*stops, *["c"] * (len(stops) + 1), "q"]),
                extra=(f"debugger_log: {log}",))
    try:
        m.wait(900)
    finally:
        m.stop()
    with open(log, encoding="ascii", errors="replace") as f:
        times = [(int(n), int(t)) for n, t in re.findall(r"Breakpoint (\d+),.*\nNext at t=(\d+)", f.read())]
    return [(PHASES[n - 2], t - times[0][1]) for n, t in times[1:]]


def main():
    loaded, resident = image()
    print(f"image: {loaded} bytes are loaded, {resident} of memory; bar {BARS['image']}")
    for kind in VM_KINDS:
        made, tables = vm_bytes(kind)
        print(f"VM, {kind}: {made + tables} bytes beyond its memory ({made} made at boot, {tables} of page tables); "
              f"bar {BARS['vm']}")
    for cpus in (1, 2, 4):
        phases = start(cpus, 1024)
        print(f"{cpus} CPUs, 1 GiB: {phases[-1][1]} instructions to the guest; bar {BARS['start']}")
        for (phase, began), (_, ended) in zip(phases, [*phases[1:], phases[-1]]):
            print(f"    {ended - began:>11} from {phase}")


if __name__ == "__main__":
    main()
