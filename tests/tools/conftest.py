# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the host's tools are, and the summary that `make test` adds up."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests", "boot")]


def pytest_sessionfinish(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not reporter:
        return
    count = {k: len(reporter.stats.get(k, [])) for k in ("passed", "failed", "error")}
    os.makedirs(f"{BUILD}/tool-tests", exist_ok=True)
    with open(f"{BUILD}/tool-tests/summary", "w", encoding="ascii") as f:
        f.write(f"passed {count['passed']} failed {count['failed'] + count['error']}\n")
