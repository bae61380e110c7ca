# SPDX-License-Identifier: GPL-2.0-or-later
"""mullionctl against a monitor that only pretends: its output, its statuses, its timelines."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from conftest import BUILD
from fake_monitor import STRANGE, TSC_HZ, Monitor, Server

CTL = os.path.join(BUILD, "mullionctl")
FAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_monitor.py")


class Side:
    """A fake monitor at the other end; run() is mullionctl's end."""

    def __init__(self, path):
        self.path, self.monitor, self.server = path, Monitor(), None

    def serve(self, lines=None):
        if lines:
            self.monitor.lines = lines
        self.server = Server(self.path, self.monitor)

    def run(self, *words, where=None, **how):
        return subprocess.run([CTL, "-c", where or f"unix:{self.path}", *words], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
                              check=False, **how)

    def fine(self, *words, **how):
        done = self.run(*words, **how)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture
def side(tmp_path):
    s = Side(str(tmp_path / "monitor.sock"))
    yield s
    if s.server:
        s.server.close()


# ---- what is printed ----

def test_list_is_a_table(side):
    side.serve()
    assert side.fine("list") == """\
id  name   state    vcpus  memory  on_crash  autostart
 1  demo   running      1  32M     stop      -
 2  linux  running      2  256M    -         yes
"""
    assert side.monitor.commands == ["list"]


def test_json_is_what_came(side):
    side.serve()
    for words in (["--json", "info", "demo"], ["info", "demo", "--json"]):
        text = side.fine(*words)
        assert json.loads(text) == side.monitor.verb_info("demo")
        assert "18446744073709551615" in text  # no double in between
    assert side.fine("--json", "start", "demo") == "null\n"
    assert side.monitor.commands[-1] == "start demo"


def test_object_is_lines_and_nests(side):
    side.serve()
    assert side.fine("info", "demo") == """\
name:    demo
id:      1
serial:  1.84467e+19
cores:   0,1
strange: a\\x1b[31mb \u00e4
vcpu:
  core  policy
     0  fair
clock:
  offset: -5
  steal:  0.25
notes:
  one thing
  and another
"""
    assert "\x1b" in STRANGE


def test_nothing_to_say(side):
    side.serve()
    assert side.fine("start", "linux") == ""


def test_dmesg_is_read_to_its_end(side):
    side.serve()
    assert side.fine("dmesg").splitlines() == side.monitor.log
    assert side.fine("dmesg", "5").splitlines() == side.monitor.log[5:]


def test_top_prints_snapshots(side):
    side.serve()
    text = side.fine("top", "-n", "2")
    assert text.count("seconds 1\n") == 2
    assert "   0  fair       [###################.]  93.0%\n" in text
    assert re.search(r"^demo   \[#{10}\.{10}\]  50.0% +1523$", text, re.M)
    assert side.monitor.commands == ["top", "top"]
    assert [json.loads(line) for line in side.fine("--json", "top").splitlines()] == [
        side.monitor.verb_top()]


def test_top_live_until_q(side):
    side.serve()
    main, terminal = pty.openpty()
    with subprocess.Popen([CTL, "-c", f"unix:{side.path}", "top"], stdin=terminal, stdout=terminal,
                          stderr=terminal, start_new_session=True) as ctl:
        os.close(terminal)
        text = b""
        while b"q ends" not in text:
            text += os.read(main, 65536)
        os.write(main, b"q")
        assert ctl.wait(10) == 0
    rest = os.read(main, 65536)
    os.close(main)
    assert b"\x1b[?1049h" in text and b"demo" in text and b"\x1b[?1049l" in text + rest


# ---- what goes wrong ----

def test_refusal(side):
    side.serve()
    done = side.run("start", "dmo")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'mullionctl: unknown VM "dmo": did you mean "demo"?\n'


@pytest.mark.parametrize("before", [
    '{"id":3,"ok":true,"result":[{"na',
    'e":1}]}\r\n',
    '{"id":3,"ok":false,"error":"of an earlier run"}\n{"id":\n\x00\n',
    '\x1b[2K{{{"id"]]\n"id"\n',
])
def test_stale_bytes_are_skipped(side, before):
    real = side.monitor.lines

    def lines(line):
        answers = real(line)
        return [before, *answers] if answers else []

    side.serve(lines)
    assert "demo" in side.fine("list")


def test_echo_is_no_answer(side):
    real = side.monitor.lines
    side.serve(lambda line: [line, *real(line)])
    assert "demo" in side.fine("list")


def test_asked_again_when_lost(side):
    real, seen = side.monitor.lines, []

    def lines(line):
        if line.strip():
            seen.append(json.loads(line)["id"])
        return real(line) if len(seen) > 1 else []

    side.serve(lines)
    assert "demo" in side.fine("--timeout", "0.3", "list")
    assert len(seen) == 2 and seen[0] == seen[1]


def test_timeout(side):
    seen = []
    side.serve(lambda line: seen.append(line) or [])
    began = time.monotonic()
    done = side.run("--timeout", "0.3", "list")
    assert done.returncode == 2 and "no answer in 0.3 s" in done.stderr
    assert "--timeout" in done.stderr and time.monotonic() - began < 5


def test_what_changes_something_is_asked_once(side):
    seen = []
    side.serve(lambda line: line.strip() and seen.append(line) or [])
    done = side.run("--timeout", "0.3", "restart", "demo")
    assert done.returncode == 2 and "may have been carried out" in done.stderr
    assert len(seen) == 1


def test_end_of_the_connection(side):
    def lines(line):
        if line.strip():
            raise ConnectionError
        return []

    side.serve(lines)
    done = side.run("list")
    assert done.returncode == 2 and "switched off" in done.stderr
    assert side.run("poweroff").returncode == 0


@pytest.mark.parametrize("where, sentence", [
    ("unix:/nowhere/monitor.sock", "make run"),
    ("unix:" + "x" * 200, "relative"),
    ("tty:/dev/null", "tty:/dev/ttyUSB0"),
    ("tty:/dev/no-such-line", "No such file"),
    ("tcp:localhost", "tcp:HOST:PORT"),
    ("tcp:127.0.0.1:1", "refused"),
    ("serial:1", "expected unix:PATH"),
    ("pipe:exit 1", "connection ended"),
])
def test_not_reached(side, where, sentence):
    done = side.run("list", where=where)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mullionctl: ") and sentence in done.stderr


def test_usage(side):
    done = subprocess.run([CTL, "--help"], text=True, capture_output=True, check=True)
    assert "unix:PATH" in done.stdout and "trace" in done.stdout
    for words in ([], ["--no-such"], ["--timeout", "soon", "list"], ["top", "-n", "0"],
                  ["trace"], ["trace", "-d", "-1", "-o", "x"], ["trace", "--convert", "x"]):
        done = side.run(*words)
        assert done.returncode == 2 and done.stderr


# ---- other connections ----

def test_pipe(side):
    assert "demo" in side.fine("list", where=f"pipe:{sys.executable} {FAKE} -")


def test_tcp(side):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with listener.accept()[0] as client, client.makefile("r") as f:
                for line in f:
                    for answer in side.monitor.lines(line):
                        client.sendall(json.dumps(answer).encode() + b"\n")

        threading.Thread(target=serve, daemon=True).start()
        assert "demo" in side.fine("list", where=f"tcp:127.0.0.1:{listener.getsockname()[1]}")


def test_tty_is_raw(side):
    main, line = pty.openpty()

    def serve():
        with os.fdopen(main, "rb+", buffering=0) as f:
            got = b""
            while b"}\n" not in got:
                got += f.read(4096)
            for answer in side.monitor.lines(got.decode()):
                f.write(b'half of it{"id":' + json.dumps(answer).encode() + b"\r\n")
            time.sleep(0.5)

    threading.Thread(target=serve, daemon=True).start()
    assert "demo" in side.fine("list", where=f"tty:{os.ttyname(line)}")
    os.close(line)


def test_port_from_the_environment(side):
    side.serve()
    done = subprocess.run([CTL, "list"], env={"MULLION_MONITOR": f"unix:{side.path}"}, text=True,
                          capture_output=True, check=True)
    assert "demo" in done.stdout


# ---- timelines ----

def check_timeline(path):
    """Its events, after all that must hold for any of them."""
    with open(path, encoding="utf-8") as f:
        timeline = json.load(f)
    assert timeline["displayTimeUnit"] == "ns"
    events = timeline["traceEvents"]
    processes = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    sorted_too = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_sort_index"}
    assert sorted_too == set(threads)
    assert len({tid for _, tid in threads}) == len(threads)
    ends, named = {}, []
    for e in events:
        if e["ph"] == "M":
            continue
        where = (e["pid"], e["tid"])
        assert e["ph"] in "Xi" and e["ts"] >= 0 and where in threads
        if e["ph"] == "X":
            assert e["dur"] >= 0
            # Slices of a thread come in order and never overlap.
            assert e["ts"] >= ends.get(where, 0) - 1e-6
            ends[where] = e["ts"] + e["dur"]
        else:
            assert e["s"] == "t"
        named.append((processes[e["pid"]], threads[where], e))
    return named


def names(events, process, thread, phase):
    return [e["name"] for p, t, e in events if (p, t, e["ph"]) == (process, thread, phase)]


@pytest.fixture
def traced(side, tmp_path):
    side.serve()
    out, raw = str(tmp_path / "trace.json"), str(tmp_path / "trace.jsonl")
    done = side.run("trace", "-d", "0.2", "-o", out, "--raw", raw)
    assert done.returncode == 0, done.stderr
    return side, out, raw, done.stderr


def test_trace_into_a_timeline(traced):
    side, out, _, said = traced
    commands = side.monitor.commands
    assert "trace start all" in commands and "trace stop" in commands
    assert commands.index("trace start all") < commands.index("trace read 0 0")
    assert "40 entries were lost" in said and "ui.perfetto.dev" in said
    events = check_timeline(out)
    assert {(p, t) for p, t, _ in events} == {
        ("cores", "core 0"), ("cores", "core 1"), ("demo", "vCPU 0"), ("linux", "vCPU 0"),
        ("linux", "vCPU 1")}
    assert set(names(events, "demo", "vCPU 0", "X")) == {"guest", "hypercall", "host interrupt", "HLT"}
    assert set(names(events, "linux", "vCPU 0", "X")) == {"guest", "I/O", "host interrupt", "HLT"}
    assert set(names(events, "demo", "vCPU 0", "i")) == {"inject 0x30", "hypercall 3", "irq 0xec"}
    assert set(names(events, "cores", "core 0", "X")) == {"demo vCPU 0", "linux vCPU 0"}
    assert names(events, "cores", "core 0", "X").count("demo vCPU 0") == 20
    # No sched entries on a dedicated core: who enters runs there.
    assert names(events, "cores", "core 1", "X") == ["linux vCPU 1"]
    assert names(events, "cores", "core 1", "i") == ["lost 40 entries"]


def test_times_of_a_timeline(traced):
    events = check_timeline(traced[1])
    first = [e for p, _, e in events if p == "demo"][:4]
    us = 1e6 / TSC_HZ
    assert [e["name"] for e in first] == ["inject 0x30", "guest", "hypercall", "hypercall 3"]
    assert [e["ts"] for e in first] == pytest.approx(
        [400 * us, 1000 * us, 300_000 * us, 300_200 * us])
    assert [e["dur"] for e in first[1:3]] == pytest.approx([299_000 * us, 1000 * us])
    out = next(e for _, _, e in events if e["name"] == "I/O")
    assert out["args"] == {"port": "0x3f8"}
    idle = [e for p, t, e in events if (p, t, e["name"]) == ("cores", "core 0", "demo vCPU 0")]
    # The fifth round's slice ends where the core idles, the others with the next one's.
    assert idle[0]["dur"] == pytest.approx(2_000_000 * us)
    assert idle[2]["dur"] == pytest.approx(1_501_000 * us)


def test_convert_makes_the_same_timeline(traced, tmp_path):
    side, out, raw, _ = traced
    again = str(tmp_path / "again.json")
    done = side.run("trace", "--convert", raw, "-o", again, where="unix:/nowhere")
    assert done.returncode == 0
    with open(out, encoding="utf-8") as a, open(again, encoding="utf-8") as b:
        assert a.read() == b.read()


def test_convert_refuses_what_is_no_trace(side, tmp_path):
    raw = tmp_path / "x.jsonl"
    for text in ("nonsense\n", '{"command":"list","answer":{"ok":true}}\n',
                 '{"command":"trace read 0 0","answer":{"result":{"entries":[[1,"exit"]]}}}\n',
                 '{"command":"trace read 0 0","answer":{"result":{"entries":[[1,"?",1,0,0,0]]}}}\n',
                 '{"command":"trace read 4294967295 0","answer":{"result":{"entries":[]}}}\n'):
        raw.write_text(text, encoding="ascii")
        done = side.run("trace", "--convert", str(raw), "-o", str(tmp_path / "out.json"))
        assert done.returncode == 2 and "x.jsonl:1: " in done.stderr


def row(core, rows, lost=0):
    return json.dumps({"command": f"trace read {core} 0", "answer": {"id": 1, "ok": True, "result": {
        "next": len(rows), "lost": lost, "entries": rows}}})


def convert(side, tmp_path, *lines):
    raw, out = tmp_path / "made.jsonl", tmp_path / "made.json"
    version = json.dumps({"command": "version", "answer": {"result": Monitor().verb_version()}})
    raw.write_text("\n".join([version, *lines]) + "\n", encoding="ascii")
    done = side.run("trace", "--convert", str(raw), "-o", str(out))
    assert done.returncode == 0, done.stderr
    return check_timeline(out)


def test_partial_kinds(side, tmp_path):
    exits = convert(side, tmp_path, row(0, [[t, "exit", 1, 0, 10, 0] for t in range(0, 9000, 900)]))
    assert set(names(exits, "demo", "vCPU 0", "X")) <= {"CPUID"}
    entries = convert(side, tmp_path, row(0, [[t, "entry", 1, 0, 0, 0] for t in range(5)]))
    assert names(entries, "demo", "vCPU 0", "X") == ["guest"]
    sched = convert(side, tmp_path, row(0, [[10, "sched", 1, 0, 0, 0], [20, "sched", 2, 3, 0, 0]]))
    assert names(sched, "cores", "core 0", "X") == ["demo vCPU 0", "linux vCPU 3"]
    assert convert(side, tmp_path) == []


def test_gap_ends_what_was_open(side, tmp_path):
    events = convert(side, tmp_path,
                     row(0, [[2000, "entry", 1, 0, 0, 0], [4000, "exit", 1, 0, 6, 1]]),
                     row(0, [[90000, "entry", 1, 0, 0, 0], [92000, "exit", 1, 0, 6, 1]], lost=9))
    assert names(events, "demo", "vCPU 0", "X") == ["guest", "guest", "I/O"]
    runs = [e for _, _, e in events if e["name"] == "demo vCPU 0"]
    assert [(e["ts"], e["dur"]) for e in runs] == [(0, 1), (44, 1)]


def test_moved_vcpu_is_in_one_place(side, tmp_path):
    check = convert(side, tmp_path,
                    row(0, [[1000, "entry", 1, 0, 0, 0], [5000, "exit", 1, 0, 1, 0]]),
                    row(1, [[4990, "entry", 1, 0, 0, 0], [8000, "exit", 1, 0, 1, 0]]))
    assert names(check, "demo", "vCPU 0", "X").count("guest") == 2


def test_trace_refused(side, tmp_path):
    side.serve()
    done = side.run("trace", "-d", "0.1", "-k", "exti", "-o", str(tmp_path / "x"))
    assert done.returncode == 1 and "exti" in done.stderr


def test_interrupted_trace_is_stopped_and_written(side, tmp_path):
    side.serve()
    out = str(tmp_path / "trace.json")
    with subprocess.Popen([CTL, "-c", f"unix:{side.path}", "trace", "-d", "60", "-o", out],
                          stderr=subprocess.PIPE, text=True) as ctl:
        until = time.monotonic() + 10
        while "trace read 0 64" not in side.monitor.commands and time.monotonic() < until:
            time.sleep(0.02)
        ctl.send_signal(signal.SIGINT)
        ctl.communicate(timeout=10)
        assert ctl.returncode == 0
    assert side.monitor.commands.count("trace stop") == 1
    assert check_timeline(out)


def test_monitors_own_trace_verbs_pass(side):
    side.serve()
    assert side.fine("trace", "start", "exit,entry") == ""
    text = side.fine("trace", "read", "1", "78")
    assert text.splitlines()[:3] == ["next: 80", "lost: 0", "entries:"]
    assert re.search(r"^  5074100700  exit   2  1  9  1760$", text, re.M)
