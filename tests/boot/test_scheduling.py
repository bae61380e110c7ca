# SPDX-License-Identifier: GPL-2.0-or-later
"""Budgets, cyclic windows and several vCPUs, measured from inside the guests."""

import re

import pytest

from machine import pv

GAPS = (r"gaps: (\d+) periods of (\d+) ns: had (\d+) to (\d+) ns, (\d+) on average; "
        r"began at (\d+) to (\d+) ns")
SVM = {"vendor": "amd", "icount": True}
VMX = {"vendor": "intel"}
BOTH = pytest.mark.parametrize("how", [SVM, VMX], ids=["svm", "vmx"])


def gaps(m, name):
    """count, period, least, most, average, first, last: all but the first in ns."""
    return [int(n) for n in m.expect(rf"{name}\| {GAPS}\n", timeout=300).groups()]


@pytest.mark.cost(40)
@BOTH
def test_budget(boot, how):
    """3 ms in 10 ms while the core is full to 100 %, and others have shorter and longer periods."""
    m = boot("[core 0]\npolicy = budget\n"
             + pv("a", "gaps", cores=0, budget=3000, period=10000,
                  cmdline="sleep period=10000 count=200 rounds=2")
             + pv("b", "spin", cores=0, budget=1000, period=4000)
             + pv("c", "spin", cores=0, budget=9000, period=20000), cpus=1, **how)
    for _ in range(2):
        _, period, least, most, average, _, _ = gaps(m, "a")
        assert period == pytest.approx(10e6, abs=1000)
        assert 3e6 - 50e3 <= least and most <= 3e6 + 50e3, (least, most)
        assert average == pytest.approx(3e6, rel=0.005)
    rows = re.findall(r"^b\| spin (\d+) us of (\d+) us", m.text, re.M)[1:]
    assert rows and all(int(got) / int(of) == pytest.approx(0.25, abs=0.003) for got, of in rows)
    m.power_off()


@pytest.mark.cost(40)
@BOTH
def test_cyclic(boot, how):
    """1,000 frames: each window begins and ends where the table says."""
    m = boot("[core 0]\npolicy = cyclic\nframe = 5000\nwindows = a 1500, idle 500, b 2000\n"
             + pv("a", "gaps", cores=0, cmdline="period=5000 count=1000")
             + pv("b", "quiet", cores=0, cmdline="seconds=3600"), cpus=1, **how)
    count, period, least, most, _, first, last = gaps(m, "a")
    assert count == 1000 and period == pytest.approx(5e6, abs=1000)
    assert last - first <= 20e3, (first, last)
    assert 1.5e6 - 20e3 <= least and most <= 1.5e6 + 20e3, (least, most)
    m.power_off()


@pytest.mark.cost(100)
@pytest.mark.parametrize("how", [{"vendor": "amd"}, VMX], ids=["svm", "vmx"])
def test_million_kicks(boot, how):
    """Two vCPUs on two cores wake each other a million times, each halting in between."""
    m = boot(pv("kick", "kick", vcpus=2, cores="0-1", cmdline="kicks=1000000"), **how)
    m.expect(r"kick\| kick: 1000000 sent, 500000 and 500000 arrived", timeout=500)
    m.expect(r"kick: powered off")
    m.power_off()
