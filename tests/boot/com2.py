# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor at the second serial port, as a program sees it: a JSON object a line each way."""

import json
import socket
import time

from machine import PATIENCE, Failure


class Com2:
    """Listens for the emulator's second serial port; .args are for Machine(extra=...)."""

    def __init__(self, vendor="amd"):
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        if vendor == "amd":
            self.args = ["-chardev", f"socket,id=com2,host=127.0.0.1,port={port},nodelay=on",
                         "-serial", "chardev:com2"]
        else:
            self.args = [f"com2: enabled=1, mode=socket-client, dev=127.0.0.1:{port}"]
        self.socket = None
        self.rest = b""
        self.id = 0

    def line(self, timeout):
        until = time.monotonic() + timeout * PATIENCE
        while b"\n" not in self.rest:
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            try:
                more = self.socket.recv(65536)
            except socket.timeout:
                raise Failure(f"no answer at COM2 within {timeout} s: {self.rest!r}") from None
            if not more:
                raise Failure("COM2 was closed")
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def ask_all(self, commands, timeout=30):
        """Sends them all, and gives the answers in order: result, or the error as a Failure."""
        if not self.socket:
            self.listener.settimeout(30)
            self.socket = self.listener.accept()[0]
        first = self.id + 1
        for command in commands:
            self.id += 1
            request = json.dumps({"id": self.id, "command": command}) + "\n"
            self.socket.sendall(request.encode())
        answers = []
        for number in range(first, self.id + 1):
            line = self.line(timeout)
            while not line.startswith(b'{"id":'):  # firmware talks at this port, too
                line = self.line(timeout)
            answer = json.loads(line)
            if answer["id"] != number:
                raise Failure(f"expected the answer to {number}: {line!r}")
            answers.append(answer["result"] if answer["ok"] else Failure(answer["error"]))
        return answers

    def ask(self, command, timeout=30):
        answer, = self.ask_all([command], timeout)
        if isinstance(answer, Failure):
            raise answer
        return answer

    def wait_state(self, name, *states, timeout=30):
        """Until the VM is in one of the states."""
        until = time.monotonic() + timeout * PATIENCE
        while True:
            vm, = (v for v in self.ask("list") if v["name"] == name)
            if vm["state"] in states:
                return vm
            if time.monotonic() > until:
                raise Failure(f"{name} is {vm['state']}, not {states}")

    def close(self):
        for s in (self.socket, self.listener):
            if s:
                s.close()
