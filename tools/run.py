#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts a Mullion disk image in an emulator, with the machine's first serial port
on this terminal (or on standard input and output, whatever they are)."""

import argparse
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from emulators import BOCHS, QEMU, LaunchError  # noqa: E402
from monitor_socket import MonitorSocket  # noqa: E402

KILL_KEY = 0x1D  # Ctrl-]
BANNER = "Ctrl-a x powers the machine off, Ctrl-a ? lists the keys, Ctrl-] Ctrl-] ends the emulator."
EXIT_RESET = 3  # the machine reset itself instead of powering off
EXIT_KILLED = 4  # by the key, or by --timeout


def parse(argv):
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--vendor", choices=("amd", "intel", "amd-bochs"),
                   help="amd: SVM in QEMU (default); intel: VMX in Bochs; amd-bochs: SVM in Bochs; "
                   "with --accel kvm, whatever this machine is")
    p.add_argument("--image", default="build/mullion.img")
    p.add_argument("--cpus", type=int, default=4, help="processors (default: 4)")
    p.add_argument("--memory", type=int, default=1024, metavar="MIB", help="default: 1024")
    p.add_argument("--accel", choices=("tcg", "kvm"), default="tcg", help="of QEMU")
    p.add_argument("--icount", action="store_true",
                   help="QEMU: one instruction is one tick, deterministically")
    p.add_argument("--one-thread", action="store_true",
                   help="QEMU: its CPUs take turns; faster when there are more of them than here")
    p.add_argument("--cpu", help="another CPU model of the emulator's")
    p.add_argument("--monitor", metavar="PATH",
                   help="a second serial port, on a Unix socket there (see mullionctl)")
    p.add_argument("--log", metavar="FILE", help="keep the emulator's own log there")
    p.add_argument("--debugger", metavar="LINES", default="c",
                   help="commands for Bochs' debugger, in place of c (continue)")
    p.add_argument("--timeout", type=float, metavar="SECONDS", help="end the emulator after that")
    p.add_argument("--extra", action="append", default=[], metavar="ARG",
                   help="one more argument for QEMU, or line for the bochsrc")
    return p.parse_args(argv)


@contextlib.contextmanager
def raw_terminal():
    """Every key goes to the machine; the terminal is as it was when this ends."""
    if not sys.stdin.isatty():
        yield
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


class Keyboard:
    """What is typed, less the key that ends the emulator when pressed twice."""

    def __init__(self):
        self.held = b""

    def filter(self, data):
        """The bytes for the machine, or None to end."""
        out = bytearray()
        for byte in data:
            if byte == KILL_KEY:
                if self.held:
                    return None
                self.held = bytes([byte])
                continue
            out += self.held
            out.append(byte)
            self.held = b""
        return bytes(out)


def connect(emulator, listener, deadline):
    """A serial port's end, once the emulator has opened its own."""
    while True:
        ready, _, _ = select.select([listener, *emulator.noise_fds()], [], [], 0.2)
        if listener in ready:
            return listener.accept()[0]
        emulator.drain(ready)
        if emulator.process.poll() is not None or time.monotonic() > deadline:
            raise LaunchError(f"{emulator.name} did not start: {emulator.last_words()}")


def bridge(emulator, port, monitor, deadline):
    """Copies both ways until the emulator ends; False when it had to be ended."""
    keyboard = Keyboard()
    next_look = time.monotonic() + 1
    sources = [port, sys.stdin.fileno()]
    while True:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return False
        readers, writers = (monitor.readers(), monitor.writers()) if monitor else ([], [])
        ready, writable, _ = select.select(sources + emulator.noise_fds() + readers, writers, [],
                                           1 if left is None else min(left, 1))
        emulator.drain(ready)
        if monitor:
            monitor.serve(ready, writable)
        if port in ready:
            data = receive(port)
            if not data:
                return True
            try:
                write_all(sys.stdout.fileno(), data)
            except OSError:  # nobody reads any more
                return False
        if sys.stdin.fileno() in ready:
            data = read_keys()
            if not data:
                sources.remove(sys.stdin.fileno())
                continue
            data = keyboard.filter(data)
            if data is None:
                return False
            with contextlib.suppress(ConnectionError):
                port.sendall(data)
        if not ready and emulator.process.poll() is not None:
            return True
        if time.monotonic() > next_look:
            next_look = time.monotonic() + 1
            if emulator.was_reset():
                return True


def receive(port):
    try:
        return port.recv(65536)
    except ConnectionError:
        return b""


def read_keys():
    try:
        return os.read(sys.stdin.fileno(), 4096)
    except OSError:  # the terminal is gone
        return b""


def stop(process):
    """The emulator and what it started; they have a process group of their own."""
    if process and process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(args):
    kind = QEMU if args.vendor in (None, "amd") or args.accel == "kvm" else BOCHS
    deadline = None if args.timeout is None else time.monotonic() + args.timeout
    with tempfile.TemporaryDirectory(prefix="mullion-") as scratch, contextlib.ExitStack() as stack:
        monitor = stack.enter_context(MonitorSocket(args.monitor)) if args.monitor else None
        emulator = kind(args, scratch)
        print(f"{emulator.title}. {BANNER}", flush=True)
        try:
            emulator.start()
            limit = time.monotonic() + 30
            with connect(emulator, emulator.listener, limit) as port:
                if monitor:
                    monitor.attach(connect(emulator, emulator.monitor_listener, limit))
                with raw_terminal():
                    ended = bridge(emulator, port, monitor, deadline)
            if not ended:
                with contextlib.suppress(OSError):
                    print("\r\nrun: the emulator was ended.", flush=True)
                return EXIT_KILLED
            with contextlib.suppress(subprocess.TimeoutExpired):
                emulator.finish()
            how = emulator.how_it_ended()
            if how == "off":
                return 0
            print(f"\r\nrun: {how}", flush=True)
            return EXIT_RESET
        finally:
            stop(emulator.process)


def main(argv):
    # Terminating signals unwind the stack, so that nothing is left running.
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sig, lambda number, _: sys.exit(128 + number))
    try:
        return run(parse(argv))
    except LaunchError as e:
        print(f"run: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
