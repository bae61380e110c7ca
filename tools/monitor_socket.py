# SPDX-License-Identifier: GPL-2.0-or-later
"""A Unix socket whose one client at a time is at the other end of a serial port."""

import contextlib
import errno
import os
import socket
import stat

from emulators import LaunchError

# What the machine has not read yet; a client that writes more waits.
MAX_TO_PORT = 1 << 16
# What the client has not read yet; one that lets more pile up is cut off, so the machine never waits.
MAX_TO_CLIENT = 4 << 20


def short(path):
    """A socket's address has 108 bytes at most: the shorter way to the file."""
    return min(os.path.relpath(path), os.path.abspath(path), key=len)


def remove_stale(path):
    """What a launcher that was killed left there; nothing else is touched."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise LaunchError(f"{path} is there and no socket: name another file for --monitor.")
    with socket.socket(socket.AF_UNIX) as s:
        s.setblocking(False)
        try:
            s.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except BlockingIOError:  # its backlog is full
            pass
    raise LaunchError(f"{path} is another machine's monitor: end that one, or name another file "
                      "for --monitor.")


class MonitorSocket:
    """Give it .port once the emulator has connected; then serve() what select() says of
    readers() and writers()."""

    def __init__(self, path):
        self.path = short(path)
        self.port = self.client = None
        self.to_port, self.to_client = bytearray(), bytearray()
        try:
            remove_stale(self.path)
            self.listener = socket.socket(socket.AF_UNIX)
            before = os.umask(0o177)  # nobody else's, from the first moment on
            try:
                self.listener.bind(self.path)
            finally:
                os.umask(before)
        except OSError as e:
            raise LaunchError(f"no socket can be made at {path}: {e.strerror or e}; name another "
                              "file for --monitor.") from None
        self.listener.listen(8)
        self.listener.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in (self.client, self.port, self.listener):
            if s:
                s.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def attach(self, port):
        port.setblocking(False)
        self.port = port

    def readers(self):
        """The next client waits in the backlog while there is one."""
        if not self.client:
            client = [self.listener]
        else:
            client = [self.client] if len(self.to_port) < MAX_TO_PORT else []
        return client + ([self.port] if self.port else [])

    def writers(self):
        return ([self.port] if self.port and self.to_port else []) + (
            [self.client] if self.client and self.to_client else [])

    def serve(self, readable, writable):
        if self.port in readable:
            self.from_port()
        if self.client and self.client in readable:
            self.from_client()
        elif self.listener in readable and not self.client:
            with contextlib.suppress(OSError):  # it went away again
                self.client = self.listener.accept()[0]
                self.client.setblocking(False)
        if self.port and self.port in writable:
            self.send(self.port, self.to_port)
        if self.client and self.client in writable:
            self.send(self.client, self.to_client)

    def from_port(self):
        data = self.receive(self.port)
        if data == b"":
            self.port.close()
            self.port = None
        elif data and self.client:
            self.to_client += data
            if len(self.to_client) > MAX_TO_CLIENT:
                self.drop_client()

    def from_client(self):
        data = self.receive(self.client)
        if data == b"":
            self.drop_client()
        elif data:
            self.to_port += data

    def drop_client(self):
        """Its requests still go to the machine; what that says to them is for nobody."""
        self.client.close()
        self.client = None
        self.to_client.clear()

    @staticmethod
    def receive(s):
        """b"" at the end, None when there is nothing after all."""
        try:
            return s.recv(65536)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    @staticmethod
    def send(s, data):
        # An end of the connection is seen where it is read.
        try:
            del data[:s.send(data)]
        except OSError as e:
            if e.errno not in (errno.EAGAIN, errno.EINTR):
                data.clear()
