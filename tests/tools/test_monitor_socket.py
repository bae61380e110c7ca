# SPDX-License-Identifier: GPL-2.0-or-later
"""The launcher's socket for the monitor: one client at a time, and nothing kept for nobody."""

import os
import select
import socket
import stat

import pytest

from emulators import LaunchError
from monitor_socket import MAX_TO_CLIENT, MAX_TO_PORT, MonitorSocket


class Rig:
    """.machine is the emulator's end of the serial port."""

    def __init__(self, path):
        self.path = path
        self.monitor = MonitorSocket(path)
        self.machine, port = socket.socketpair()
        self.machine.settimeout(5)
        self.monitor.attach(port)

    def client(self):
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(5)
        c.connect(self.path)
        self.turn()
        return c

    def turn(self):
        """As run.py's loop does, until nothing is left to do."""
        m = self.monitor
        while True:
            readable, writable, _ = select.select(m.readers(), m.writers(), [], 0.02)
            if not readable and not writable:
                return
            m.serve(readable, writable)


@pytest.fixture
def rig(tmp_path):
    r = Rig(str(tmp_path / "m.sock"))
    with r.monitor:
        yield r
    r.machine.close()


def test_both_ways(rig):
    with rig.client() as c:
        c.sendall(b"to the machine\n")
        rig.turn()
        assert rig.machine.recv(100) == b"to the machine\n"
        rig.machine.sendall(b"to the client\n")
        rig.turn()
        assert c.recv(100) == b"to the client\n"


def test_only_its_owner_may_connect(rig):
    assert stat.S_IMODE(os.stat(rig.path).st_mode) == 0o600


def test_removed_at_the_end(tmp_path):
    path = str(tmp_path / "m.sock")
    with MonitorSocket(path):
        assert os.path.exists(path)
    assert not os.path.exists(path)


def test_stale_one_is_replaced(tmp_path):
    path = str(tmp_path / "m.sock")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
    with MonitorSocket(path):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)


def test_living_one_and_other_files_are_left_alone(tmp_path):
    path = str(tmp_path / "m.sock")
    with MonitorSocket(path), pytest.raises(LaunchError, match="another machine's"):
        MonitorSocket(path)
    plain = tmp_path / "plain"
    plain.write_text("kept", encoding="ascii")
    with pytest.raises(LaunchError, match="no socket"):
        MonitorSocket(str(plain))
    assert plain.read_text(encoding="ascii") == "kept"
    with pytest.raises(LaunchError, match="no socket can be made"):
        MonitorSocket(str(tmp_path / "nowhere" / "m.sock"))


def test_second_client_waits_its_turn(rig):
    with rig.client() as first:
        with rig.client() as second:
            second.sendall(b"second\n")
            rig.turn()
            first.sendall(b"first\n")
            rig.turn()
            assert rig.machine.recv(100) == b"first\n"
            first.close()
            rig.turn()
            assert rig.machine.recv(100) == b"second\n"
            rig.machine.sendall(b"answer\n")
            rig.turn()
            assert second.recv(100) == b"answer\n"


def test_nothing_is_kept_for_nobody(rig):
    rig.machine.sendall(b"before\n")
    rig.turn()
    with rig.client() as c:
        rig.machine.sendall(b"x" * 1000)
        rig.monitor.from_port()
        c.close()
        rig.turn()
    assert not rig.monitor.to_client
    with rig.client() as c:
        rig.machine.sendall(b"after\n")
        rig.turn()
        assert c.recv(100) == b"after\n"


def test_client_that_does_not_read_is_cut_off(rig):
    with rig.client():
        for _ in range(2 * MAX_TO_CLIENT // 65536):
            rig.machine.sendall(bytes(65536))
            rig.turn()
        assert rig.monitor.client is None


def test_client_that_writes_on_waits(rig):
    with rig.client() as c:
        c.setblocking(False)
        sent = 0
        for _ in range(1000):
            try:
                sent += c.send(bytes(65536))
            except BlockingIOError:
                break
            rig.turn()
        else:
            pytest.fail("the launcher takes without end what the machine does not read")
        assert len(rig.monitor.to_port) < 2 * MAX_TO_PORT
        got = 0
        while got < sent:
            got += len(rig.machine.recv(1 << 20))
            rig.turn()


def test_end_of_the_machine(rig):
    with rig.client() as c:
        rig.machine.close()
        rig.turn()
        c.sendall(b"nobody\n")
        rig.turn()
        assert rig.monitor.port is None
