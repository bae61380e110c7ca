# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that Linux gives back: to a balloon, and by reports of free pages; and takes again."""

import time

import pytest

from monitor import Failure

PROMPT = "linux# "
MODULES = ("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_balloon")
MEMORY = 192
CONF = rf"""monitor = com2
[vm linux]
kernel = \mullion\vmlinuz
initrd = \mullion\virtio.img
cmdline = console=ttyS0 quiet
memory = {MEMORY}M
vcpus = 2
balloon = yes
autostart = no
"""


def mib(m, line):
    """A value of /proc/meminfo."""
    return int(m.command(f"awk '/^{line}:/ {{print $2}}' /proc/meminfo", PROMPT)) >> 10


def load(m):
    for module in MODULES:
        assert "can't" not in m.command(f"insmod /{module}.ko", PROMPT)


def held(m):
    return m.monitor.request("list")[0]["held_mib"]


def free(m):
    return m.monitor.request("memory")["free_bytes"]


def until(what, seconds=120):
    limit = time.monotonic() + seconds
    while not what():
        if time.monotonic() > limit:
            raise Failure("has not come about")
        time.sleep(0.5)


def write(m, name):
    """40 MiB of the seed: their sum."""
    m.command(f"for i in $(seq 40); do cat /seed; done >/mnt/{name}", PROMPT)
    return m.command(f"md5sum </mnt/{name}", PROMPT).split()[0]


@pytest.mark.cost(150)
@pytest.mark.parametrize("vendor", ["amd", "intel"], ids=["svm", "vmx"])
def test_balloon(boot, vendor):
    m = boot(CONF, {"mullion/virtio.img": "linux/virtio.img", "mullion/vmlinuz": "linux/vmlinuz"},
             vendor=vendor, memory=1024, one_thread=True, monitor=True)
    m.expect("MiB of memory free")
    before = free(m)
    with pytest.raises(Failure, match="that or less, if it runs"):
        m.monitor.request("balloon linux 100")
    m.monitor.request("start linux")
    m.expect(r"linux\| linux guest: up")
    m.shell(1, PROMPT)
    assert held(m) == MEMORY
    started = free(m)
    load(m)
    # Free pages are reported by and by.
    until(lambda: held(m) < MEMORY - 48)
    assert free(m) - started > 40 << 20
    # What was reported is used again, and what is in it stays.
    m.command("head -c 1048576 /dev/urandom >/seed; mkdir /mnt", PROMPT)
    m.command("mount -t tmpfs -o size=100M none /mnt", PROMPT)
    first = write(m, "a")
    assert first == m.command("for i in $(seq 40); do cat /seed; done | md5sum", PROMPT).split()[0]

    # With DEFLATE_ON_OOM its total stays: pages in the balloon are not free, that is all.
    total = mib(m, "MemFree")
    m.monitor.request(f"balloon linux {MEMORY - 40}")
    until(lambda: mib(m, "MemFree") < total - 36)
    until(lambda: held(m) <= MEMORY - 36)
    with pytest.raises(Failure, match="that or less"):
        m.monitor.request(f"balloon linux {MEMORY + 1}")
    m.monitor.request(f"balloon linux {MEMORY}")
    until(lambda: mib(m, "MemFree") > total - 4)
    assert write(m, "b") == first
    assert m.command("md5sum </mnt/a", PROMPT).split()[0] == first
    m.command("rm /mnt/a /mnt/b", PROMPT)

    # A new start has all of it, and the end gives all back, whatever is out at that time.
    total = mib(m, "MemFree")
    m.monitor.request(f"balloon linux {MEMORY - 40}")
    until(lambda: mib(m, "MemFree") < total - 36)
    m.monitor.request("restart linux")
    m.expect(r"\| linux: restarts\n")
    m.expect("linux guest: up")
    assert held(m) == MEMORY
    m.expect(PROMPT)
    load(m)
    until(lambda: held(m) < MEMORY - 48)
    m.monitor.request("destroy linux")
    m.expect(r"mullion\| linux: ended from outside\n")
    assert free(m) == before
    assert held(m) == 0
    m.power_off()
