# SPDX-License-Identifier: GPL-2.0-or-later
"""VMs controlled from outside, by a program at the second serial port."""

import re
import time

import pytest

from machine import PATIENCE, Failure, demo, pv
from test_hostile import beat_on

MONITOR = "monitor = com2\n"
BOTH = pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])


def wait_state(m, name, *states, timeout=30):
    """The VM's line of the list, once it is in one of the states."""
    until = time.monotonic() + timeout * PATIENCE
    while True:
        vm, = (v for v in m.monitor.request("list") if v["name"] == name)
        if vm["state"] in states:
            return vm
        if time.monotonic() > until:
            raise Failure(f"{name} is {vm['state']}, not {states}")


def destroy(m, name):
    """Ends a VM that may be starting, restarting or ending by itself in that moment."""
    until = time.monotonic() + 30 * PATIENCE
    while True:
        try:
            m.monitor.request(f"destroy {name}")
            break
        except Failure as e:
            if "it is off" in str(e):
                break
            if "try again" not in str(e) or time.monotonic() > until:
                raise
    wait_state(m, name, "off")


def exits(m, name):
    return {(e["vcpu"], e["kind"]): e["count"] for e in m.monitor.request(f"stats {name}")["exits"]}


@pytest.mark.cost(40)
@BOTH
def test_dedicated_core_is_undisturbed(boot, vendor):
    """A guest that spins for 10 virtual seconds on its own core: no exit at all meanwhile."""
    m = boot(MONITOR + "[core 1]\npolicy = dedicated\n"
             + pv("q", "quiet", cores=1, cmdline="seconds=3600") + demo(cores=0),
             vendor=vendor, cpus=2, monitor=True)
    m.expect_all(r"^q\| quiet: begins$", r"^demo\| demo> ")

    def ran():
        vcpu, = (v for v in m.monitor.request("cores")["vcpus"] if v["core"] == 1)
        return vcpu["ran_ticks"]

    tsc_hz = m.monitor.request("version")["tsc_hz"]
    m.monitor.request("trace start irq")
    before, began = exits(m, "q"), ran()
    while ran() < began + 10 * tsc_hz:  # of the machine's own time
        m.monitor.request("list")
    assert exits(m, "q") == before
    assert m.monitor.request("trace read 1 0")["entries"] == []
    m.power_off()


@pytest.mark.cost(60)
@BOTH
def test_start_and_destroy_for_ever(boot, vendor):
    """10,000 rounds: the free memory is what it was, to the byte."""
    rounds = 10000 if vendor == "amd" else 1000
    m = boot(MONITOR + pv("x", "heartbeat", "2M", autostart="no") + demo(), vendor=vendor,
             cpus=2, monitor=True)
    m.expect(r"demo\| demo> ")
    before = None
    for done in range(rounds + 1):
        m.monitor.request("start x")
        wait_state(m, "x", "running")
        m.monitor.request("destroy x")
        wait_state(m, "x", "off")
        if done == 0:
            before = m.monitor.request("memory")
        if done % 20 == 0:  # the console is read, or the emulator waits until it is
            m.drain(0.01)
    after = m.monitor.request("memory")
    assert after == before
    vm = wait_state(m, "x", "off")
    assert vm["starts"] == rounds + 1
    m.focus(2)
    assert "echo: alive\n" in m.command("alive", "demo> ")
    m.power_off()


@pytest.mark.cost(30)
@BOTH
def test_memory_of_former_owner_is_scrubbed(boot, vendor):
    """One VM fills its memory with a pattern and goes; two others that get it do not find it."""
    m = boot(MONITOR + pv("a", "former", "160M") + pv("b", "former", "192M", autostart="no")
             + pv("c", "former", "160M", autostart="no"), vendor=vendor, cpus=1, memory=320,
             monitor=True)
    m.expect(r"a\| former: found 0 in 15[0-9] MiB")
    for name, before in ("b", "a"), ("c", "b"), ("a", "c"):
        with pytest.raises(Failure, match="is off"):
            m.monitor.request(f"destroy {name}")
        m.monitor.request(f"destroy {before}")
        wait_state(m, before, "off")
        m.monitor.request(f"start {name}")
        m.expect(rf"{name}\| former: found 0 in 1\d\d MiB")
    m.power_off()


@pytest.mark.cost(20)
@BOTH
def test_policies_after_a_crash(boot, vendor):
    """on_crash = stop, restart and hold; a watchdog; shutdown; order of start."""
    m = boot(MONITOR
             + demo("held", on_crash="hold", watchdog="yes", order=2)
             + pv("again", "triple", on_crash="restart", order=1)
             + pv("stops", "triple")
             + pv("beat", "heartbeat", cmdline="margin=1000", order=3),
             vendor=vendor, cpus=2, monitor=True)
    m.expect_all(r"^held\| demo> ", r"^beat\| beat 3$")
    assert re.findall(r"^mullion\| (\w+): started", m.text, re.M)[:4] == [
        "stops", "again", "held", "beat"]
    m.expect_all(r"^mullion\| stops: crashed and is stopped$",
                 r"^mullion\| again: crashed and restarts$")
    assert wait_state(m, "stops", "off")
    m.focus(1)
    m.send("watchdog\r")
    m.expect(r"bites in two seconds")
    m.expect(r"mullion\| held: its watchdog was not reset in time")
    wait_state(m, "held", "crashed")
    with pytest.raises(Failure, match="destroy or restart it"):
        m.monitor.request("start held")
    m.monitor.request("restart held")
    m.expect("demo> ")
    wait_state(m, "held", "running")
    m.monitor.request("shutdown held")
    m.expect(r"shutting down as asked")
    wait_state(m, "held", "off")
    m.monitor.request("suspend beat")
    assert wait_state(m, "beat", "suspended")
    m.focus(0)
    before, elapsed = exits(m, "beat"), 0
    m.monitor.request("top")
    while elapsed < 500:  # of the machine's own time; it beats each 100 ms
        elapsed += m.monitor.request("top")["interval_ms"]
    assert exits(m, "beat") == before
    m.monitor.request("resume beat")
    m.expect(r"beat\| beat \d+\n")
    assert wait_state(m, "again", "waiting", "running", "ending", "starting")["starts"] > 2
    m.power_off()


def uptime(m, name):
    return m.monitor.request(f"info {name}")["uptime_s"]


@pytest.mark.cost(30)
@BOTH
def test_watchdog_of_the_suspended_and_the_dead(boot, vendor):
    """It waits for one that is suspended, and bites one that has halted for good."""
    m = boot(MONITOR + pv("slow", "wake", watchdog="yes", autostart="no", cmdline="watchdog=12")
             + pv("dead", "wake", watchdog="yes", on_crash="restart", cmdline="watchdog=1 dead"),
             vendor=vendor, cpus=2, monitor=True)
    m.expect_all(r"^dead\| wake: watchdog gives 0$")
    m.monitor.request("start slow")
    m.expect(r"slow\| wake: watchdog gives 0\n")
    m.monitor.request("suspend slow")
    since = uptime(m, "slow")
    m.expect(r"mullion\| dead: its watchdog was not reset in time")
    m.expect(r"mullion\| dead: crashed and restarts")
    destroy(m, "dead")
    while uptime(m, "slow") < since + 14:
        m.drain(0.5)
    assert wait_state(m, "slow", "suspended")
    m.monitor.request("resume slow")
    m.expect(r"mullion\| slow: its watchdog was not reset in time")
    assert uptime(m, "slow") < since + 44
    wait_state(m, "slow", "off")
    m.power_off()


@pytest.mark.parametrize("how", [
    pytest.param(dict(vendor="amd", icount=True), id="svm", marks=pytest.mark.cost(30)),
    pytest.param(dict(vendor="intel"), id="vmx", marks=pytest.mark.cost(40)),
])
def test_starting_keeps_nobody_waiting(boot, how):
    """A VM's memory is cleared for longer than a beat takes, on the heartbeat's core."""
    m = boot(MONITOR + pv("beat", "heartbeat") + pv("x", "triple", "192M", autostart="no"),
             cpus=1, monitor=True, **how)
    m.expect(r"beat\| beat 3\n")
    m.monitor.request("start x")
    m.expect(r"mullion\| x: crashed and is stopped")
    beat_on(m, 3)
    m.power_off()
