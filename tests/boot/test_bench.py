# SPDX-License-Identifier: GPL-2.0-or-later
"""No exit costs more than it did: the medians of tests/bench, which are exact."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench"))
from bench import BACKENDS, compare, measure  # noqa: E402


@pytest.mark.cost(60)
@pytest.mark.parametrize("backend", BACKENDS)
def test_exits_cost_no_more(backend):
    """Where that is meant: `make bench-keep`, and why in the commit."""
    found = measure(backend)
    assert not list(compare({backend: found}))
    # A check on the benchmark itself: most rounds cost the same.
    assert found["nothing"][0] == found["nothing"][3]
    assert all(least and median <= 1.02 * least for name, (least, median, _, _) in found.items()
               if not name.endswith("us"))
