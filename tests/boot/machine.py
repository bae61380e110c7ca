# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine under test: an image made for it, an emulator, and its serial console."""

import os
import re
import signal
import subprocess
import sys
import time

import pexpect

from monitor import Failure, Monitor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
LOGS = os.path.join(BUILD, "boot-tests")
# Slower machines: MULLION_PATIENCE=3 makes every time limit three times as long.
PATIENCE = float(os.environ.get("MULLION_PATIENCE", "1"))
# An emulator that nothing ended by then hangs.
LIFETIME = 2400
# How long one step may take; the longest is from power-on to a guest's first line.
STEP = {"amd": 90, "intel": 240, "amd-bochs": 240}
# QEMU: an instruction takes 16 ns of virtual time, whatever else this machine does. With the
# 1 ns of `run.py --icount`, firmware's waiting loops take minutes. A machine as slow as that
# draws a screen of text in 20 ms: it has no screen. For one CPU: several take turns of up to
# 100 ms then.
ICOUNT = ("-icount", "shift=3,sleep=off", "-vga", "none")
CTRL_A = "\x01"
# CSI sequences, other escapes, and what else only moves the cursor.
CONTROL = re.compile(r"\x1b\[[0-9;=?]*[@-~]|\x1b[^\[]|\r|\x07")
UNFINISHED = re.compile(r"\x1b(\[[0-9;=?]*)?\Z")
PANIC = r"panic\| .*\n"

# What is on every boot volume: more than a test names does not matter.
PROGRAMS = {"EFI/BOOT/BOOTX64.EFI": "BOOTX64.EFI"}
GUESTS = {f"mullion/{name}": f"guests/{name}" for name in (
    "demo.elf", "demo.img", "entry.elf", "former.elf", "gaps.elf", "heartbeat.elf", "hostile.elf", "kick.elf", "quiet.elf",
    "real.bin", "spin.elf", "storm.elf", "triple.elf",
    "wake.elf")}
LINUX = {"mullion/vmlinuz": "linux/vmlinuz", "mullion/initrd.img": "linux/initrd.img"}


def pv(name, program, memory="4M", **keys):
    """The section of a VM that runs one of the programs; other keys as in the file."""
    lines = [f"[vm {name}]", "type = pv", f"kernel = \\mullion\\{program}.elf",
             f"memory = {memory}"]
    return "\n".join(lines + [f"{k} = {v}" for k, v in keys.items()]) + "\n\n"


def demo(name="demo", memory="32M", **keys):
    return pv(name, "demo", memory, disk=r"\mullion\demo.img", **keys)


class Console(pexpect.spawn):
    """Text without escape sequences and carriage returns, all of it kept and logged."""

    def __init__(self, argv, log):
        self.text, self.rest, self.file = "", "", log
        super().__init__(argv[0], argv[1:], cwd=ROOT, encoding="utf-8", codec_errors="replace",
                         echo=False, dimensions=(50, 200))

    def read_nonblocking(self, size=1, timeout=-1):
        text = self.rest + super().read_nonblocking(size, timeout)
        cut = UNFINISHED.search(text)
        self.rest = cut[0] if cut else ""
        text = CONTROL.sub("", text[:cut.start()] if cut else text)
        self.text += text
        self.file.write(text)
        self.file.flush()
        return text


def make_image(path, conf, files):
    """conf: text or bytes, None for no file at all; files: path on the volume ->
    a path in the build directory, bytes, or None to leave it out."""
    todo = {**PROGRAMS, **GUESTS, **files}
    if conf is not None:
        if isinstance(conf, str) and "vmlinuz" in conf:
            todo = {**LINUX, **todo}
        todo["mullion/mullion.conf"] = conf.encode() if isinstance(conf, str) else conf
    words, made = [], []
    for number, (dest, source) in enumerate(todo.items()):
        if source is None:
            continue
        if isinstance(source, bytes):
            made.append(f"{path}.{number}")
            with open(made[-1], "wb") as f:
                f.write(source)
            source = made[-1]
        words.append(f"{dest}={os.path.join(BUILD, source)}")
    try:
        subprocess.run([sys.executable, f"{ROOT}/tools/mkimage.py", path, *words], check=True)
    finally:
        for name in made:
            os.unlink(name)


class Machine:
    """One run of an emulator. Every expect_… fails the test when it waits in vain."""

    def __init__(self, name, conf, files=(), vendor="amd", cpus=2, memory=512, icount=False,
                 extra=(), others=(), monitor=False, one_thread=False, debugger=None):
        """others: conf and files of more disks, for firmware to try in turn (QEMU only).
        monitor: a second serial port, which .monitor speaks to (configure `monitor = com2`).
        debugger: commands for that of Bochs.
        one_thread: of QEMU; where CPUs wait for each other by spinning, they take turns then."""
        os.makedirs(LOGS, exist_ok=True)
        self.path = os.path.join(LOGS, f"{name}.log")
        self.step = STEP[vendor] * PATIENCE
        self.began = time.monotonic()
        self.images = []
        for i, (its_conf, its_files) in enumerate([(conf, files), *others]):
            self.images.append(os.path.join(LOGS, f"{name}.{i}.img"))
            make_image(self.images[i], its_conf, dict(its_files))
        argv = [sys.executable, f"{ROOT}/tools/run.py", "--vendor", vendor, "--image", self.images[0],
                "--cpus", str(cpus), "--memory", str(memory),
                "--timeout", str(LIFETIME * PATIENCE)]
        self.monitor = None
        if monitor:
            socket_path = os.path.join(LOGS, f"{name}.sock")
            argv += ["--monitor", socket_path]
            self.monitor = Monitor(socket_path, self.step)
        if one_thread:
            argv.append("--one-thread")
        if vendor != "amd":
            argv += ["--log", os.path.join(LOGS, f"{name}.bochs.log")]
        extra = [*ICOUNT, *extra] if icount else list(extra)
        for i, image in enumerate(self.images[1:], 1):
            extra += ["-drive", f"if=ide,index={i},format=raw,snapshot=on,file={image}"]
        if debugger:
            argv += ["--debugger", debugger]
        self.file = open(self.path, "w", encoding="utf-8")
        self.console = Console(argv + [f"--extra={e}" for e in extra], self.file)
        self.panics = False

    # ---- what has been printed ----

    @property
    def text(self):
        return self.console.text

    def lines(self, who, text=None):
        """The whole lines of one VM, or of `mullion`, without its name, in the overview."""
        text = self.text if text is None else text
        return re.findall(rf"^{re.escape(who)}\| (.*)\n", text, re.M)

    def tail(self, count=80):
        return "\n".join(self.text.splitlines()[-count:])

    # ---- waiting ----

    def expect(self, pattern, timeout=None):
        """The match of a regular expression in what is printed from here on."""
        limit = timeout * PATIENCE if timeout else self.step
        patterns = [pattern, pexpect.EOF, pexpect.TIMEOUT]
        if not self.panics:
            patterns.insert(1, PANIC)
        found = self.console.expect(patterns, timeout=limit)
        what, match = patterns[found], self.console.match
        if found == 0:
            return match
        if what is pexpect.EOF:
            raise Failure(f"the machine ended, still to come was: {pattern}")
        if what is pexpect.TIMEOUT:
            raise Failure(f"not printed within {limit:.0f} s: {pattern}")
        self.drain(2)
        raise Failure(f"the hypervisor panicked: {match[0].strip()}")

    def expect_all(self, *patterns, timeout=None):
        """Each of them, in any order, in what is or was printed."""
        until = time.monotonic() + (timeout * PATIENCE if timeout else self.step)
        left = list(patterns)
        while left := [p for p in left if not re.search(p, self.text, re.M)]:
            if time.monotonic() > until:
                raise Failure(f"not printed in time: {left}")
            try:
                self.expect(r".+", timeout=max(1.0, until - time.monotonic()) / PATIENCE)
            except Failure as failure:
                raise Failure(f"{failure}; still to come was: {left}") from None

    def drain(self, seconds):
        """Takes in what is printed in the next seconds, whatever it is."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.console.expect([r".+", pexpect.EOF, pexpect.TIMEOUT], timeout=left) == 1:
                return

    # ---- the keyboard ----

    def send(self, text):
        self.console.send(text)

    def focus(self, number):
        """The keyboard goes to VM number (0: none), what it prints comes undecorated."""
        self.send(f"{CTRL_A}{number}")
        self.expect(r"-- all VMs;" if number == 0 else r"keyboard is yours; .*--\n")

    def shell(self, number, prompt):
        """The keyboard goes to the shell of VM number, which is ready for a line then.

        A line typed while the shell is not reading one is echoed by the terminal, and
        again by the shell: what is waited for is what only the shell can print.
        """
        self.focus(number)
        self.send("\recho ready-$((40+2))\r")
        self.expect(r"ready-42\n")
        self.expect(prompt)

    def command(self, line, prompt, timeout=None):
        """What a guest's shell prints from the line it is given to its next prompt."""
        self.send(line + "\r")
        self.expect(re.escape(line) + r"\n")
        self.expect(prompt, timeout)
        return self.console.before

    # ---- the end ----

    def power_off(self):
        """By the key; the emulator must take it for a power-off, and end."""
        self.send(CTRL_A + "x")
        self.expect(r"power the machine off and end every VM\?")
        self.send("y")
        self.expect_off()

    def expect_off(self, timeout=30):
        status = self.wait(timeout)
        if status != 0:
            raise Failure(f"tools/run.py ended with status {status} (0: the machine is off)")

    def wait(self, timeout):
        """The status of tools/run.py, which must end by itself."""
        try:
            self.console.expect(pexpect.EOF, timeout=timeout * PATIENCE)
        except pexpect.TIMEOUT:
            raise Failure(f"the machine does not end within {timeout} s") from None
        self.console.close()
        return self.console.exitstatus

    def stop(self, keep_image=False):
        """Ends it however it stands; tools/run.py takes its emulator with it."""
        if self.console.isalive():
            self.console.kill(signal.SIGTERM)
            try:
                self.console.expect(pexpect.EOF, timeout=10)
            except pexpect.TIMEOUT:
                pass
            self.console.close(force=True)
        if self.monitor:
            self.monitor.close()
        self.file.close()
        for image in self.images:
            if not keep_image and os.path.exists(image):
                os.unlink(image)
