# SPDX-License-Identifier: GPL-2.0-or-later
"""Unmodified guests that are no Linux: how they are entered, and what they are told."""

import pytest

VENDORS = pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])
MODULES = {"mullion/one": b"first", "mullion/two": b"and second"}


def pc(name, program, memory="16M", **keys):
    lines = [f"[vm {name}]", "type = pc", rf"kernel = \mullion\{program}", f"memory = {memory}",
             "debug-exit = yes"]
    return "\n".join(lines + [f"{k} = {v}" for k, v in keys.items()]) + "\n\n"


@VENDORS
def test_entries(boot, vendor):
    """One file by its multiboot header and by its PVH note."""
    files = {"initrd": r"\mullion\one", "module": r"\mullion\two"}
    m = boot(pc("mb", "entry.elf", cmdline="say hello exit=3", **files)
             + pc("xen", "entry.elf", boot="pvh", cmdline="exit=4", **files), MODULES, vendor=vendor)
    sums = f"bytes 0x5, sum {sum(b'first'):#x}", f"bytes 0xa, sum {sum(b'and second'):#x}"
    ram = r"memory 0x100000 \+ 0xf00000, type 0x1"
    m.expect_all(r"^mb\| entry: eax 0x2badb002, cr0 0x11, cr4 0x0$",
                 r"^mb\| entry: multiboot, flags 0x24d, lower 0x27f, upper 0x3c00, loader Mullion$",
                 rf"^mb\| entry: module at 0x\w+000, {sums[0]} \\mullion\\one$",
                 rf"^mb\| entry: module at 0x\w+000, {sums[1]} \\mullion\\two$",
                 rf"^mb\| entry: {ram}$",
                 r"^mb\| entry: command line entry.elf say hello exit=3$",
                 r"^mullion\| mb: debug exit, status 7$", r"^mullion\| mb: powered off$",
                 r"^xen\| entry: eax 0x0, cr0 0x11, cr4 0x0$",
                 r"^xen\| entry: PVH, version 0x1, RSDP 0x2052545020445352$",  # "RSD PTR "
                 rf"^xen\| entry: module at 0x\w+000, {sums[0]} $",
                 rf"^xen\| entry: module at 0x\w+000, {sums[1]} $",
                 rf"^xen\| entry: {ram}$",
                 r"^xen\| entry: command line exit=4$",
                 r"^mullion\| xen: debug exit, status 9$", r"^mullion\| xen: powered off$")
    assert "still here" not in m.text
    m.power_off()
