# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian as packaged: its kernel, its initrd, systemd from a virtio disk; and two at a switch."""

import re
import time

import pytest

from monitor import Failure
from test_linux import ALLOWED


def debian(flavour):
    return {"mullion/vmlinuz": f"debian/{flavour}/vmlinuz",
            "mullion/initrd.img": f"debian/{flavour}/initrd.img"}


def disk(flavour):
    return {"mullion/debian.img": f"debian/{flavour}/disk.img"}


BOTH = pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])
SHELL = r"\(initramfs\) "
PROMPT = "root@debian:~# "


def vm(name, cmdline, **keys):
    lines = [f"[vm {name}]", r"kernel = \mullion\vmlinuz", r"initrd = \mullion\initrd.img",
             f"cmdline = console=ttyS0 {cmdline}"]
    return "\n".join(lines + [f"{k} = {v}" for k, v in keys.items()]) + "\n\n"


def log_in(m):
    m.expect("debian login: ", timeout=1500)
    m.send("root\r")
    m.expect("Password: ")
    m.send("debian\r")
    m.expect(PROMPT)


def answer(m, line):
    m.send(line + "\r")
    m.expect(PROMPT)
    return m.console.before


def wait_for(what, seconds=60):
    """Until it does not fail any more."""
    limit = time.monotonic() + seconds
    while True:
        try:
            assert what()
            return
        except Failure:
            if time.monotonic() > limit:
                raise
            time.sleep(0.5)


def check_console(m):
    """The virtio console: a second terminal, its size, and a channel to the monitor."""
    agent = "/dev/virtio-ports/org.mullion.agent"
    assert m.command("stty -F /dev/hvc0 size", PROMPT).strip() == "25 80"
    m.monitor.request("resize 100 40")
    assert m.command("stty -F /dev/hvc0 size", PROMPT).strip() == "40 100"
    with pytest.raises(Failure, match="nobody there has opened org.mullion.agent"):
        m.monitor.request("send debian hello")
    m.command(f"head -n 1 {agent} >/tmp/heard &", PROMPT)
    wait_for(lambda: m.monitor.request("send debian hello, guest") is None)
    assert "hello, guest" in m.command("wait; cat /tmp/heard", PROMPT)
    m.command(f"echo hello, host >{agent}", PROMPT)
    assert m.monitor.request("receive debian") == ["hello, host"]
    # What is typed goes where the guest printed last.
    ask = "read -p 'name? ' x </dev/hvc0 2>/dev/hvc0; echo got $x"
    assert "got Ada\n" in m.command(ask, r"name\? ") + answer(m, "Ada")


@pytest.mark.parametrize("vendor,flavour", [
    pytest.param("amd", "cloud-amd64", id="svm-cloud", marks=pytest.mark.cost(120)),
    pytest.param("amd", "amd64", id="svm-stock", marks=pytest.mark.cost(120)),
    pytest.param("intel", "cloud-amd64", id="vmx-cloud", marks=pytest.mark.cost(900))])
def test_debian(boot, vendor, flavour):
    """To the login prompt, nothing failed, reboot, and shut down."""
    m = boot("monitor = com2\n" + vm("debian", "root=/dev/vda ro", disk=r"\mullion\debian.img",
                                     memory="768M", vcpus=4, console="virtio"),
             {**debian(flavour), **disk(flavour)}, vendor=vendor, cpus=4, memory=2048,
             one_thread=True, monitor=True)
    m.expect(r"debian\| .*Linux version", timeout=900)
    m.focus(1)
    log_in(m)
    assert m.command("nproc", PROMPT).strip() == "4"
    assert "0 loaded units listed" in m.command("systemctl --failed --no-pager", PROMPT)
    assert re.search(r"^/dev/vda / ext4 rw", m.command("grep vda /proc/mounts", PROMPT), re.M)
    m.command("dd if=/dev/urandom of=/var/tmp/x bs=1M count=8 conv=fsync 2>/dev/null", PROMPT)
    first = m.command("sha256sum /var/tmp/x", PROMPT)
    m.command("echo 3 >/proc/sys/vm/drop_caches", PROMPT)
    assert m.command("sha256sum /var/tmp/x", PROMPT) == first
    check_console(m)
    errors = m.command("dmesg -r | grep '^<[0-3]>'", PROMPT).splitlines()
    assert [e for e in errors if not any(re.search(a, e) for a in ALLOWED)] == []
    m.send("reboot\r")
    m.expect(r"mullion\| debian: restarts\n", timeout=300)
    log_in(m)
    assert m.command("sha256sum /var/tmp/x", PROMPT) == first
    m.send("shutdown -h now\r")
    m.expect(r"mullion\| debian: powered off\n", timeout=300)
    m.power_off()


GUESTS = ("one", "lan", "x86-64"), ("two", "lan", "x86-64-v2"), ("three", "other", "x86-64-v3")
LEVELS = {"x86-64": set(), "x86-64-v2": {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"},
          "x86-64-v3": {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}}
BEYOND = {"aes", "pclmulqdq", "rdrand", "rdseed", "adx", "clflushopt", "xsaveopt", "avx512f", "sse4a",
          "fsgsbase", "rdtscp"}


def check_model(m, model):
    """The guest's processor has all of its level, and nothing of a later one."""
    info = m.command("grep -m1 ^flags /proc/cpuinfo", SHELL)
    flags = set(info.split())
    levels = list(LEVELS)
    for level in levels:
        wanted = LEVELS[level] if levels.index(level) <= levels.index(model) else set()
        assert flags & LEVELS[level] == wanted, (model, level)
    assert "fxsr" in flags and not flags & BEYOND


@pytest.mark.cost(120)
@BOTH
def test_switch(boot, vendor):
    """Two Linux guests at one switch reach each other; a third, at another, does not."""
    m = boot("".join(vm(name, "break=top", net=net, memory="192M", cpu_model=model)
                     for name, net, model in GUESTS), debian("cloud-amd64"),
             vendor=vendor, cpus=3, memory=1536, one_thread=True)
    m.expect_all(*[rf"^{name}\| \(initramfs\)" for name in ("one", "two", "three")], timeout=900)
    for number in (1, 2, 3):
        m.shell(number, SHELL)
        check_model(m, GUESTS[number - 1][2])
        m.command("modprobe virtio_pci; modprobe virtio_net; sleep 1", SHELL)
        assert f"02:4d:75:6c:00:0{number}" in m.command("cat /sys/class/net/eth0/address", SHELL)
        m.command(f"ip addr add 10.0.0.{number}/24 dev eth0; ip link set eth0 up", SHELL)
    m.shell(1, SHELL)
    assert "5 packets received" in m.command("ping -c 5 10.0.0.2", SHELL)
    assert "5 packets received" in m.command("ping -c 5 -s 1400 10.0.0.2", SHELL)
    assert " 0 packets received" in m.command("ping -c 2 -w 4 10.0.0.3", SHELL)
    # Another's address in the frames: they go nowhere.
    for change in ("down", "address 02:4d:75:6c:00:09", "up"):
        m.command(f"ip link set eth0 {change}", SHELL)
    assert " 0 packets received" in m.command("ping -c 2 -w 4 10.0.0.2", SHELL)
    m.power_off()
