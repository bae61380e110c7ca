#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor's side of protocol 1 with two VMs that nobody runs, for tests and examples.

`fake_monitor.py PATH` serves a Unix socket; `fake_monitor.py -` standard input and output.
"""

import json
import os
import socket
import sys
import threading

TSC_HZ = 2_000_000_000
EXIT_KINDS = ["none", "host interrupt", "host NMI", "host machine check", "interrupt window",
              "NMI window", "I/O", "nested page fault", "RDMSR", "WRMSR", "CPUID", "hypercall", "HLT"]
IRQ, IO, WRMSR, HYPERCALL, HLT = 1, 6, 9, 11, 12
VMS = [{"id": 1, "name": "demo"}, {"id": 2, "name": "linux"}]
AT_ONCE = 64
STRANGE = "a\x1b[31mb \u00e4"


class Rings:
    """What two cores would record: core 0 shared by both VMs, core 1 dedicated to linux' second
    vCPU; core 1's ring has overwritten 40 entries."""

    def __init__(self, rounds=40):
        self.lost = {1: 40}
        self.cores = [list(self.shared(rounds)), list(self.dedicated(rounds))]

    def shared(self, rounds):
        t = 5_000_000_000
        for i in range(rounds):
            vm = 1 + i % 2
            yield [t, "sched", vm, 0, t + 2_000_000, 0]
            yield [t + 400, "inject", vm, 0, 0x30, 0]
            yield [t + 1000, "entry", vm, 0, 0xffffffff81000000, 0]
            yield [t + 300_000, "exit", vm, 0, HYPERCALL if vm == 1 else IO, 7 if vm == 1 else 0x3f8]
            if vm == 1:
                yield [t + 300_200, "hypercall", vm, 0, 3, 2**64 - 22]
            yield [t + 301_000, "entry", vm, 0, 0, 0]
            yield [t + 900_000, "exit", vm, 0, IRQ, 0]
            yield [t + 900_300, "irq", vm, 0, 0xec, 0]
            yield [t + 901_000, "entry", vm, 0, 0, 0]
            yield [t + 1_500_000, "exit", vm, 0, HLT, 0]
            if i % 5 == 4:
                yield [t + 1_501_000, "sched", 0, 0, 0, 0]
                yield [t + 1_700_000, "irq", 0, 0, 0xec, 0]
            t += 2_000_000

    def dedicated(self, rounds):
        t = 5_000_000_700
        for _ in range(rounds):
            yield [t, "exit", 2, 1, WRMSR, 0x6e0]
            yield [t + 900, "entry", 2, 1, 0, 0]
            t += 1_900_000

    def read(self, core, start):
        ring, lost = self.cores[core], 0
        start = min(start, len(ring))
        if start < self.lost.get(core, 0):
            lost = self.lost[core] - start
            start = self.lost[core]
        rows = ring[start:start + AT_ONCE]
        return {"next": start + len(rows), "lost": lost, "entries": rows}


class Refusal(Exception):
    pass


class Monitor:
    def __init__(self):
        self.rings, self.commands = Rings(), []
        self.log = [f"mullion| line {i} of the log" for i in range(7)]

    def answer(self, command):
        """The result, or a Refusal."""
        self.commands.append(command)
        verb, *words = command.split()
        method = getattr(self, f"verb_{verb}", None)
        if not method:
            raise Refusal(f'unknown command "{verb}": did you mean "list"?')
        return method(*words)

    def verb_list(self):
        return [{"id": 1, "name": "demo", "state": "running", "vcpus": 1, "memory": "32M",
                 "on_crash": "stop"},
                {"id": 2, "name": "linux", "state": "running", "vcpus": 2, "memory": "256M",
                 "autostart": True}]

    def verb_info(self, name):
        return {"name": name, "id": 1, "serial": 2**64 - 1, "cores": [0, 1],
                "strange": STRANGE, "vcpu": [{"core": 0, "policy": "fair"}],
                "clock": {"offset": -5, "steal": 0.25}, "notes": ["one thing", "and another"]}

    def verb_start(self, name):
        if name not in (v["name"] for v in VMS):
            raise Refusal(f'unknown VM "{name}": did you mean "demo"?')
        return None

    def verb_vcpus(self):
        return [{"vm": "demo", "vcpu": 0, "core": 0, "policy": "fair", "state": "runs",
                 "ran_ns": 1203441200, "exits": 90411},
                {"vm": "linux", "vcpu": 0, "core": 0, "policy": "fair", "state": "halted",
                 "ran_ns": 903441, "exits": 3104},
                {"vm": "linux", "vcpu": 1, "core": 1, "policy": "dedicated", "state": "runs",
                 "ran_ns": 4403441019, "exits": 77}]

    def verb_top(self):
        return {"seconds": 1.0,
                "cores": [{"core": 0, "policy": "fair", "busy": 0.93},
                          {"core": 1, "policy": "dedicated", "busy": 1.0}],
                "vms": [{"name": "demo", "share": 0.5, "exits_per_s": 1523},
                        {"name": "linux", "share": 0.43, "exits_per_s": 211}]}

    def verb_dmesg(self, start="0"):
        start = int(start)
        lines = self.log[start:start + 3]
        return {"next": start + len(lines), "lines": lines}

    def verb_version(self):
        return {"version": "0.1.0", "backend": "SVM", "cores": 2, "tsc_hz": TSC_HZ, "protocol": 1,
                "exit_kinds": EXIT_KINDS, "vms": VMS}

    def verb_trace(self, what, *words):
        if what == "read":
            core, start = map(int, words)
            if start == 2**53 - 1:
                return {"next": 0, "lost": 0, "entries": []}
            return self.rings.read(core, start)
        if what == "start" and words != ("all",) and not set(words[0].split(",")) <= {
                "entry", "exit", "sched", "inject", "hypercall", "irq"}:
            raise Refusal(f'unknown kind "{words[0]}"')
        return None

    def verb_poweroff(self):
        raise ConnectionError

    def lines(self, line):
        """The lines that a request's line is answered with."""
        if not line.strip():
            return []
        try:
            request = json.loads(line)
        except ValueError:
            return [{"id": 0, "ok": False, "error": "expected one JSON object"}]
        try:
            return [{"id": request["id"], "ok": True, "result": self.answer(request["command"])}]
        except Refusal as e:
            return [{"id": request["id"], "ok": False, "error": str(e)}]


class Server:
    """Serves one client after the other on a Unix socket, in a thread."""

    def __init__(self, path, monitor):
        self.monitor = monitor
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(4)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client = self.socket.accept()[0]
            except OSError:
                return
            # Two files: a write to one that is also read drops what it has read ahead.
            with client, client.makefile("r", newline="\n") as f, client.makefile("w") as to:
                try:
                    converse(self.monitor, f, to)
                except (OSError, ValueError):
                    pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def converse(monitor, source, to):
    for line in source:
        for answer in monitor.lines(line):
            to.write(answer if isinstance(answer, str)
                     else json.dumps(answer, separators=(",", ":")) + "\n")
            to.flush()


if __name__ == "__main__":
    if sys.argv[1] == "-":
        converse(Monitor(), sys.stdin, sys.stdout)
    else:
        if os.path.exists(sys.argv[1]):
            os.unlink(sys.argv[1])
        Server(sys.argv[1], Monitor()).serve()
