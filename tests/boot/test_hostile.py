# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that does what it must not do: it is refused, and its neighbour misses nothing."""

import re

import pytest

from machine import demo, pv

# The last line of each group of tests/guest/hostile*, with what must be in it.
GROUPS = [
    r"cpuid shows hypervisor 1, VMX 0, SVM 0, MONITOR 0 ",
    r"instructions: 109 tried",
    r"control: \d+ tried",
    r"tables: \d+ tried",
    r"exceptions: 17 single steps, 1 watchpoint",
    r"user: hypercall at CPL 3 gave -1 ",
    r"msr: \d+ read, \d{5} #GP, 0 other; \d+ written, \d{5} #GP, 0 other",
    r"ports in: \d+ tried",
    r"ports out: \d+ tried",
    r"ports: 0 answered something",
    r"memory data: \d+ tried",
    r"memory refused: \d+ tried, 0 quiet",
    r"memory exec: \d+ tried, 0 quiet",
    r"memory: 0 answered something",
    r"hypercalls: \d+ made",
    r"halt: 11 of 11 timer interrupts",
    r"done, still here",
]
# All that the log must name at least once.
KINDS = ("RDMSR 0x", "WRMSR 0x", "IN port 0x", "OUT port 0x", "read of page 0x",
         "write to page 0x", "fetch from page 0x", "instruction ")


def check_beats(m, upto=None, late=0):
    """Every beat from the first on, none late but for so many, up to a line of the log."""
    lines = m.lines("beat", m.text[:re.search(upto, m.text).start()] if upto else None)
    assert len([line for line in lines if "miss" in line or "early" in line]) <= late
    beats = [int(line.split()[1]) for line in lines if re.fullmatch(r"beat \d+", line)]
    assert beats == list(range(1, len(beats) + 1))
    return len(beats)


def beat_on(m, count, late=0):
    """The neighbour goes on, for that many beats."""
    last = check_beats(m, late=late)
    m.expect(rf"beat\| beat {last + count}\n")
    return check_beats(m, late=late)


@pytest.mark.parametrize("how", [
    # Virtual time is exact where QEMU counts instructions; with several CPUs it gives
    # them turns of many milliseconds then, so there the host's clock must do.
    pytest.param(dict(cpus=1, icount=True), id="svm-shared", marks=pytest.mark.cost(40)),
    pytest.param(dict(cpus=2, margin=1000), id="svm-dedicated", marks=pytest.mark.cost(40)),
    pytest.param(dict(cpus=1, vendor="intel", quick=" quick"), id="vmx-shared",
                 marks=pytest.mark.cost(60)),
    pytest.param(dict(cpus=2, vendor="intel", quick=" quick"), id="vmx-dedicated",
                 marks=pytest.mark.cost(60)),
])
def test_hostile_guest(boot, how):
    margin, quick = how.pop("margin", 20), how.pop("quick", "")
    m = boot(pv("beat", "heartbeat", cmdline=f"margin={margin}") +
             pv("hostile", "hostile", "32M", cmdline=f"only=65535{quick}"), **how)
    place = "fair" if how["cpus"] == 1 else "dedicated"
    m.expect(rf"hostile: started on core 0 \({place}\)")
    m.expect(r"hostile\| hostile: done, still here")
    check_beats(m, upto=r"hostile: done, still here")
    m.expect(r"mullion\| hostile: powered off")
    # The list of what was refused is some 4,000 characters, written by the core that they
    # shared, as fast as the serial port takes them.
    beat_on(m, 5, late=1 if place == "fair" else 0)

    said = m.lines("hostile")
    missing = [g for g in GROUPS if not any(re.match("hostile: " + g, line) for line in said)]
    assert missing == []
    log = m.lines("mullion")
    assert [k for k in KINDS if not any(f"hostile: refused {k}" in line for line in log)] == []
    # Of the sweeps over all MSRs nearly all is refused, and counted.
    for kind in "RDMSR", "WRMSR":
        ranges = re.findall(rf"^mullion\| hostile: refused {kind} \S+: (\d+) times", m.text, re.M)
        assert sum(map(int, ranges)) > 20000
    assert not any(line.startswith("beat: refused") for line in log)
    m.power_off()


@pytest.mark.parametrize("vendor", [
    # Not QEMU: it ends itself when an event's delivery hits a watchpoint.
    pytest.param("amd-bochs", id="svm", marks=pytest.mark.cost(40)),
    pytest.param("intel", id="vmx", marks=pytest.mark.cost(40)),
])
def test_endless_debug_exception(boot, vendor):
    """CVE-2015-8104: a #DB that raises #DB holds the core inside the processor."""
    m = boot(pv("beat", "heartbeat", cmdline="margin=1000") +
             pv("hostile", "hostile", cmdline="only=0 dbloop"), vendor=vendor, cpus=1)
    m.expect(r"hostile\| hostile: now an endless #DB")
    beat_on(m, 20)
    m.power_off()


@pytest.mark.parametrize("vendor", [
    pytest.param("amd", id="svm", marks=pytest.mark.cost(15)),
    pytest.param("intel", id="vmx", marks=pytest.mark.cost(40)),
])
def test_death_of_a_guest(boot, vendor):
    """A triple fault, then a guest that crashes by its own word: the others go on."""
    m = boot(pv("beat", "heartbeat", cmdline="margin=1000") + demo() + pv("triple", "triple"),
             vendor=vendor, cpus=2)
    m.expect_all(r"^mullion\| triple: crashed and is stopped$", r"^demo\| demo> ")
    dump = "\n".join(m.lines("mullion"))
    assert re.search(r"^triple: vCPU 0 on core \d: .*triple fault", dump, re.M)
    assert re.search(r"^triple: rip [0-9a-f]{16} rflags [0-9a-f]{16}$", dump, re.M)
    assert re.search(r"^triple: rax 0000000000007e57 rbx 00000000deadbeef ", dump, re.M)
    assert re.search(r"^triple: gdtr .* idtr 0000000000000000:0000$", dump, re.M)
    assert re.search(r"^triple: code at rip: 0f 0b ", dump, re.M)
    for segment in "cs", "ss", "ldtr", "tr":
        assert re.search(rf"^triple: {segment} +[0-9a-f]{{4}} base ", dump, re.M)
    beat_on(m, 5)

    m.focus(2)
    assert "echo: there\n" in m.command("there", "demo> ")
    m.send("crash\r")
    m.expect(r"mullion\| demo: crashed by its own word: reason 0x2a asked for on the console")
    m.expect(r"mullion\| demo: crashed and is stopped")
    m.focus(0)
    beat_on(m, 5)
    m.power_off()
