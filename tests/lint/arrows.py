#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom (docs/architecture.md), and which files must stay pure.

Every rule is a room, what it may include, and why. Pure files (every source
that a unit test names, the device models and the image loaders) must reach no
privileged header and no inline assembly, through any number of includes.
"""

import re
import subprocess
import sys

FREESTANDING = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}
BASIC = ["kernel/types.h", "kernel/date.h", "kernel/errno.h", "kernel/string.h"]
BACKEND = BASIC + [
    "arch/x86/", "kernel/event.h", "kernel/log.h", "kernel/mem.h", "kernel/print.h",
    "kernel/vcpu.h", "kernel/vm.h",
]

# The longest matching room is the one that counts: (room, allowed prefixes, reason).
ROOMS = [
    ("arch/x86/", ["arch/x86/", "boot/handoff.h", "kernel/*"],
     "arch/x86 knows the core's interfaces, not devices, images or backends"),
    ("boot/", BASIC + ["boot/", "kernel/config.h", "kernel/elf.h", "kernel/print.h",
                       "kernel/survive.h", "arch/x86/apic_regs.h", "arch/x86/cpu.h",
                       "arch/x86/msr.h", "arch/x86/pt.h", "arch/x86/pt_host.h"],
     "the loader shares only pure parts and single instructions with the hypervisor"),
    ("kernel/", ["arch/x86/", "boot/handoff.h", "guests/include/", "kernel/"],
     "kernel never includes vmx or svm; of the loader it sees the hand-off only"),
    ("kernel/blk/", BASIC + ["kernel/blk/", "kernel/vm.h"],
     "a block backend sees guest memory, not the machine"),
    ("kernel/dev/", BASIC + ["kernel/dev/", "arch/x86/apic_regs.h", "arch/x86/msr.h",
                             "kernel/vm.h", "kernel/blk/blk.h", "kernel/net.h"],
     "a device model sees guest memory and its backend, never a vCPU, a vendor or the machine"),
    ("kernel/load/", ["build/gen/", "guests/include/", "kernel/"],
     "image loaders never see the machine"),
    ("kernel/mon/", ["arch/x86/", "kernel/*", "kernel/mon/"],
     "the monitor reads the core's structures, not devices or images"),
    ("svm/", BACKEND + ["svm/"], "a backend sees arch/x86 and the vcpu_ops types"),
    ("vmx/", BACKEND + ["vmx/"], "a backend sees arch/x86 and the vcpu_ops types"),
    ("guests/", ["guests/"], "guests share only the ABI header with the hypervisor"),
    ("tests/guest/", ["guests/", "tests/guest/"], "test guests are guests"),
]
FREE = ("tests/", "tools/")  # they test and use whatever there is
# Fixed points: headers that choose between libc's and their own.
HOSTED = {"kernel/errno.h": {"errno.h"}, "kernel/string.h": {"string.h"}}
PRIVILEGED = {"arch/x86/cpu.h", "arch/x86/percpu.h"}
PURE_DIRS = ("kernel/dev/", "kernel/load/")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
ASM = re.compile(r"\b(__asm__|__asm|asm)\b\s*(volatile|__volatile__|goto|inline)?\s*\(")


def without_comments(text):
    """Blanks comments; keeps line numbers."""
    return re.sub(r"/\*.*?\*/|//[^\n]*",
                  lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


class Tree:
    def __init__(self, files):
        self.text = {}
        for name in files:
            with open(name, encoding="utf-8") as f:
                self.text[name] = without_comments(f.read())
        self.includes = {name: list(self.find_includes(name)) for name in files}
        self.errors = []

    def find_includes(self, name):
        for m in INCLUDE.finditer(self.text[name]):
            line = self.text[name].count("\n", 0, m.start(2)) + 1
            yield line, m.group(1), m.group(2)

    def error(self, name, line, what):
        self.errors.append(f"{name}:{line}: {what}")

    def check_file(self, name):
        room = max((r for r in ROOMS if name.startswith(r[0])), default=None,
                   key=lambda r: len(r[0]))
        if not room and not name.startswith(FREE):
            self.error(name, 1, "lies in no room that tests/lint/arrows.py knows")
        for line, kind, path in self.includes[name]:
            if kind == '"':
                self.check_quoted(name, line, path, room)
            elif room:
                self.check_angled(name, line, path)

    def check_quoted(self, name, line, path, room):
        if path not in self.text and not path.startswith("build/"):
            self.error(name, line, f'"{path}" is no file, seen from the top directory')
        elif room and not any(matches(path, a) for a in room[1]):
            self.error(name, line, f'{room[0]} may not include "{path}": {room[2]}')
        elif path.endswith(".c") and not name.startswith("tests/unit/"):
            self.error(name, line, f'"{path}" is a source; only a unit test may include one')

    def check_angled(self, name, line, path):
        if path in FREESTANDING | HOSTED.get(name, set()):
            return
        if name.startswith("boot/") and path.startswith("efi"):
            return
        self.error(name, line, f"<{path}> is not freestanding")

    def check_pure(self, name):
        """Follows the includes and shows the way to whatever is not pure."""
        way = {name: [name]}
        todo = [name]
        while todo:
            at = todo.pop()
            m = ASM.search(self.text[at])
            if at in PRIVILEGED or m:
                what = "a privileged header" if at in PRIVILEGED else "inline assembly"
                path = " -> ".join(way[at])
                self.error(name, 1, f"is to be pure, but reaches {what}: {path}")
                continue
            for _, kind, path in self.includes[at]:
                if kind == '"' and path in self.text and path not in way:
                    way[path] = way[at] + [path]
                    todo.append(path)


def matches(path, allowed):
    """A directory and all below it, with * only the files directly in it, or one file."""
    if allowed.endswith("/*"):
        return path.rpartition("/")[0] == allowed[:-2]
    return path.startswith(allowed) if allowed.endswith("/") else path == allowed


def named_by_tests(tests):
    for name in tests:
        with open(name, encoding="utf-8") as f:
            for m in re.finditer(r"^/\* sources:(.*)\*/$", f.read(), re.M):
                yield from m.group(1).split()


def main():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                         stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
    tree = Tree(sorted(set(out.split())))
    for name in tree.text:
        tree.check_file(name)
    pure = {n for n in tree.text if n.startswith(PURE_DIRS)}
    for name in named_by_tests(n for n in tree.text if n.startswith("tests/unit/test_")):
        if name in tree.text:
            pure.add(name)
        else:
            tree.errors.append(f"{name}: a unit test names it, but it is not there")
    for name in sorted(pure):
        tree.check_pure(name)
    print("\n".join(tree.errors) or f"arrows: {len(tree.text)} files, {len(pure)} of them pure")
    return 1 if tree.errors else 0


if __name__ == "__main__":
    sys.exit(main())
