# SPDX-License-Identifier: GPL-2.0-or-later
"""VMs controlled from outside, by a program at the second serial port."""

import re

import pytest

from com2 import Com2
from machine import Failure, demo, pv

MONITOR = "monitor = com2\n"
BOTH = pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])


@pytest.fixture
def com2(request):
    c = Com2(request.node.callspec.params["vendor"])
    yield c
    c.close()


def exits(com2, name):
    return {(e["vcpu"], e["kind"]): e["count"] for e in com2.ask(f"stats {name}")["exits"]}


@pytest.mark.cost(40)
@BOTH
def test_dedicated_core_is_undisturbed(boot, com2, vendor):
    """A guest that spins for 10 virtual seconds on its own core: no exit at all meanwhile."""
    m = boot(MONITOR + "[core 1]\npolicy = dedicated\n"
             + pv("q", "quiet", cores=1, cmdline="seconds=11") + demo(cores=0),
             vendor=vendor, cpus=2, extra=com2.args)
    m.expect_all(r"^q\| quiet: begins$", r"^demo\| demo> ")
    tsc_hz = com2.ask("version")["tsc_hz"]
    com2.ask("trace start irq")
    before = exits(com2, "q")
    first = com2.ask("top")["interval_ms"]
    elapsed = 0
    while elapsed < 10000:  # of the machine's own time
        com2.ask("list")
        elapsed += com2.ask("top")["interval_ms"]
    assert first >= 0 and tsc_hz > 0
    after = exits(com2, "q")
    assert not re.search(r"^q\| quiet: ends", m.text, re.M), "it ended before it was looked at"
    assert after == before
    assert com2.ask("trace read 1 0")["entries"] == []
    m.expect(r"q\| quiet: ends", timeout=60)
    m.power_off()


@pytest.mark.cost(60)
@BOTH
def test_start_and_destroy_for_ever(boot, com2, vendor):
    """10,000 rounds: the free memory is what it was, to the byte."""
    rounds = 10000 if vendor == "amd" else 1000
    m = boot(MONITOR + pv("x", "heartbeat", "2M", autostart="no") + demo(), vendor=vendor,
             cpus=2, extra=com2.args)
    m.expect(r"demo\| demo> ")
    before = None
    for done in range(rounds + 1):
        com2.ask("start x")
        com2.wait_state("x", "running")
        com2.ask("destroy x")
        com2.wait_state("x", "off")
        if done == 0:
            before = com2.ask("memory")
    after = com2.ask("memory")
    assert after == before
    vm = com2.wait_state("x", "off")
    assert vm["starts"] == rounds + 1
    m.focus(2)
    assert "echo: alive\n" in m.command("alive", "demo> ")
    m.power_off()


@pytest.mark.cost(30)
@BOTH
def test_memory_of_former_owner_is_scrubbed(boot, com2, vendor):
    """One VM fills its memory with a pattern and goes; two others that get it do not find it."""
    m = boot(MONITOR + pv("a", "former", "160M") + pv("b", "former", "192M", autostart="no")
             + pv("c", "former", "160M", autostart="no"), vendor=vendor, cpus=1, memory=320,
             extra=com2.args)
    m.expect(r"a\| former: found 0 in 15[0-9] MiB")
    for name, before in ("b", "a"), ("c", "b"), ("a", "c"):
        with pytest.raises(Failure, match="is off"):
            com2.ask(f"destroy {name}")
        com2.ask(f"destroy {before}")
        com2.wait_state(before, "off")
        com2.ask(f"start {name}")
        m.expect(rf"{name}\| former: found 0 in 1\d\d MiB")
    m.power_off()


@pytest.mark.cost(20)
@BOTH
def test_policies_after_a_crash(boot, com2, vendor):
    """on_crash = stop, restart and hold; a watchdog; shutdown; order of start."""
    m = boot(MONITOR
             + demo("held", on_crash="hold", watchdog="yes", order=2)
             + pv("again", "triple", on_crash="restart", order=1)
             + pv("stops", "triple")
             + pv("beat", "heartbeat", cmdline="margin=1000", order=3),
             vendor=vendor, cpus=2, extra=com2.args)
    m.expect_all(r"^held\| demo> ", r"^beat\| beat 3$")
    assert re.findall(r"^mullion\| (\w+): started", m.text, re.M)[:4] == [
        "stops", "again", "held", "beat"]
    m.expect_all(r"^mullion\| stops: crashed and is stopped$",
                 r"^mullion\| again: crashed and restarts$")
    assert com2.wait_state("stops", "off")
    m.focus(1)
    m.send("watchdog\r")
    m.expect(r"bites in two seconds")
    m.expect(r"mullion\| held: its watchdog was not reset in time")
    com2.wait_state("held", "crashed")
    with pytest.raises(Failure, match="destroy or restart it"):
        com2.ask("start held")
    com2.ask("restart held")
    m.expect("demo> ")
    com2.wait_state("held", "running")
    com2.ask("shutdown held")
    m.expect(r"shutting down as asked")
    com2.wait_state("held", "off")
    com2.ask("suspend beat")
    assert com2.wait_state("beat", "suspended")
    m.focus(0)
    m.drain(1)
    before = m.lines("beat")[-1]
    m.drain(1)
    assert m.lines("beat")[-1] == before
    com2.ask("resume beat")
    m.expect(r"beat\| beat \d+\n")
    assert com2.wait_state("again", "waiting", "running", "ending", "starting")["starts"] > 2
    m.power_off()
