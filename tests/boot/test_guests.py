# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests as Debian packages them that are not its usual Linux: a memory tester, the installer, a 32-bit kernel."""

import re

import pytest

from test_linux import ALLOWED, PROMPT

ALLOWED_32 = {**ALLOWED, r"Speculative Return Stack Overflow: WARNING: kernel not compiled":
              "of the kernel: Debian's 32-bit ones have no mitigation for it"}
MEMTEST = {"mullion/memtest.bin": "memtest/x64.bin"}
INSTALLER = {"mullion/vmlinuz": "installer/vmlinuz", "mullion/initrd.img": "installer/initrd.gz"}
LINUX32 = {"mullion/vmlinuz": "linux32/kernel/vmlinuz", "mullion/initrd.img": "linux32/initrd.img"}


def both(svm, vmx):
    """On both vendors, with what it costs there."""
    return pytest.mark.parametrize("vendor", [
        pytest.param("amd", id="svm", marks=pytest.mark.cost(svm)),
        pytest.param("intel", id="vmx", marks=pytest.mark.cost(vmx))])


def vm(name, **keys):
    return "\n".join([f"[vm {name}]", *(f"{k} = {v}" for k, v in keys.items())]) + "\n"


def linux(name, **keys):
    return vm(name, kernel=r"\mullion\vmlinuz", initrd=r"\mullion\initrd.img",
              cmdline="console=ttyS0", **keys)


def memtest(boot, vendor, cmdline):
    m = boot(vm("memtest", kernel=r"\mullion\memtest.bin", cmdline=cmdline, memory="64M"),
             MEMTEST, vendor=vendor, cpus=1)
    m.expect(r"mullion\| memtest: started")
    m.focus(1)
    return m


def expect_pass(m, timeout):
    """The first pass is over, and in none of the screens before was an error."""
    m.expect(r"Pass: +1 +Errors: 0 ", timeout=timeout)
    assert re.search(r"Memory +: +64MB ", m.text)
    assert not re.search(r"Errors: +[1-9]", m.text)
    m.power_off()


@pytest.mark.cost(200)
def test_memtest_whole_svm(boot):
    """A pass as memtest86+ begins by itself; 160 s of it wait for bits to fade."""
    m = memtest(boot, "amd", "console=ttyS0,115200 nopause")
    m.expect(r"#10 +\[Bit fade", timeout=300)
    expect_pass(m, 600)


@pytest.mark.cost(100)
def test_memtest_quick_vmx(boot):
    """A pass of tests 0 to 5 and 7, chosen from its menu: the others take Bochs a quarter of an hour."""
    m = memtest(boot, "intel", "console=ttyS0,115200")
    m.expect_all(r"<Space> +Scroll Lock")
    m.send("1")
    for wait, keys in (("Test selection", "1"), ("Clear selection", "1"),
                       (r"\.\.\.\.\.\.\.\.\.\.\.", "4"), ("first test #", "0\r"), ("last test #", "5\r"),
                       (r"\*\*\*\*\*\*\.\.\.\.\.", "3"), ("Enter test #", "7\r"),
                       (r"\*\*\*\*\*\*\.\*\.\.\.", "0"), ("Exit menu", "0")):
        m.expect(wait)
        m.send(keys)
    expect_pass(m, 600)


@both(40, 240)
def test_installer(boot, vendor):
    """The Debian installer asks its first question."""
    m = boot(linux("installer", memory="1G"), INSTALLER, vendor=vendor, cpus=1, memory=1536)
    m.expect(r"installer\| .*Linux version", timeout=300)
    m.focus(1)
    m.expect("Select a language", timeout=600)
    m.expect("English")
    m.power_off()


@both(30, 100)
def test_linux32(boot, vendor):
    """A 32-bit kernel with PAE and two vCPUs, from its 32-bit entry to a shell of 32 bits."""
    m = boot(linux("linux32", memory="128M", vcpus=2), LINUX32, vendor=vendor)
    m.expect(r"linux32\| linux guest: up", timeout=600)
    m.shell(1, PROMPT)
    assert re.search(r"^Linux \S+ \S+-686-pae .* i686 GNU/Linux$", m.command("uname -a", PROMPT), re.M)
    assert m.command("nproc", PROMPT).strip() == "2"
    errors = m.command("dmesg -r | grep '^<[0-3]>'", PROMPT).splitlines()
    assert [e for e in errors if not any(re.search(a, e) for a in ALLOWED_32)] == []
    m.send("poweroff\r")
    m.expect(r"mullion\| linux32: powered off\n")
    m.power_off()
