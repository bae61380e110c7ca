# SPDX-License-Identifier: GPL-2.0-or-later
"""VMs with several vCPUs: Linux on a mix of cores, kicks between vCPUs, their end."""

import random
import re

import pytest

from machine import Failure, pv
from test_control import MONITOR, destroy
from test_hostile import beat_on

PROMPT = "linux# "
BOTH = pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])


@pytest.mark.cost(120)
@pytest.mark.parametrize("vendor,apicv", [("amd", "yes"), ("intel", "yes"), ("intel", "no")],
                         ids=["svm", "vmx", "vmx-emulated-apic"])
def test_linux_on_many_cores(boot, vendor, apicv):
    """Four vCPUs on three cores, one of them shared with a guest that wants all of it."""
    m = boot("[core 1]\npolicy = fair\n[core 2]\npolicy = fair\n[vm linux]\n"
             "kernel = \\mullion\\vmlinuz\ninitrd = \\mullion\\initrd.img\n"
             "cmdline = console=ttyS0\nmemory = 256M\nvcpus = 4\ncores = 1-3,1\n"
             f"apicv = {apicv}\n\n" + pv("spin", "spin", cores=2), vendor=vendor, cpus=4, memory=1024)
    m.expect_all(r"^linux\| linux guest: up", r"^spin\| spin ", timeout=900)
    m.shell(1, PROMPT)
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
# In Bochs they take turns.
KICKS = [({"vendor": "amd"}, 100000), ({"vendor": "amd-bochs"}, 1000000), ({"vendor": "intel"}, 1000000)]


@pytest.mark.cost(130)
@pytest.mark.parametrize("how,kicks", KICKS, ids=["svm-threads", "svm", "vmx"])
def test_million_kicks(boot, how, kicks):
    """Two vCPUs on two cores wake each other a million times, each halting in between."""
    m = boot(pv("kick", "kick", vcpus=2, cores="0-1", cmdline=f"kicks={kicks}"), **how)
    found = m.expect(rf"kick\| kick: {kicks} sent, {kicks // 2} and {kicks // 2} arrived, (\d+) twice",
                     timeout=2000)
    assert found[1] == "0", found[0]
    m.expect(r"kick: powered off")
    m.power_off()


@pytest.mark.cost(25)
@BOTH
def test_sleeps_that_end(boot, vendor):
    """HALT ends by any port, a second NMI follows the first, and who waits for a vCPU is not dead."""
    m = boot(pv("halt", "wake", vcpus=2, cores="0-1", cmdline="halt=300")
             + pv("start", "wake", vcpus=2, cores="0-1", cmdline="start=500")
             + pv("nmi", "wake", vcpus=2, cores="0", cmdline="nmi=200")
             + pv("unborn", "wake", vcpus=2, cores="0-1", cmdline="unborn"), vendor=vendor)
    m.expect_all(r"^halt\| wake: 300 events, 0 lost$", r"^start\| wake: 500 starts, and awake$",
                 r"^nmi\| wake: 200 pairs of NMIs, 0 bad$", r"^mullion\| halt: powered off$", r"^mullion\| start: powered off$",
                 r"^mullion\| unborn: powered off$")
    assert re.findall(r"^mullion\| (.*): halted .* nothing can wake it", m.text, re.M) == ["unborn"]
    m.power_off()


@pytest.mark.cost(40)
def test_flood_of_the_console(boot):
    """Who waits for the serial port holds up no timers of its VM's other core, which it shares."""
    m = boot(pv("flood", "wake", vcpus=2, cores="1-2", cmdline="flood")
             + pv("watch", "wake", cmdline="watch=100", cores=1), vendor="intel", cpus=3)
    m.expect(r"flood\| -------")
    assert int(m.expect(r"watch\| wake: worst (\d+) us late\n")[1]) < 20000
    m.power_off()


# What the log may say of a VM that is started, reset and ended all the time.
STORM_SAID = (r"storm: (started on core \d .*|restarts|crashed and restarts|ended from outside"
              r"|refused .*|its watchdog was not reset in time)|no VM runs any more.*")


def disturb(m, rounds, seed):
    """The VM is suspended, resumed, restarted, destroyed and started, whatever it does."""
    chance = random.Random(seed)
    done = dict.fromkeys(("start", "destroy", "restart", "suspend", "resume", "shutdown"), 0)
    verb = None
    for number in range(rounds):
        if number % 20 == 0:  # the console is read, or the emulator waits until it is
            m.drain(0.01)
        # Of all states only the suspended one has a single verb: it is tried more often.
        verb = "resume" if verb == "suspend" and number % 3 else chance.choice(list(done))
        try:
            m.monitor.request(f"{verb} storm")
            done[verb] += 1
        except Failure as e:  # not in that state
            assert re.search(r"storm: it is (not |off|being started or ended)", str(e)), e
        for _ in range(chance.randrange(4)):
            m.monitor.request(chance.choice(("list", "vcpus storm", "stats storm", "info storm")))
    return done


@pytest.mark.parametrize("how", [
    pytest.param(dict(vendor="amd", lives=8, rounds=180, margin=1000), id="svm",
                 marks=pytest.mark.cost(60)),
    pytest.param(dict(vendor="intel", lives=3, rounds=30, margin=20), id="vmx",
                 marks=pytest.mark.cost(100)),
])
def test_storm(boot, how):
    """Four vCPUs send each other INIT, SIPI, NMI and the rest while their VM lives and dies."""
    lives, rounds, margin = how.pop("lives"), how.pop("rounds"), how.pop("margin")
    m = boot(MONITOR + pv("beat", "heartbeat", cmdline=f"margin={margin}", cores=0)
             + pv("storm", "storm", vcpus=4, cores="1,2", on_crash="restart", watchdog="yes",
                  autostart="no", cmdline="seed=7"), cpus=3, memory=256, monitor=True, **how)
    m.expect(r"beat\| beat 3\n")
    before = m.monitor.request("memory")
    done = {}
    for seed in range(lives):
        for verb, count in disturb(m, rounds, seed).items():
            done[verb] = done.get(verb, 0) + count
        # However it was left, it can be ended, and its memory is free again.
        destroy(m, "storm")
        assert m.monitor.request("memory") == before
        m.monitor.request("start storm")
        m.expect(r"storm\| storm: \d+ steps, [1-9]\d* starts\n")
    assert min(done.values()) > 0, done
    destroy(m, "storm")
    assert m.monitor.request("memory") == before
    beat_on(m, 5)
    said = [line for line in m.lines("mullion") if "storm" in line]
    assert [line for line in said if not re.fullmatch(STORM_SAID, line)] == []
    m.power_off()
