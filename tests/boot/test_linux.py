# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user does: the demo guest and Debian's Linux side by side, to the power-off."""

import re

import pytest

from machine import ROOT

PROMPT = "linux# "
# Which core each guest must be on, by the number of processors: alone where that is possible.
PLACES = {1: ("0 (fair)", "0 (fair)"), 2: ("1 (dedicated)", "0 (dedicated)"),
          4: ("3 (dedicated)", "2 (dedicated)")}
# Messages of level 0 to 3 that are about the processor itself, with the reason.
ALLOWED = {
    r"RETBleed: WARNING: Spectre v2 mitigation":
        "of the CPU: the Skylake that Bochs models has no IBRS to offer",
}

MACHINES = [
    pytest.param("amd", 1, id="svm-qemu-1", marks=pytest.mark.cost(40)),
    pytest.param("amd", 2, id="svm-qemu-2", marks=pytest.mark.cost(40)),
    pytest.param("amd", 4, id="svm-qemu-4", marks=pytest.mark.cost(40)),
    pytest.param("intel", 2, id="vmx-bochs-2", marks=pytest.mark.cost(150)),
    pytest.param("amd-bochs", 2, id="svm-bochs-2", marks=pytest.mark.cost(150)),
]


def check_linux(m, vendor):
    assert re.search(r"^Linux \S+ 6\..* x86_64 GNU/Linux$", m.command("uname -a", PROMPT), re.M)

    m.command("dmesg -n 1", PROMPT)  # no line of the kernel's among those of commands
    info = m.command("cat /proc/cpuinfo", PROMPT)
    assert re.findall(r"^processor\s*: (\d+)$", info, re.M) == ["0"]
    name = "GenuineIntel" if vendor == "intel" else "AuthenticAMD"
    assert re.search(rf"^vendor_id\s*: {name}$", info, re.M)
    flags = re.search(r"^flags\s*: (.*)$", info, re.M)[1].split()
    assert "hypervisor" in flags
    assert not {"svm", "vmx"} & set(flags)

    errors = m.command("dmesg -r | grep '^<[0-3]>'", PROMPT).splitlines()
    assert [e for e in errors if not any(re.search(a, e) for a in ALLOWED)] == []

    clock = m.command("cat /sys/devices/system/clocksource/*/current_clocksource", PROMPT)
    assert clock.strip() in ("kvm-clock", "tsc")

    first = float(m.command("cut -d' ' -f1 /proc/uptime", PROMPT))
    m.command("sleep 1", PROMPT)
    assert 1.0 <= float(m.command("cut -d' ' -f1 /proc/uptime", PROMPT)) - first < 30


def echo(m, word):
    assert f"echo: {word}\n" in m.command(word, "demo> ")


@pytest.mark.parametrize("vendor,cpus", MACHINES)
def test_linux_beside_demo(boot, vendor, cpus):
    with open(f"{ROOT}/guests/mullion.conf", encoding="ascii") as f:
        m = boot(f.read(), vendor=vendor, cpus=cpus, memory=1024)
    m.expect_all(r"^demo\| .*self-test passed \(crc32 [0-9a-f]{8}\)", r"^linux\| linux guest: up")
    where = [re.escape(f"{vm}: started on core {place},")
             for vm, place in zip(("demo", "linux"), PLACES[cpus])]
    assert all(any(re.match(w, line) for line in m.lines("mullion")) for w in where)

    m.focus(1)
    m.send("\r")
    m.expect("demo> ")
    echo(m, "hello")
    m.shell(2, PROMPT)
    check_linux(m, vendor)

    m.send("reboot\r")
    m.expect(r"mullion\| linux: restarts\n")
    m.expect(r"linux guest: up")
    m.expect(PROMPT)
    m.focus(1)
    echo(m, "still-here")
    m.focus(2)
    m.send("poweroff\r")
    m.expect(r"mullion\| linux: powered off\n")
    m.focus(1)
    echo(m, "alone")
    m.send("poweroff\r")
    m.expect(r"mullion\| demo: powered off\n")
    m.expect(r"mullion\| no VM runs any more")
    assert len(re.findall(r"^mullion\| demo: started", m.text, re.M)) == 1
    m.power_off()


@pytest.mark.cost(120)
@pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])
def test_linux_from_real_mode(boot, vendor):
    """The kernel's own 16-bit code asks the BIOS; a second vCPU starts in real mode as ever."""
    m = boot("[vm linux]\nboot = linux16\nkernel = \\mullion\\vmlinuz\ninitrd = \\mullion\\initrd.img\n"
             "cmdline = console=ttyS0 debug quiet\nmemory = 256M\nvcpus = 2\n", vendor=vendor)
    # By INT 10h, which nothing else of Linux uses: its serial port is not set up yet.
    m.expect(r"linux\| early console in setup code\n")
    m.expect(r"linux\| linux guest: up")
    m.shell(1, PROMPT)
    assert re.findall(r"BIOS-e820: (.*)$", m.command("dmesg | grep e820:", PROMPT), re.M) == [
        "[mem 0x0000000000000000-0x000000000009fbff] usable",
        "[mem 0x000000000009fc00-0x000000000009ffff] reserved",
        "[mem 0x00000000000e0000-0x00000000000fffff] reserved",
        "[mem 0x0000000000100000-0x000000000fffffff] usable"]
    # What INT 15h said of KiB above 1 MiB, at 2 by AH = 88h and at 0x1e0 by AX = E801h.
    m.command("cd /sys/kernel/boot_params", PROMPT)
    assert "0000002 ffff" in m.command("hexdump -s 2 -n 2 data", PROMPT)
    assert "00001e0 fc00 0003" in m.command("hexdump -s 480 -n 4 data", PROMPT)
    assert m.command("nproc", PROMPT).strip() == "2"
    errors = m.command("dmesg -r | grep '^<[0-3]>'", PROMPT).splitlines()
    assert [e for e in errors if not any(re.search(a, e) for a in ALLOWED)] == []
    m.send("reboot\r")
    m.expect(r"early console in setup code\n")
    m.expect(r"linux guest: up")
    m.expect(PROMPT)
    m.send("poweroff\r")
    m.expect(r"mullion\| linux: powered off\n")
    m.power_off()
