# SPDX-License-Identifier: GPL-2.0-or-later
"""Learn mode: what was refused is listed as lines, and those lines, pasted, allow it."""
# NEEDS the keys learn, allow_msr, allow_port and allow_pci: it runs once the parser has them.

import re

import pytest

from machine import pv

PROMPT = "linux# "
WANTED = ["allow_msr = 0x400-0x401 read", "allow_msr = 0x400 write",
          "allow_port = 0x61-0x63 read", "allow_port = 0x80 write"]
TIMES = {WANTED[0]: "4 times", WANTED[1]: "1 time", WANTED[2]: "7 times", WANTED[3]: "1 time"}


def learnt(m, name):
    """The lines of its record, which is listed when it ends; by line, the comment above it."""
    lines = [line.removeprefix(f"{name}: learnt: ") for line in m.lines("mullion")
             if line.startswith(f"{name}: learnt: ")]
    return dict(zip(lines[1::2], lines[::2]))


@pytest.mark.parametrize("vendor", [
    pytest.param("amd", id="svm", marks=pytest.mark.cost(20)),
    pytest.param("intel", id="vmx", marks=pytest.mark.cost(60)),
])
def test_lines_allow_what_was_refused(boot, vendor):
    program = {"mullion/learn.elf": "guests/learn.elf"}
    conf = pv("pupil", "learn", learn="yes")
    m = boot(conf, program, vendor=vendor, cpus=1)
    m.expect(r"mullion\| pupil: powered off")
    said = m.lines("pupil")
    assert said.count("learn: read msr 400: 13") == 3
    assert "learn: write msr 400: 13" in said
    assert said.count("learn: port 61: nobody") == 2
    found = learnt(m, "pupil")
    assert [line for line in found if not line.startswith("#")] == WANTED
    for line, times in TIMES.items():
        assert re.fullmatch(rf"# {times}, first at rip 0x[0-9a-f]+ \(vCPU 0\)", found[line])
    never = [line for line in found if line.startswith("#")]
    assert [re.match(r"# cannot be given: (.*?):", line)[1] for line in never] == [
        "allow_msr = 0xc0000080 write", "allow_port = 0xcfc-0xcff read"]
    m.power_off()

    # As a user pastes it, comments and all.
    m = boot(conf + "\n".join(f"{above}\n{line}" for line, above in found.items()) + "\n", program,
             vendor=vendor, cpus=1)
    m.expect(r"mullion\| pupil: powered off")
    said = m.lines("pupil")
    assert said.count("learn: read msr 400: -1") == 3
    assert "learn: write msr 400: -1" in said
    assert said.count("learn: port 61: answers") == 2
    assert "learn: port 61 by a string: answers" in said
    assert "learn: write efer: 13" in said
    assert "learn: port cfc: nobody" in said
    assert list(learnt(m, "pupil")) == never
    m.power_off()


@pytest.mark.cost(60)
def test_pci_function_is_shown(boot):
    """Linux finds its bridge and its entropy device, then also the machine's own ISA bridge."""
    def linux(more):
        m = boot("[vm linux]\nkernel = \\mullion\\vmlinuz\ninitrd = \\mullion\\initrd.img\n"
                 f"cmdline = console=ttyS0\nmemory = 256M\nlearn = yes\n{more}", cpus=1, memory=512)
        m.expect(r"linux guest: up")
        m.shell(1, PROMPT)
        shown = m.command("ls /sys/bus/pci/devices", PROMPT).split()
        if more:
            assert "0x8086" in m.command("cat /sys/bus/pci/devices/0000:00:1f.0/vendor", PROMPT)
        # Its record is listed in the overview.
        m.send("sleep 2; poweroff\r")
        m.focus(0)
        m.expect_all(r"^mullion\| linux: powered off$")
        found = [line for line in learnt(m, "linux") if line.startswith("allow_pci")]
        m.power_off()
        return shown, found

    shown, found = linux("")
    assert shown == ["0000:00:00.0", "0000:00:03.0"]
    assert "allow_pci = 00:1f.0 read" in found
    shown, found = linux("allow_pci = 00:1f.0 read\n")
    assert shown == ["0000:00:00.0", "0000:00:03.0", "0000:00:1f.0"]
    assert "allow_pci = 00:1f.0 read" not in found
