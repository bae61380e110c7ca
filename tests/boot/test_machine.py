# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine as a whole: small and large ones, restarts, the screen, a panic, power."""

import os
import re
import socket
import time

import pytest

from machine import BUILD, LOGS, Failure, demo, pv


class Monitor:
    """QEMU's own command line, on a socket that it makes."""

    def __init__(self, name):
        self.path = os.path.join(LOGS, f"{name}.monitor")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.args = ["-chardev", f"socket,id=hmp,path={self.path},server=on,wait=off",
                     "-mon", "chardev=hmp,mode=readline"]
        self.socket = None

    def read(self):
        got = b""
        while not got.endswith(b"(qemu) "):
            more = self.socket.recv(65536)
            if not more:
                raise Failure(f"QEMU's monitor closed: {got!r}")
            got += more
        return got

    def command(self, line):
        if not self.socket:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(30)
            self.socket.connect(self.path)
            self.read()
        self.socket.sendall(line.encode() + b"\n")
        return self.read().decode(errors="replace")

    def close(self):
        if self.socket:
            self.socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)


@pytest.fixture
def monitor(request):
    m = Monitor(re.sub(r"\W+", "-", request.node.name))
    yield m
    m.close()


class Debugger:
    """As much of gdb's remote protocol as writing a few bytes of memory takes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.got = b""
        assert self.ask("?").startswith("T")  # connecting has stopped the machine

    def answer(self):
        while not (packet := re.search(rb"\$([^#]*)#..", self.got)):
            more = self.socket.recv(4096)
            if not more:
                raise Failure("QEMU has closed the debugger's connection")
            self.got += more
        self.got = self.got[packet.end():]
        self.socket.sendall(b"+")
        return packet[1].decode()

    def ask(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        return self.answer()

    def write(self, address, data):
        said = self.ask(f"M{address:x},{len(data):x}:{data.hex()}")
        while said.startswith("T"):  # that it has stopped, again
            said = self.answer()
        assert said == "OK"

    def go_on(self):
        """Leaves; the machine runs again."""
        self.ask("D")
        self.socket.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def symbol(name):
    """The address of a function in mullion.elf: reads its symbol table itself."""
    with open(os.path.join(BUILD, "mullion.elf"), "rb") as f:
        elf = f.read()

    def number(offset, size):
        return int.from_bytes(elf[offset:offset + size], "little")

    table, size, count = number(40, 8), number(58, 2), number(60, 2)
    for section in range(table, table + size * count, size):
        if number(section + 4, 4) != 2:  # SHT_SYMTAB
            continue
        strings = number(table + size * number(section + 40, 4) + 24, 8)
        first = number(section + 24, 8)
        for entry in range(first, first + number(section + 32, 8), 24):
            start = strings + number(entry, 4)
            if elf[start:elf.index(0, start)].decode() == name:
                return number(entry + 8, 8)
    raise Failure(f"mullion.elf has no symbol {name}")


def free_memory(m):
    return int(re.search(r"(\d+) MiB of memory free", m.text)[1])


@pytest.mark.cost(15)
def test_small_machine_and_restarts(boot):
    """256 MiB, one CPU. A guest that has most of it restarts ten times: all comes back."""
    m = boot(demo(memory="160M"), cpus=1, memory=256)
    m.expect(r"demo\| demo> ")
    assert 160 <= free_memory(m) < 2 * 160
    m.focus(1)
    for _ in range(10):
        m.send("restart\r")
        m.expect(r"mullion\| demo: restarts\n")
        m.expect(r"self-test passed \(crc32 c353d865\)")
        m.expect("demo> ")
    assert "echo: ten\n" in m.command("ten", "demo> ")
    m.focus(0)
    while len(re.findall(r"^mullion\| demo: started", m.text, re.M)) < 11:
        m.expect(r".+")
    m.power_off()
    assert len(re.findall(r"^mullion\| demo: started", m.text, re.M)) == 11
    assert not re.search("not free|out of memory|error", m.text)


@pytest.mark.cost(30)
def test_large_machine(boot):
    """16 CPUs and 8 GiB; 16 guests, one of them with memory on both sides of 4 GiB."""
    m = boot(pv("big", "demo", "3200M") +
             "".join(pv(f"g{i}", "heartbeat", cmdline="margin=10000") for i in range(1, 16)),
             cpus=16, memory=8192)
    m.expect(r"16 cores with SVM, \d+ MiB of memory free")
    assert free_memory(m) > 7900
    m.expect_all(r"^big\| memory: 3276800 KiB$", r"^big\|   \[0000000100000000, ",
                 *[rf"^g{i}\| beat 3$" for i in range(1, 16)], timeout=180)
    cores = re.findall(r"^mullion\| \w+: started on core (\d+) \(dedicated\)", m.text, re.M)
    assert sorted(map(int, cores)) == list(range(16))
    m.power_off()


@pytest.mark.cost(10)
def test_screen(boot, monitor):
    """The screen shows what the serial port got, line for line."""
    m = boot(demo(), cpus=1, extra=monitor.args)
    m.expect(r"demo\| demo> ")
    m.drain(0.5)
    picture = os.path.join(LOGS, "screen.ppm")
    monitor.command(f"screendump {picture}")
    time.sleep(0.5)
    with open(picture, "rb") as f:
        magic, size, depth, pixels = f.read().split(b"\n", 3)
    assert (magic, depth) == (b"P6", b"255")
    width, height = map(int, size.split())
    row = 16 * width * 3
    lit = [any(pixels[i:i + row]) for i in range(0, height // 16 * row, row)]
    log = m.text[m.text.index("mullion| Mullion "):].splitlines()
    shown = sum(max(1, -(-len(line) // (width // 8))) for line in log if line.strip())
    assert lit == [True] * shown + [False] * (len(lit) - shown)
    m.power_off()


@pytest.mark.cost(15)
def test_panic(boot, monitor):
    """UD2 where hypercalls are handled: registers and a backtrace, on every console."""
    port = free_port()
    m = boot(demo() + pv("beat", "heartbeat", cmdline="margin=1000"), cpus=2,
             extra=[*monitor.args, "-gdb", f"tcp:127.0.0.1:{port}"])
    m.expect_all(r"^demo\| demo> ", r"^beat\| beat 3$")
    # An NMI that nobody caused on purpose does no harm, in a guest or in the hypervisor.
    monitor.command("nmi")
    m.expect(r"beat\| beat \d+\n")
    m.expect(r"beat\| beat \d+\n")

    debugger = Debugger(port)
    debugger.write(symbol("pv_hypercall"), b"\x0f\x0b")
    m.panics = True
    debugger.go_on()
    m.expect(r"panic\| the machine is stopped: reset or power-cycle it\n")
    text = "\n".join(m.lines("panic"))
    assert re.search(r"^core [01]: #UD in the hypervisor, error code 0x0$", text, re.M)
    for register in "rip", "rsp", "rflags", "cr0", "cr2", "cr3", "cr4", "rax", "r15":
        assert re.search(rf"\b{register} +[0-9a-f]{{16}}\b", text), register
    assert re.search(r"^at [0-9a-f]{16} pv_hypercall\+0x0$", text, re.M)
    callers = re.findall(r"^by [0-9a-f]{16} (\w+)\+0x[0-9a-f]+$", text, re.M)
    assert "cpu_loop" in callers and callers[-1] in ("call_on_stack", "ap_main", "ap_entry"), callers
    # Stopped means all of it: no guest runs on, on the other core either.
    before = len(m.text)
    m.drain(1.5)
    assert len(m.text) == before
    assert m.console.isalive()
