#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How much longer Linux takes to its init as a guest than on the bare emulator: the same kernel
and initramfs, in QEMU with one CPU, whose clock counts instructions."""

import os
import re
import sys

import pexpect

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
from machine import BUILD, ICOUNT, Machine  # noqa: E402

CMDLINE = "console=ttyS0 quiet"
NS_PER_INSTRUCTION = 8
PROMPT = "linux# "
CONF = rf"""[vm linux]
kernel = \mullion\vmlinuz
initrd = \mullion\initrd.img
cmdline = {CMDLINE}
memory = 256M
"""


def instructions(dmesg):
    """Of the kernel's own clock, when it ran init."""
    seconds = re.search(r"\[ *([0-9.]+)\] Run /init", dmesg)[1]
    return round(float(seconds) * 1e9 / NS_PER_INSTRUCTION)


def bare():
    argv = ["-accel", "tcg", *ICOUNT, "-cpu", "EPYC", "-machine", "q35", "-m", "256", "-nodefaults",
            "-display", "none", "-serial", "stdio", "-kernel", f"{BUILD}/linux/vmlinuz",
            "-initrd", f"{BUILD}/linux/initrd.img", "-append", CMDLINE]
    console = pexpect.spawn("qemu-system-x86_64", argv, encoding="utf-8", codec_errors="replace",
                            timeout=300, dimensions=(50, 200))
    console.expect(PROMPT)
    console.send("dmesg | grep /init\r")
    console.expect(PROMPT)
    console.close(force=True)
    return instructions(console.before)


def guest():
    m = Machine("bench-linux", CONF, vendor="amd", cpus=1, icount=True)
    try:
        m.expect(r"linux\| linux# |linux: started")
        m.focus(1)
        m.expect(PROMPT, timeout=300)
        return instructions(m.command("dmesg | grep /init", PROMPT))
    finally:
        m.stop()


def main():
    alone, ours = bare(), guest()
    print(f"Linux to its init, instructions: {alone:,} on the bare emulator, {ours:,} as a guest: {ours / alone:.3f}")


if __name__ == "__main__":
    sys.exit(main())
