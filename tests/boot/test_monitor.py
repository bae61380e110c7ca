# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor: at the console for people, at the second serial port for programs."""

import json
import os
import re
import socket
import subprocess

import pytest

from machine import BUILD, CTRL_A, LOGS, Failure, demo, pv

PROMPT = "mullion> "


def enter(m):
    m.send(CTRL_A + "m")
    m.expect(r"-- monitor: keyboard is yours; .*--\n")
    m.expect(PROMPT)


def command(m, line):
    return m.command(line, PROMPT)


def rows(text):
    return [line.split() for line in text.splitlines() if line.strip()]


@pytest.mark.cost(15)
def test_monitor_console(boot):
    m = boot(demo() + pv("beat", "heartbeat", cmdline="margin=1000"), cpus=2)
    m.expect_all(r"^demo\| demo> ", r"^beat\| beat 1$")
    enter(m)
    verbs = command(m, "help")
    for verb in ("list", "info VM", "start VM", "stats VM", "top", "dmesg", "poweroff"):
        assert re.search(rf"^{verb}\b", verbs, re.M), verb
    # The same as text and as JSON.
    head, *listed = rows(command(m, "list"))
    assert [row[:3] for row in listed] == [["1", "demo", "running"], ["2", "beat", "running"]]
    vms = json.loads(command(m, "list --json"))
    assert [list(map(str, vm.values())) for vm in vms] == listed
    assert list(vms[0]) == head
    assert vms[0]["memory_mib"] == 32
    for line in ("info demo", "vcpus", "stats 1", "top", "learn demo", "dmesg", "memory", "version",
                 "help", "trace read 0 0"):
        assert json.loads(command(m, line + " --json")) is not None, line
        assert command(m, line).strip() or line == "learn demo", line
    assert 'unknown command "lsit": did you mean "list"?' in command(m, "lsit")
    assert 'unknown VM "dmeo": did you mean "demo"?' in command(m, "info dmeo")
    assert "mullion| demo: " not in m.text.split("-- monitor:")[1]
    # Keys: completion, history, editing.
    m.send("inf\tde\t\r")
    m.expect(r"info demo \n")
    m.expect(PROMPT)
    m.send("\x1b[A\r")
    m.expect(r"info demo \n")
    m.expect(PROMPT)
    # Below what is said meanwhile stands the prompt again.
    m.send(CTRL_A + "?")
    m.expect(r"mullion\| Ctrl-a 1 +keyboard and terminal to demo\n")
    m.expect(PROMPT)
    # A VM's console, with the demo's prompt; the other's lines come in the overview.
    m.send("console demo\r")
    m.expect(r"-- demo: keyboard is yours; .*--\n")
    assert "echo: hello\n" in m.command("hello", "demo> ")
    enter(m)
    # What is urgent is shown, and the prompt with what was typed.
    m.send("versi")
    m.expect("versi")
    m.focus(1)
    m.send("poweroff\r")
    m.expect("demo: powered off")
    enter(m)
    m.expect("versi")
    m.send("on\r")
    assert "backend " in m.command("", PROMPT)
    m.send("poweroff\r")
    m.expect_off()


class Port:
    """QEMU's second serial port, on a socket that it makes."""

    def __init__(self, name):
        self.path = os.path.join(LOGS, f"{name}.com2")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.args = ["-serial", f"unix:{self.path},server=on,wait=off"]
        self.socket, self.got = None, b""

    def ask(self, line):
        if not self.socket:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(30)
            self.socket.connect(self.path)
        self.socket.sendall(line.encode() + b"\n")
        return self.answer()

    def answer(self):
        while b"\n" not in self.got:
            more = self.socket.recv(65536)
            if not more:
                raise Failure("QEMU has closed the second serial port")
            self.got += more
        line, self.got = self.got.split(b"\n", 1)
        return json.loads(line)

    def command(self, text, number=1):
        answer = self.ask(json.dumps({"id": number, "command": text}))
        assert answer["id"] == number and answer["ok"], answer
        return answer["result"]

    def close(self):
        if self.socket:
            self.socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)


@pytest.fixture
def com2(request):
    port = Port(re.sub(r"\W+", "-", request.node.name))
    yield port
    port.close()


@pytest.mark.cost(15)
def test_monitor_port(boot, com2):
    m = boot("monitor = com2\n" + demo() + pv("beat", "heartbeat", cmdline="margin=1000"), cpus=2,
             extra=com2.args)
    m.expect_all(r"^demo\| demo> ", r"^beat\| beat 1$")
    version = com2.command("version", 7)
    assert version["protocol"] == 1 and version["backend"] == "SVM" and version["cores"] == 2
    assert version["vms"] == [{"id": 1, "name": "demo"}, {"id": 2, "name": "beat"}]
    assert "hypercall" in version["exit_kinds"]
    assert [vm["state"] for vm in com2.command("list")] == ["running", "running"]
    assert {"command": "list", "help": "the VMs and their state"} in com2.command("help")
    # What is wrong is an answer, too.
    assert "did you mean" in com2.ask('{"id":8,"command":"lsit"}')["error"]
    for line in ("list", "{", '{"id":-1,"command":"list"}', "x" * 2000,
                 # A NUL does not end a line, so that the rest of it would not be looked at.
                 '{"id":1,"command":"list"}\0}', '\0{"id":1,"command":"list"}'):
        assert com2.ask(line)["ok"] is False, line
    # The whole log, in pieces; the same lines as on the console.
    lines, at = [], 0
    while True:
        piece = com2.command(f"dmesg {at}")
        if piece["next"] == at:
            break
        lines, at = lines + piece["lines"], piece["next"]
    assert any(re.search(r"^ +\d+\.\d{6} demo: started on core 1", line) for line in lines)
    # More than anything on the way can hold, and nobody reads: guests run on, none is lost.
    com2.socket.sendall(b"".join(b'{"id":%d,"command":"help"}\n' % i for i in range(500)))
    for _ in range(3):
        m.expect(r"beat\| beat \d+\n")
    m.focus(1)
    assert "echo: hello\n" in m.command("hello", "demo> ")
    m.focus(0)
    for i in range(500):
        assert com2.answer()["id"] == i
    # The rings, from their beginning on.
    com2.command("trace start")
    m.expect(r"beat\| beat \d+\n")
    trace = com2.command("trace read 0 0")
    com2.command("trace stop")
    assert set(trace) == {"next", "lost", "entries"}
    m.power_off()


@pytest.mark.cost(30)
@pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])
def test_mullionctl(boot, vendor, tmp_path):
    """The host's tool and the machine: a VM's life, a timeline that parses and fits together."""
    m = boot("monitor = com2\n[core 1]\npolicy = fair\n" + pv("a", "spin", cores=1)
             + pv("b", "spin", cores=1) + pv("beat", "heartbeat", cores=0, cmdline="margin=5000"),
             vendor=vendor, monitor=True)
    m.expect_all(r"^a\| spin ", r"^b\| spin ", r"^beat\| beat 1$")

    def ctl(*words):
        return subprocess.run([f"{BUILD}/mullionctl", "-c", f"unix:{m.monitor.path}", *words], check=True,
                              capture_output=True, text=True, timeout=120).stdout

    listed = json.loads(ctl("list", "--json"))
    assert [(vm["name"], vm["state"]) for vm in listed] == [
        ("a", "running"), ("b", "running"), ("beat", "running")]
    for row in rows(ctl("list"))[1:]:
        assert row[:3] == [str(v) for v in (listed[int(row[0]) - 1][k] for k in ("id", "name", "state"))]
    top = ctl("top", "-n", "2")
    assert re.search(r"^ +1 +fair .*\d\.\d%$", top, re.M) and re.search(r"^ 3  beat .*%", top, re.M), top

    path = tmp_path / "trace.json"
    ctl("trace", "-d", "2", "-k", "sched,exit", "-o", str(path))
    events = json.loads(path.read_text())["traceEvents"]
    names = {e["pid"]: e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    assert {"cores", "a", "b", "beat"} <= set(names.values()), names
    # The two that share a core take turns: what it ran never overlaps, and is each of them.
    cores = next(pid for pid, name in names.items() if name == "cores")
    rows_of = {e["args"]["name"]: e["tid"] for e in events
               if e["ph"] == "M" and e["name"] == "thread_name" and e["pid"] == cores}
    ran = sorted((e["ts"], e["ts"] + e["dur"], e["name"]) for e in events
                 if e["ph"] == "X" and e["pid"] == cores and e["tid"] == rows_of["core 1"])
    assert len(ran) > 10 and all(a[1] <= b[0] + 0.001 for a, b in zip(ran, ran[1:])), ran
    assert {name.split()[0] for _, _, name in ran} >= {"a", "b"}, ran

    ctl("destroy", "a")
    m.expect(r"mullion\| a: ended from outside")
    assert json.loads(ctl("list", "--json"))[0]["state"] == "off"
    ctl("start", "a")
    m.expect(r"a\| spin ")
    wrong = subprocess.run([f"{BUILD}/mullionctl", "-c", f"unix:{m.monitor.path}", "start", "beet"],
                           capture_output=True, text=True, timeout=60, check=False)
    assert wrong.returncode == 1 and 'did you mean "beat"?' in wrong.stderr
    m.power_off()
