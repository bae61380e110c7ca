# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that would keep a core that they share: the neighbour gets its part all the same."""

import re

import pytest

from machine import pv

FILES = {f"mullion/{name}": f"guests/{name}" for name in ("deaf.elf", "again.elf")}
SECONDS = 6


def spin_seconds(m):
    return [int(us) / int(of) for us, of in re.findall(r"^spin\| spin (\d+) us of (\d+) us", m.text, re.M)]


@pytest.mark.cost(40)
def test_delivery_that_never_ends(boot):
    """It is stopped with a dump; the heartbeat on its core goes on."""
    m = boot(pv("beat", "heartbeat", cores=0) + pv("deaf", "deaf", memory="16M", cores=0), FILES,
             cpus=1, icount=True)
    m.expect(r"deaf\| deaf: now\n")
    m.expect(r"mullion\| deaf: vCPU 0 on core 0: an event is delivered through memory")
    m.expect(r"mullion\| deaf: crashed and is stopped\n")
    last = max(map(int, re.findall(r"^beat\| beat (\d+)$", m.text, re.M)))
    m.expect(rf"beat\| beat {last + 20}\n")
    assert "deaf: came back" not in m.text
    m.power_off()


@pytest.mark.cost(40)
def test_restart_loop(boot):
    """One restart a second, on its own account: the neighbour keeps more than 90 % of the core."""
    m = boot(pv("spin", "spin", cores=0) + pv("again", "again", memory="16M", cores=0), FILES,
             cpus=1, icount=True)
    m.expect_all(r"^spin\| spin \d+ us of \d+ us")
    while len(spin_seconds(m)) < SECONDS:
        m.expect(r"spin\| spin \d+ us of .*\n")
    shares = spin_seconds(m)
    assert min(shares[1:]) > 0.9, shares
    restarts = len(re.findall(r"^mullion\| again: restarts$", m.text, re.M))
    assert 3 <= restarts <= len(shares) + 3
    m.power_off()
