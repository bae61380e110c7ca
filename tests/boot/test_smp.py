# SPDX-License-Identifier: GPL-2.0-or-later
"""VMs with several vCPUs: Linux on a mix of cores, kicks between vCPUs, their end."""

import re

import pytest

from machine import pv

PROMPT = "linux# "
BOTH = pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])


@pytest.mark.cost(120)
@BOTH
def test_linux_on_many_cores(boot, vendor):
    """Four vCPUs on three cores, one of them shared with a guest that wants all of it."""
    m = boot("[core 1]\npolicy = fair\n[core 2]\npolicy = fair\n[vm linux]\n"
             "kernel = \\mullion\\vmlinuz\ninitrd = \\mullion\\initrd.img\n"
             "cmdline = console=ttyS0\nmemory = 256M\nvcpus = 4\ncores = 1-3,1\n\n"
             + pv("spin", "spin", cores=2), vendor=vendor, cpus=4, memory=1024)
    m.expect_all(r"^linux\| linux guest: up", r"^spin\| spin ", timeout=900)
    m.focus(1)
    m.send("\r")
    m.expect(PROMPT)
    assert m.command("nproc", PROMPT).strip() == "4"
    for _ in range(2):  # each CPU does something, and takes interrupts of others
        m.command("for i in 1 2 4 8;do taskset $i ls -R /sys>/dev/null& done;wait", PROMPT)
    clock = m.command("cat /sys/devices/system/clocksource/*/current_clocksource", PROMPT)
    assert clock.strip() in ("kvm-clock", "tsc")
    # user nice system idle iowait irq softirq steal: CPU 1 shares its core with the other guest.
    rows = re.findall(r"^cpu(\d) (.*)$", m.command("grep cpu /proc/stat", PROMPT), re.M)
    steal = {int(n): int(row.split()[7]) for n, row in rows}
    assert steal[1] > 10 * max(steal[2], 1), steal
    calls = re.search(r"CAL: +(\d+) +(\d+) +(\d+) +(\d+)", m.command("cat /proc/interrupts", PROMPT))
    assert all(int(n) > 0 for n in calls.groups())

    m.send("reboot\r")
    m.expect(r"mullion\| linux: restarts\n")
    m.expect(r"linux guest: up", timeout=900)
    m.expect(PROMPT)
    assert m.command("nproc", PROMPT).strip() == "4"
    m.send("poweroff\r")
    m.expect(r"mullion\| linux: powered off\n")
    m.focus(0)
    m.expect(r"spin\| spin ")
    m.power_off()


# QEMU with a thread for each core: both really run at once, and the host decides how fast that is.
# Counting instructions, and in Bochs, they take turns.
KICKS = [({"vendor": "amd"}, 100000),
         ({"vendor": "amd", "icount": True}, 1000000),
         ({"vendor": "intel"}, 1000000)]


@pytest.mark.cost(130)
@pytest.mark.parametrize("how,kicks", KICKS, ids=["svm-threads", "svm", "vmx"])
def test_million_kicks(boot, how, kicks):
    """Two vCPUs on two cores wake each other a million times, each halting in between."""
    m = boot(pv("kick", "kick", vcpus=2, cores="0-1", cmdline=f"kicks={kicks}"), **how)
    m.expect(rf"kick\| kick: {kicks} sent, {kicks // 2} and {kicks // 2} arrived", timeout=1000)
    m.expect(r"kick: powered off")
    m.power_off()
