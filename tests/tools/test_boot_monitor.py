# SPDX-License-Identifier: GPL-2.0-or-later
"""The class that boot tests ask the monitor with."""

import pytest

from fake_monitor import Monitor as Fake, Server
from monitor import Failure, Monitor


@pytest.fixture
def pair(tmp_path):
    fake, path = Fake(), str(tmp_path / "m.sock")
    server, monitor = Server(path, fake), Monitor(path, patience=0.5)
    yield fake, monitor
    monitor.close()
    server.close()


def test_result_and_refusal(pair):
    fake, monitor = pair
    assert monitor.request("list") == fake.verb_list()
    with pytest.raises(Failure, match='did you mean "demo"'):
        monitor.request("start dmo")
    assert monitor.request("start demo") is None


def test_noise_is_skipped(pair):
    fake, monitor = pair
    real = fake.lines
    fake.lines = lambda line: ['{"id":\n', "7\n", '{"id":99,"ok":true}\n', *real(line)]
    assert monitor.request("vcpus")[0]["vm"] == "demo"


def test_no_answer(pair, tmp_path):
    fake, monitor = pair
    fake.lines = lambda line: []
    with pytest.raises(Failure, match="no answer"):
        monitor.request("list")
    with pytest.raises(Failure, match="nobody.sock"):
        Monitor(str(tmp_path / "nobody.sock"), patience=0.2).request("list")
