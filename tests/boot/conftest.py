# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the whole-system boots, and how their failures and results are shown."""

import os
import re

import pytest

from machine import LOGS, Machine

TAIL = 80  # lines of a log in a failure


def pytest_configure(config):
    config.addinivalue_line("markers", "cost(seconds): about how long it takes; long ones first")


def cost(item):
    mark = item.get_closest_marker("cost")
    return mark.args[0] if mark else 10


def pytest_collection_modifyitems(config, items):
    """The long ones first, so that the shorter ones fill the gaps at the end."""
    items.sort(key=cost, reverse=True)
    # xdist begins with a run of neighbours for each worker: deal the long ones out.
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    head = items[:max(len(items) // (4 * workers), 2) * workers]
    items[:len(head)] = [item for w in range(workers) for item in head[w::workers]]


@pytest.fixture
def boot(request):
    """boot(conf, files, …) starts a machine; all of a test's machines end with the test."""
    machines = request.node.machines = []

    def start(conf, files=(), **how):
        name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
        if machines:
            name += f"-{len(machines) + 1}"
        machines.append(Machine(name, conf, files, **how))
        return machines[-1]

    yield start
    failed = getattr(request.node, "failed", False)
    for machine in machines:
        machine.stop(keep_image=failed)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if not report.failed:
        return
    item.failed = True
    for machine in getattr(item, "machines", []):
        path = os.path.relpath(machine.path)
        report.sections.append((f"end of {path}", machine.tail(TAIL)))


def pytest_sessionfinish(session):
    """passed N failed M, for `make test`."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput") or not reporter:
        return
    count = {k: len(reporter.stats.get(k, [])) for k in ("passed", "failed", "error")}
    os.makedirs(LOGS, exist_ok=True)
    with open(os.path.join(LOGS, "summary"), "w", encoding="ascii") as f:
        f.write(f"passed {count['passed']} failed {count['failed'] + count['error']}\n")
