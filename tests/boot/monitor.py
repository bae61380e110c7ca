# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor of a machine under test, through its second serial port."""

import json
import os
import socket
import time


class Failure(AssertionError):
    """Something that should have been printed or answered was not, or the other way round."""


class Monitor:
    """request() gives a command's result; the first one connects."""

    def __init__(self, path, patience=60):
        # As in tools/monitor_socket.py: a socket's address is short.
        self.path = min(os.path.relpath(path), path, key=len)
        self.patience = patience
        self.socket, self.rest, self.id = None, b"", 0

    def connect(self):
        """As soon as the launcher has its socket there."""
        limit = time.monotonic() + self.patience
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.path)
                break
            except OSError as e:
                s.close()
                if time.monotonic() > limit:
                    raise Failure(f"{self.path}: {e}") from None
                time.sleep(0.1)
        self.socket, self.rest = s, b""

    def line(self, limit):
        while b"\n" not in self.rest:
            self.socket.settimeout(max(0.01, limit - time.monotonic()))
            data = self.socket.recv(65536)
            if not data:
                raise Failure(f"{self.path}: the connection ended; before that came {self.rest!r}")
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def request(self, command, timeout=None):
        """The result of a command. Its refusal is a Failure, and no answer is one."""
        if not self.socket:
            self.connect()
        self.id += 1
        request = json.dumps({"id": self.id, "command": command}).encode()
        limit = time.monotonic() + (timeout or self.patience)
        try:
            self.socket.sendall(b"\n" + request + b"\n")
            while True:
                line = self.line(limit)
                try:
                    answer = json.loads(line)
                except ValueError:  # what the machine said before it was asked
                    continue
                if isinstance(answer, dict) and answer.get("id") == self.id and "ok" in answer:
                    break
        except OSError as e:  # the time limit is one, too
            raise Failure(f"{command}: no answer: {e}") from None
        if not answer["ok"]:
            raise Failure(f"{command}: {answer.get('error')}")
        return answer.get("result")

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None
