# SPDX-License-Identifier: GPL-2.0-or-later
"""The platform as the manuals describe it: tests/guest/conform, one guest for each subject."""

import re
from fnmatch import fnmatchcase

import pytest

# QEMU counts instructions exactly with one CPU only; time is judged there.
SVM = {"vendor": "amd", "icount": True, "cpus": 1}
VMX = {"vendor": "intel", "cpus": 2}
# A processor that has all that QEMU knows: protection keys and UMIP.
MAX = {**SVM, "extra": ("-cpu", "max")}
# AMD-V with segment limits and exact error codes. It panics in "paging", tells too little of a
# #DB for "debug", and takes virtual interrupts too late for "apic".
BOCHS_SVM = {"vendor": "amd-bochs", "cpus": 2}
SUBJECTS = ("exceptions", "paging", "paging32", "segments", "task", "debug", "apic", "clock",
            "syscall", "xsave", "protect", "portio", "smc")

# Checks that fail for what the emulator does otherwise than the manual (docs/emulators.md); a
# newer one may do it right. Each was seen to fail without Mullion, too, where it can run so.
QEMU = {
    "exceptions": (
        "#DB of INT1 is a trap", "#UD of LOCK before MOV", "#AC of a misaligned read",
        # No SIMD exceptions, and MXCSR's reserved bits.
        "#UD of a SIMD exception without CR4.OSXMMEXCPT", "#XM of a division by zero",
        "#GP of a reserved bit of MXCSR",
        "#SS of an address by RSP that is not canonical", "#GP of FS.base, not canonical",
        # Error codes of gates: twice the index in 64-bit mode, and never EXT.
        "#GP of INT through a gate of DPL 0", "#NP of INT n, its gate not present",
        "#GP of INT n, its gate none", "#NP of delivering #UD", "#NP of delivering #DB",
        "#SS of delivering #UD to a stack that is not canonical", "#GP of INT n behind the IDT"),
    # Page faults of reserved bits without P; CR0 and CR8 with reserved bits.
    "paging": ("#PF(9) of *", "#PF(0xb) of *", "#GP of CR0 with *", "#GP of bit 32 of CR0",
               "#GP of a reserved bit of CR8"),
    # PDPTEs are entries like others.
    "paging32": ("#PF(9) of *", "PAE: #PF(9) of *", "PAE: a PDPTE has no accessed bit",
                 "PAE: #GP of a reserved bit *", "and CR0.PG stays clear"),
    # No limits, and of the types only what loading a register looks at.
    "segments": ("#GP of a read *", "#GP of a write *", "#GP of a word *", "#GP behind *",
                 "#GP of expand-down*", "#GP of running into the limit"),
    "debug": ("REP MOVSB, after each byte",  # once more, when it counts instructions
              "other faults save RF", "DR7: what is always 0", "#DB of DR7.GD", "DR6.BD"),
    "syscall": ("FMASK clears, and nothing else", "#GP of LSTAR, not canonical",
                "#GP of WRGSBASE, not canonical"),
    "xsave": ("#GP of XRSTOR with a reserved bit of MXCSR", "#NM of XSAVE with CR0.TS"),
    "protect": ("#PF(1) of a descriptor in a user's page, whatever AC is",),
    # A fault behind the switch is pushed with the old task's EIP; no T flag.
    "task": ("comes before the first instruction", "#DB of the T flag", "DR6.BT"),
}
BOCHS = {
    "protect": ("#PF(1) of a descriptor in a user's page, whatever AC is",),
}
# The same, of its AMD models, where nested paging leaves PDPTEs to the walk.
BOCHS_AMD = {
    "paging32": ("PAE: #GP of a reserved bit *", "and CR0.PG stays clear"),
    "syscall": ("#UD of SYSENTER *",),
    "portio": ("CR2",),  # VMRUN does not load it
    "task": ("DR6.BT",),  # nor does an intercepted #DB set DR6
}
KNOWN = {"svm": QEMU, "svm-max": QEMU, "vmx": BOCHS, "svm-bochs": BOCHS_AMD}

# What the emulator's processor does not have, or would not survive.
SKIPPED = {
    "svm": {"paging": ("#GP of clearing CR4.PAE in long mode", "PCID", "5-level paging"),
            "paging32": ("#GP of CR0.PG with EFER.LME, but no CR4.PAE",),
            "syscall": ("#UD of SYSENTER in compatibility mode",),
            "xsave": ("XSAVEC",), "protect": ("UMIP", "protection keys")},
    "svm-max": {"xsave": ("XSAVEC",)},
    "vmx": {"paging": ("5-level paging",), "xsave": ("XSAVEC",),
            "protect": ("UMIP", "protection keys")},
    "svm-bochs": {"paging32": ("#GP of CR0.PG with EFER.LME, but no CR4.PAE",),
                  "syscall": ("FSGSBASE",), "xsave": ("XSAVEOPT", "XSAVEC", "XGETBV 1")},
}


def guest(name, more=()):
    return "\n".join((f"[vm {name}]", "type = pc", rf"kernel = \mullion\{name}.elf", "memory = 16M",
                      "debug-exit = yes", "autostart = no", *more, "", ""))


def wrong_lines(name, lines, known, skipped):
    """Those that fail, or say that something is skipped, and are not expected to; and the
    other way round."""
    seen = [m[1] for line in lines if (m := re.match(r"(?:FAIL|skip) (.*): ", line))]
    for pattern in (*known, *skipped):
        if not any(fnmatchcase(what, pattern) for what in seen):
            yield f"{name}: nothing fails or is skipped any more that is {pattern!r}: list it no longer"
    for line in lines:
        if m := re.match(r"FAIL (.*): got ", line):
            patterns = known
        elif m := re.match(r"skip (.*): ", line):
            patterns = skipped
        else:
            continue
        if not any(fnmatchcase(m[1], p) for p in patterns):
            yield f"{name}: {line}"


@pytest.mark.parametrize("vendor, how, subjects, more", [
    pytest.param("svm", SVM, SUBJECTS, (), id="svm", marks=pytest.mark.cost(45)),
    pytest.param("svm-max", MAX, ("xsave", "protect"), (), id="svm-max"),
    pytest.param("svm-bochs", BOCHS_SVM,
                 ("exceptions", "paging32", "segments", "task", "syscall", "xsave", "portio", "smc"),
                 (), id="svm-bochs", marks=pytest.mark.cost(40)),
    pytest.param("vmx", VMX, SUBJECTS, (), id="vmx", marks=pytest.mark.cost(70)),
    # There the processor has the local APIC, unless it is told not to.
    pytest.param("vmx", VMX, ("apic",), ("apicv = no",), id="vmx-emulated-apic"),
])
def test_conform(boot, vendor, how, subjects, more):
    """Every check holds, or is one that is known not to, by name."""
    m = boot("[mullion]\nmonitor = com2\n\n" + "".join(guest(name, more) for name in subjects),
             {f"mullion/{name}.elf": f"guests/conform/{name}.elf" for name in subjects},
             monitor=True, **how)
    m.expect(r"mullion\| \d cores? with ")
    wrong = []
    for name in subjects:
        m.monitor.request(f"start {name}")
        m.expect(rf"mullion\| {name}: (powered off|crashed and is stopped)\n")
        lines = m.lines(name)
        wrong += wrong_lines(name, lines, KNOWN[vendor].get(name, ()),
                             SKIPPED[vendor].get(name, ()))
        said = [sum(line.startswith(word) for line in lines) for word in ("ok ", "FAIL ", "skip ")]
        verdict = f"conform {name}: {said[0]} passed, {said[1]} failed, {said[2]} skipped"
        if lines[-1] != verdict:
            wrong.append(f"{name}: {lines[-1]}, but that line should be: {verdict}")
    m.power_off()
    assert not wrong, "\n".join(wrong)
