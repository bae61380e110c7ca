# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong on the boot volume gets one clear sentence, and nothing else is touched."""

import os
import random
import re
import struct

import pytest

from machine import BUILD, demo, pv

E_PHOFF, E_PHNUM, P_PADDR, P_MEMSZ = 32, 56, 24, 40  # in an ELF64 header, in a program header


def content(name):
    with open(os.path.join(BUILD, name), "rb") as f:
        return f.read()


def patched(data, offset, new):
    return data[:offset] + new + data[offset + len(new):]


def moved(elf, to):
    """The same ELF file with its first segment at another physical address."""
    first = struct.unpack_from("<Q", elf, E_PHOFF)[0]
    return patched(elf, first + P_PADDR, struct.pack("<Q", to))


def noise(count):
    return random.Random(7).randbytes(count)


def line_of(conf, start):
    """The number of the only line that starts so."""
    lines = [i for i, line in enumerate(conf.splitlines(), 1) if line.startswith(start)]
    assert len(lines) == 1, f"{start}: {lines}"
    return lines[0]


def said(m, line, sentence):
    """The hypervisor's sentence about a line: one, and that."""
    about = [e for e in m.lines("mullion") if e.startswith(f"error: mullion.conf:{line}: ")]
    assert len(about) == 1 and re.search(sentence, about[0]), (line, sentence, about)


# VM -> the line at fault, what its sentence must say, and more of its section.
def cases():
    elf = content("guests/demo.elf")
    kernel = content("linux/vmlinuz")
    bad = {}
    files = {}

    def program(name, data, sentence):
        files[f"mullion/{name}.bin"] = data
        bad[name] = (rf"kernel = \mullion\{name}.bin", sentence, "type = pv\n")

    def linux(name, data, sentence):
        program(name, data, sentence)
        bad[name] = (*bad[name][:2], "")

    program("empty", b"", "is empty")
    program("short", elf[:3000], "truncated")
    program("text", b"This is not a kernel.\n" * 100, "not an ELF file")
    program("elf32", patched(elf, 4, b"\x01"), "not an ELF file for x86")
    program("outside", moved(elf, 1 << 30), "memory")
    linux("noise", noise(200000), "not a Linux bzImage")
    linux("half", kernel[:len(kernel) // 2], "truncated")
    bad["absent"] = (r"kernel = \mullion\absent.elf", "is not on the boot volume", "type = pv\n")
    bad["noinitrd"] = (r"initrd = \mullion\absent.img", "is not on the boot volume",
                       "kernel = \\mullion\\vmlinuz\n")
    return bad, files


def test_refused_guests(boot):
    """Everything that can be wrong with one VM: the two that are right start and run."""
    bad, files = cases()
    conf = "[core 1]\npolicy = dedicated\n\n" + demo() + pv("owner", "heartbeat", cores=1,
                                                            cmdline="margin=1000")
    for name, (line, _, more) in bad.items():
        conf += f"[vm {name}]\nmemory = 16M\n{more}{line}\n\n"
    conf += pv("typo", "heartbeat").replace("memory", "memroy")
    conf += pv("huge", "heartbeat", memory="64G")
    conf += pv("far", "heartbeat", cores=9)
    conf += pv("second", "heartbeat", cores=" 1")
    conf += demo("twin").replace("disk =", "disk  =")
    expected = {line: sentence for line, sentence, _ in bad.values()}
    expected |= {
        "memroy": r'unknown key "memroy".*did you mean "memory"',
        "memory = 64G": r"asks for 65536M of memory.*left",
        "cores = 9": r"asks for core 9, but this machine has 2 ",
        "cores =  1": r"asks for core 1, which is dedicated .* belongs to owner",
        "disk  =": r"named in line \d+ already",
    }
    m = boot(conf, files, cpus=2)
    m.expect_all(r"^demo\| .*self-test passed", r"^owner\| beat 10$")
    for line, sentence in expected.items():
        said(m, line_of(conf, line), sentence)
    errors = [e for e in m.lines("mullion") if e.startswith("error")]
    assert len(errors) == len(expected)
    assert {e.split(":")[0] for e in m.lines("mullion") if ": started" in e} == {"demo", "owner"}
    # What the loader can tell, it has told too, with the same lines.
    for line in "memroy", "disk  =", r"kernel = \mullion\absent.elf", r"kernel = \mullion\empty.bin":
        assert len(re.findall(rf"^mullion\.conf:{line_of(conf, line)}: ", m.text, re.M)) == 1
    m.power_off()


@pytest.mark.parametrize("wrong,sentence", [
    (pv("wrong", "junk"), r"not an ELF file"),
    (pv("wrong", "heartbeat", cores=5), r"asks for core 5"),
    # QEMU's processor has no AVX-512.
    (pv("wrong", "heartbeat", cpu_model="x86-64-v4"),
     r"less than cpu_model promises \(CPUID 0x7 lacks 0xd0030000\)"),
], ids=["image", "core", "model"])
def test_strict_starts_nothing(boot, wrong, sentence):
    """What only the hypervisor can see: after that it waits for the key that powers off."""
    m = boot("[mullion]\nstrict = yes\n" + pv("right", "heartbeat", cores=0) + wrong,
             {"mullion/junk.elf": noise(5000)})
    m.expect(rf"mullion\| error: mullion\.conf:\d+: .*{sentence}")
    m.expect(r"mullion\| error: strict = yes and something is refused: no VM is started")
    m.drain(1)
    assert "started on core" not in m.text
    m.power_off()


ONE = pv("only", "heartbeat", cmdline="margin=1000")


def test_loader_refuses_and_returns(boot):
    """Four disks: the loader returns to firmware from each, which starts the next one."""
    disks = [
        (None, {}),
        (noise(1 << 20), {}),
        ("[mullion]\nstirct = yes\n" + ONE, {}),
        ("[mullion]\nstrict = yes\n" + ONE + pv("lost", "lost"), {}),
    ]
    sentences = [
        r"^Mullion: the configuration \\mullion\\mullion\.conf is not on the boot volume",
        r"^mullion\.conf: the file is larger than 64 KiB: it has 1048576 bytes",
        r'^mullion\.conf:2: unknown key "stirct".*did you mean "strict"',
        r"^mullion\.conf:\d+: \[vm lost\] \\mullion\\lost\.elf is not on the boot volume",
    ]
    m = boot(*disks[0], others=disks[1:], memory=256)
    for _ in disks:
        m.expect(r"UEFI loader\n")
        m.expect(r"Mullion: returning to the firmware\.")
    for sentence in sentences:
        assert len(re.findall(sentence, m.text, re.M)) == 1, sentence
    assert len(re.findall(r"says 'strict = yes', so nothing is started", m.text)) == 1
    assert "Starting the hypervisor" not in m.text


def test_loader_after_failures(boot):
    """Damage of other kinds; then a volume that is in order starts as if nothing had been."""
    disks = [
        (b"", {}),
        ("# nobody\n", {}),
        (noise(60000), {}),
        (ONE, {}),
    ]
    sentences = [
        r"^Mullion: the configuration \S+ is empty",
        r"^mullion\.conf: no VM is described",
        r"^mullion\.conf:\d+: this is not a text file",
    ]
    m = boot(*disks[0], others=disks[1:], memory=256)
    m.expect(r"only\| beat 3\n", timeout=180)
    for sentence in sentences:
        assert len(re.findall(sentence, m.text, re.M)) == 1, sentence
    m.power_off()
