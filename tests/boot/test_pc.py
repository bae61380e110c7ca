# SPDX-License-Identifier: GPL-2.0-or-later
"""Unmodified guests that are no Linux: how they are entered, and what they are told."""

import pytest

VENDORS = pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])
MODULES = {"mullion/one": b"first", "mullion/two": b"and second"}
# mov dx, 0xf4; out dx, eax; hlt
FLAT = {"mullion/flat.bin": bytes.fromhex("66baf400" "ef" "f4")}


def pc(name, program, memory="16M", **keys):
    lines = [f"[vm {name}]", "type = pc", rf"kernel = \mullion\{program}", f"memory = {memory}",
             "debug-exit = yes", "autostart = no"]
    return "\n".join(lines + [f"{k} = {v}" for k, v in keys.items()]) + "\n\n"


@VENDORS
def test_entries(boot, vendor):
    """One file by its multiboot header and by its PVH note, one that has neither, and 16-bit code."""
    files = {"initrd": r"\mullion\one", "module": r"\mullion\two"}
    m = boot("monitor = com2\n"
             + pc("mb", "entry.elf", cmdline="say hello exit=3", **files)
             + pc("xen", "entry.elf", boot="pvh", cmdline="exit=4", **files)
             + pc("flat", "flat.bin", boot="flat") + pc("real", "real.bin", boot="linux16"),
             {**MODULES, **FLAT}, vendor=vendor, monitor=True)
    m.expect(r"mullion\| 2 cores with ")
    sums = f"bytes 0x5, sum {sum(b'first'):#x}", f"bytes 0xa, sum {sum(b'and second'):#x}"
    ram = r"memory 0x100000 \+ 0xf00000, type 0x1"
    for vm, lines, status in (
            ("mb", (r"entry: eax 0x2badb002, cr0 0x11, cr4 0x0",
                    r"entry: multiboot, flags 0x24d, lower 0x27f, upper 0x3c00, loader Mullion",
                    rf"entry: module at 0x\w+000, {sums[0]} \\mullion\\one",
                    rf"entry: module at 0x\w+000, {sums[1]} \\mullion\\two",
                    rf"entry: {ram}",
                    r"entry: command line entry.elf say hello exit=3"), 7),
            ("xen", (r"entry: eax 0x0, cr0 0x11, cr4 0x0",
                     r"entry: PVH, version 0x1, RSDP 0x2052545020445352",  # "RSD PTR "
                     rf"entry: module at 0x\w+000, {sums[0]} ",
                     rf"entry: module at 0x\w+000, {sums[1]} ",
                     rf"entry: {ram}",
                     r"entry: command line exit=4"), 9),
            ("flat", (), (0x2badb002 << 1 | 1) & 0xffffffff),  # EAX
            ("real", (r"real: cs 00001020 (.. 00001000 ){4}sp 0000E000 cr0 00000010 flags 00000002 ",
                      r"real: memory 00000000 0009FC00 00000001 ",
                      r"real: memory 0009FC00 00000400 00000002 ",
                      r"real: memory 000E0000 00020000 00000002 ",
                      r"real: memory 00100000 00F00000 00000001 ",
                      r"real: sizes 00003C00 00003C00 00000000 ",
                      r"real: INT n and exceptions", r"real: a string", r"real: 3 ticks"), 1)):
        # One after the other: they print by the byte, and lines of several would be mixed.
        m.monitor.request(f"start {vm}")
        m.expect_all(*(rf"^{vm}\| {line}$" for line in lines),
                     rf"^mullion\| {vm}: debug exit, status {status}$",
                     rf"^mullion\| {vm}: powered off$")
    assert "still here" not in m.text
    m.power_off()
