# SPDX-License-Identifier: GPL-2.0-or-later
"""How QEMU and Bochs are started, fed and judged; run.py connects them to a terminal."""

import contextlib
import ctypes
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess

OVMF_SPLIT = (("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
              ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"))
OVMF_WHOLE = ("/usr/share/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd")
VGA_BIOS = ("/usr/share/vgabios/vgabios.bin", "/usr/share/bochs/VGABIOS-lgpl-latest")
PR_SET_PDEATHSIG = 1
# TCG says this for each CPU and each feature of a model that it lacks: known, and no news.
QEMU_NOISE = b"TCG doesn't support requested feature"
RESET = "the machine reset itself (a triple fault, or a reset register) instead of powering off."


class LaunchError(Exception):
    """Says what is missing and how to mend it."""


def need_program(name, package):
    path = shutil.which(name)
    if not path:
        raise LaunchError(f"{name} is not installed: run `make deps`, or install {package}.")
    return path


def need_file(paths, package):
    for path in paths:
        if os.path.exists(path):
            return path
    raise LaunchError(f"{paths[0]} is not there: run `make deps`, or install {package}.")


class Emulator:
    """One emulator process; .listener is where it connects its serial port to, and
    .monitor_listener its second one when that is asked for."""

    def __init__(self, args, scratch):
        self.args, self.scratch = args, scratch
        self.process = self.listener = self.monitor_listener = None
        self.tail = b""
        if not os.path.isfile(args.image):
            raise LaunchError(f"there is no image {args.image}: run `make image`.")
        self.image = os.path.abspath(args.image)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def listen_serial(self):
        """Opens the listeners; the numbers of their ports, one, or two with --monitor."""
        # TCP, as Bochs has no Unix sockets, and QEMU's gather no single bytes: they take some 300
        # of them, then the UART is busy, and firmware drops what it cannot write at once.
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        if not self.args.monitor:
            return [self.listener.getsockname()[1]]
        self.monitor_listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        return [s.getsockname()[1] for s in (self.listener, self.monitor_listener)]

    def spawn(self, command, **files):
        libc = ctypes.CDLL(None)
        # It dies with this process, however that ends (a test may kill it).
        self.process = subprocess.Popen(
            command, start_new_session=True, close_fds=True, **files,
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def was_reset(self):
        """Whether the machine starts again, where the emulator does not end by itself then."""
        return False

    def finish(self):
        self.process.wait(timeout=10)

    def keep_tail(self, data):
        self.tail = (self.tail + data)[-4000:]

    def last_words(self):
        lines = self.tail.decode(errors="replace").strip().splitlines()
        return " ".join(lines[-5:]) or "it printed nothing."


def check_kvm(vendor):
    """Why KVM with nested virtualization cannot be had here, or the host's vendor."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        flags = set(re.search(r"^flags\s*:(.*)$", f.read() + "\nflags:", re.M).group(1).split())
    host = {"vmx": "intel", "svm": "amd"}.get(next(iter(flags & {"vmx", "svm"}), None))
    if not host:
        raise LaunchError("ACCEL=kvm needs a CPU with VT-x or AMD-V, and /proc/cpuinfo shows neither "
                          "vmx nor svm: switch virtualization on in the firmware's setup (in a "
                          "virtual machine: nested virtualization in its host), or leave ACCEL out.")
    if vendor not in (None, host):
        raise LaunchError(f"ACCEL=kvm runs on this machine's own CPU, which is {host}: "
                          f"say VENDOR={host}, or leave ACCEL out.")
    if not os.path.exists("/dev/kvm"):
        raise LaunchError(f"/dev/kvm is not there: load it with `modprobe kvm_{host}` as root, or "
                          "leave ACCEL out.")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise LaunchError("/dev/kvm may not be opened by this user: join the group kvm "
                          "(`adduser $USER kvm`, then log in again), or leave ACCEL out.")
    name = f"/sys/module/kvm_{host}/parameters/nested"
    try:
        with open(name, encoding="ascii") as f:
            nested = f.read().strip()
    except OSError:
        nested = "absent"
    if nested not in ("Y", "1"):
        raise LaunchError(f"nested virtualization is off ({name}: {nested}): as root, `modprobe -r "
                          f"kvm_{host} && modprobe kvm_{host} nested=1`, or leave ACCEL out.")
    return host


class QEMU(Emulator):
    """AMD-V by TCG, or the machine's own virtualization by KVM. The image is not written to."""

    name = "QEMU"

    def __init__(self, args, scratch):
        super().__init__(args, scratch)
        self.program = need_program("qemu-system-x86_64", "qemu-system-x86")
        self.firmware = next((p for p in OVMF_SPLIT if all(map(os.path.exists, p))), None)
        if not self.firmware:
            need_file([OVMF_SPLIT[0][0]], "ovmf")
        self.cpu = args.cpu or "EPYC"
        if args.accel == "kvm":
            check_kvm(args.vendor)
            self.cpu = args.cpu or "host"
        self.title = (f"QEMU ({args.accel}, {self.cpu}), {args.cpus} CPUs, {args.memory} MiB, "
                      f"{args.image}")
        self.events = b""
        self.reason = ""
        self.qmp = self.stderr = None

    def start(self):
        code, template = self.firmware
        shutil.copyfile(template, self.path("vars.fd"))
        ports = self.listen_serial()
        control = self.listen("qmp")
        args = self.args
        command = [
            self.program, "-accel", args.accel + (",thread=single" if args.one_thread else ""),
            "-machine", "q35", "-cpu", self.cpu,
            "-smp", str(args.cpus), "-m", f"{args.memory}M", "-nodefaults", "-no-reboot",
            "-display", "none", "-vga", "std", "-monitor", "none",
            "-chardev", f"socket,id=qmp,path={self.path('qmp')}", "-mon", "chardev=qmp,mode=control",
            "-drive", f"if=pflash,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,format=raw,file={self.path('vars.fd')}",
            "-drive", f"if=ide,format=raw,snapshot=on,file={self.image}"]
        for i, port in enumerate(ports, 1):
            command += ["-chardev", f"socket,id=com{i},host=127.0.0.1,port={port},nodelay=on",
                        "-serial", f"chardev:com{i}"]
        if args.icount:
            command += ["-icount", "shift=0,sleep=off"]
        if args.log:
            command += ["-d", "guest_errors,cpu_reset", "-D", os.path.abspath(args.log)]
        self.spawn(command + args.extra, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)
        self.stderr = self.process.stderr
        os.set_blocking(self.stderr.fileno(), False)
        control.settimeout(30)
        self.control = control

    def listen(self, name):
        s = socket.socket(socket.AF_UNIX)
        s.bind(self.path(name))
        s.listen(1)
        return s

    def noise_fds(self):
        return [f for f in (self.control if not self.qmp else self.qmp, self.stderr) if f]

    def drain(self, ready):
        if not self.qmp and self.control in ready:
            self.qmp = self.control.accept()[0]
            self.qmp.sendall(b'{"execute": "qmp_capabilities"}\n')
        elif self.qmp and self.qmp in ready:
            self.drain_qmp()
        if self.stderr and self.stderr in ready:
            data = self.stderr.read()
            if not data:
                self.stderr = None
                return
            for line in data.splitlines():
                if line and QEMU_NOISE not in line:
                    self.keep_tail(line + b"\n")

    def drain_qmp(self):
        try:
            data = self.qmp.recv(65536)
        except ConnectionError:
            data = b""
        *lines, self.events = (self.events + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message.get("event") == "SHUTDOWN":
                self.reason = message["data"].get("reason", "")

    def finish(self):
        # The event that says why comes before QEMU closes the connection.
        if self.qmp:
            self.qmp.settimeout(10)
            while not self.reason:
                before = self.events
                self.drain_qmp()
                if self.events == before and self.process.poll() is not None:
                    break
        super().finish()

    def how_it_ended(self):
        if self.reason == "guest-shutdown":
            return "off"
        if self.reason == "guest-reset":
            return RESET
        return f"QEMU ended with status {self.process.returncode} ({self.reason}): {self.last_words()}"


class BOCHS(Emulator):
    """VT-x, or AMD-V with nRIP save. It works on a copy of the image."""

    name = "Bochs"
    NORMAL_END = re.compile(rb"soft power off|hutdown port: shutdown requested")
    MACHINE_RESET = b"bx_pc_system_c::Reset(HARDWARE)"  # once at the start, too

    def __init__(self, args, scratch):
        super().__init__(args, scratch)
        need_program("bochs", "bochs")
        self.program = shutil.which("bochs-bin") or shutil.which("bochs")
        self.firmware = need_file(OVMF_WHOLE, "ovmf")
        self.vga = need_file(VGA_BIOS, "vgabios")
        usage = self.ask("--help")
        version = re.search(r"Bochs x86 Emulator (\d+)\.(\d+)", usage)
        self.version = (int(version[1]), int(version[2])) if version else (0, 0)
        models = {"intel": "corei7_skylake_x",
                  "amd-bochs": "ryzen" if self.version >= (3, 0) else "trinity_apu"}
        self.cpu = args.cpu or models[args.vendor]
        self.log = os.path.abspath(args.log) if args.log else self.path("bochs.log")
        self.title = (f"Bochs {self.version[0]}.{self.version[1]} ({self.cpu}), {args.cpus} CPUs, "
                      f"{args.memory} MiB, {args.image}")
        self.screen = None
        self.resets = self.log_seen = 0

    def ask(self, *args):
        done = subprocess.run([self.program, *args], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.log)  # what an earlier run left there would be taken for this one's
        subprocess.run(["cp", "--sparse=always", self.image, self.path("disk.img")], check=True)
        # Sockets, as a pty would drop output while nobody reads it.
        com = "".join(f"com{i}: enabled=1, mode=socket-client, dev=127.0.0.1:{port}\n"
                      for i, port in enumerate(self.listen_serial(), 1))
        with open(self.path("bochsrc"), "w", encoding="ascii") as f:
            f.write(f"""\
megs: {self.args.memory}
romimage: file={self.firmware}, options=fastboot
vgaromimage: file={self.vga}
cpu: model={self.cpu}, count={self.args.cpus}, ips=50000000, reset_on_triple_fault=0
display_library: term
{com}port_e9_hack: enabled=1
clock: sync=none, time0=utc
pci: enabled=1, chipset=i440fx
ata0-master: type=disk, path={self.path('disk.img')}, mode=flat
boot: disk
panic: action=fatal
error: action=report
info: action=report
log: {self.log}
""" + "".join(line + "\n" for line in self.args.extra))
        # Debian's Bochs has its debugger built in, which waits for a word before it starts.
        with open(self.path("rc"), "w", encoding="ascii") as f:
            f.write(self.args.debugger + "\n")
        # The `term` display wants a terminal: it gets one that nobody looks at. Bochs 3 waits
        # there for a key, 1 ms, each time a CPU goes idle; at the end of a file it does not.
        self.screen, terminal = pty.openpty()
        self.spawn([self.program, "-q", "-f", self.path("bochsrc"), "-rc", self.path("rc")],
                   stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
                   env={**os.environ, "TERM": "linux", "LINES": "25", "COLUMNS": "80"})
        os.close(terminal)

    def noise_fds(self):
        return [] if self.screen is None else [self.screen]

    def drain(self, ready):
        if self.screen in ready:
            try:
                self.keep_tail(os.read(self.screen, 65536))
            except OSError:  # Bochs closed it
                self.screen = None

    def was_reset(self):
        try:
            with open(self.log, "rb") as f:
                f.seek(self.log_seen)
                whole_lines = f.read().rpartition(b"\n")[0]
        except OSError:  # not there yet
            return False
        self.log_seen += len(whole_lines)
        self.resets += whole_lines.count(self.MACHINE_RESET)
        return self.resets > 1

    def finish(self):
        if not self.was_reset():
            super().finish()

    def last_words(self):
        try:
            with open(self.log, "rb") as f:
                words = [line for line in f if b"p[" in line or b"e[" in line]
        except OSError:
            words = []
        return b" ".join(words[-3:]).decode(errors="replace").strip() or super().last_words()

    def how_it_ended(self):
        if self.resets > 1:
            return RESET
        with open(self.log, "rb") as f:
            log = f.read()
        if self.NORMAL_END.search(log[-20000:]):
            return "off"
        return f"Bochs ended: {self.last_words()}"
