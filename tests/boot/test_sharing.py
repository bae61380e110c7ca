# SPDX-License-Identifier: GPL-2.0-or-later
"""Who gets which core, and how much of it."""

import re

import pytest

from machine import pv

SECONDS = 12


def spin(name, weight, core):
    return pv(name, "spin", weight=weight, cores=core)


def shares(m, names):
    """What part of the time each got while all of them ran: microseconds over microseconds."""
    result = []
    for name in names:
        m.expect_all(*[rf"^{name}\| spin \d+ us of \d+ us"] * 1)
        rows = re.findall(rf"^{name}\| spin (\d+) us of (\d+) us", m.text, re.M)[:SECONDS]
        got, of = (sum(int(row[i]) for row in rows) for i in (0, 1))
        result.append(got / of)
    return result


def wait_for_seconds(m, names):
    for name in names:
        while len(re.findall(rf"^{name}\| spin \d+ us of .*\n", m.text, re.M)) < SECONDS:
            m.expect(rf"{name}\| spin \d+ us of .*\n")


def check_shares(m, weights):
    """Within 3 % of what the weights say, to each other and of the whole."""
    got = dict(zip(weights, shares(m, weights)))
    total = sum(weights.values())
    for name, weight in weights.items():
        assert got[name] * total / weight == pytest.approx(1, abs=0.03), got
    names = list(weights)
    for a, b in zip(names, names[1:]):
        ratio = got[a] / got[b] * weights[b] / weights[a]
        assert ratio == pytest.approx(1, abs=0.03), got
    assert sum(got.values()) == pytest.approx(1, abs=0.03), got


TWO, THREE = {"a": 2, "b": 1}, {"c": 5, "d": 3, "e": 1}


@pytest.mark.cost(25)
@pytest.mark.parametrize("weights", [TWO, THREE], ids=["2-1", "5-3-1"])
def test_fair_shares_svm(boot, weights):
    m = boot("".join(spin(name, weight, 0) for name, weight in weights.items()),
             cpus=1, icount=True)
    wait_for_seconds(m, weights)
    check_shares(m, weights)
    m.power_off()


@pytest.mark.cost(60)
def test_fair_shares_vmx(boot):
    """Both at once, on a core each."""
    m = boot("".join(spin(name, weight, 0) for name, weight in TWO.items()) +
             "".join(spin(name, weight, 1) for name, weight in THREE.items()),
             vendor="intel", cpus=2)
    wait_for_seconds(m, TWO | THREE)
    check_shares(m, TWO)
    check_shares(m, THREE)
    m.power_off()


@pytest.mark.parametrize("cpus,places", [
    (1, {"a": "0 (fair)", "b": "0 (fair)", "c": "0 (fair)"}),
    (2, {"a": "1 (fair)", "b": "0 (dedicated)", "c": "1 (fair)"}),
    (4, {"a": "3 (dedicated)", "b": "2 (dedicated)", "c": "1 (dedicated)"}),
], ids=["1", "2", "4"])
def test_placement_by_itself(boot, cpus, places):
    m = boot("".join(pv(name, "heartbeat", cmdline="margin=1000") for name in places), cpus=cpus)
    m.expect_all(*[rf"^mullion\| {name}: started on core {re.escape(place)}, 4 MiB$"
                   for name, place in places.items()],
                 *[rf"^{name}\| beat 5$" for name in places])
    m.power_off()


def test_placement_by_name(boot):
    """A dedicated core, a shared one, and one that is dedicated since one guest is on it."""
    m = boot("[core 3]\npolicy = dedicated\n[core 1]\npolicy = fair\n" +
             pv("a", "heartbeat", cores=3) + pv("b", "heartbeat", cores=0) +
             pv("c", "heartbeat", cores=0) + pv("d", "heartbeat", cores=1) +
             pv("e", "heartbeat"), cpus=4)
    places = {"a": "3 (dedicated)", "b": "0 (fair)", "c": "0 (fair)", "d": "1 (fair)",
              "e": "2 (dedicated)"}
    m.expect_all(*[rf"^mullion\| {name}: started on core {re.escape(place)}, 4 MiB$"
                   for name, place in places.items()],
                 *[rf"^{name}\| beat 5$" for name in places])
    m.power_off()
