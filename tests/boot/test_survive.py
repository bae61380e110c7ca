# SPDX-License-Identifier: GPL-2.0-or-later
"""What a panic leaves in memory is told once by the next boot, after a warm reset."""

import re

import pytest

from machine import CTRL_A, PANIC, demo, pv
from test_machine import Debugger, free_port, monitor, symbol  # noqa: F401

# tools/run.py says -no-reboot, which is this option with "shutdown": the last one counts.
REBOOT = ("-action", "reboot=reset")
TOLD = r"^mullion\| the hypervisor panicked in the boot before this one: (.*)$"



@pytest.mark.cost(30)
def test_survive_reset(boot, monitor):  # noqa: F811
    """UD2 where hypercalls are handled, a reset: reason, log and registers are shown, once."""
    port = free_port()
    m = boot(demo() + pv("beat", "heartbeat", cmdline="margin=1000"), cpus=2,
             extra=[*REBOOT, *monitor.args, "-gdb", f"tcp:127.0.0.1:{port}"])
    m.expect_all(r"^demo\| demo> ", r"^beat\| beat 3$")
    assert not re.search(TOLD, m.text, re.M)  # memory after power-on is no record
    m.send(CTRL_A + "m")
    m.expect("mullion> ")
    m.command("trace start exit,irq,hypercall", "mullion> ")
    m.focus(0)
    m.expect(r"beat\| beat \d+\n")
    debugger = Debugger(port)
    debugger.write(symbol("pv_hypercall"), b"\x0f\x0b")
    m.panics = True
    debugger.go_on()
    m.expect(r"panic\| a reset shows this log again at the next boot; a power cycle loses it\n")
    m.expect(r"panic\| the machine is stopped: reset or power-cycle it\n")
    first = m.text

    monitor.command("system_reset")
    m.expect(r"UEFI loader")
    # The image was loaded anew: it works. Each VM has its core, so either may be first.
    m.expect(r"demo\| demo> .*beat\| beat 3\n|beat\| beat 3\n.*demo\| demo> ")
    second = m.text[len(first):]
    why = re.search(TOLD, second, re.M)[1]
    assert re.fullmatch(r"core [01]: #UD in the hypervisor, error code 0x0", why)
    told = re.findall(r"^mullion\| before\| (.*)$", second, re.M)
    assert re.fullmatch(r"it was started 1[0-9]{9} s after 1970 began", told[0])
    # All that the panic said itself, then what each core's trace holds: the demo sleeps.
    said = [line.rstrip() for line in re.findall(PANIC, first) if "reset" not in line]
    assert [line[1].rstrip() for line in map(re.compile(r" *\d+\.\d{6} (panic\|.*)").match, told)
            if line] == said
    rings = [int(n) for n in re.findall(r"^core [01]: (\d+) trace entries, times from the panic on$",
                                        "\n".join(told), re.M)]
    entries = [line for line in told if re.match(r"core [01] -", line)]
    assert len(rings) == 2 and 0 < max(rings) <= 256 and len(entries) == sum(rings), rings
    assert any(" exit " in line and "vm 2" in line for line in entries), entries[-5:]
    # And of the log before it what was no warning.
    log = m.lines("mullion", first)
    for line in ("2 cores with SVM", "beat: started on core"):
        assert any(line in said for said in log) and any(line in said for said in told), line

    monitor.command("system_reset")
    m.expect(r"UEFI loader")
    m.expect(r"demo\| demo> ")
    third = m.text[len(first) + len(second):]
    assert "before" not in third and "panic" not in third
    m.power_off()


@pytest.mark.cost(15)
def test_survive_early(boot, monitor):  # noqa: F811
    """A panic before any guest: each boot tells of the one before it, and panics again."""
    m = boot(demo(), cpus=1, memory=256,
             extra=[*REBOOT, *monitor.args, "-cpu", "EPYC,svm=off"])
    m.panics = True
    why = r"core 0: this machine cannot run guests\. AMD-V: [^\n]*\n"
    m.expect(r"panic\| " + why)
    for _ in range(2):
        m.expect(r"panic\| the machine is stopped: reset or power-cycle it\n")
        monitor.command("system_reset")
        m.expect(r"the hypervisor panicked in the boot before this one: " + why)
        m.expect(r"\npanic\| " + why)
