# SPDX-License-Identifier: GPL-2.0-or-later
# Mullion: `make run`, `make test`, `make image`; `make help` lists the rest.

B := build
CC := gcc
CLANG := clang
NASM := nasm
NM := nm
OBJCOPY := objcopy
PYTHON := python3
# V=1 shows the commands.
Q := $(if $(V),,@)

WARN := -Wall -Wextra -Werror -Wconversion -Wshadow -Wcast-qual -Wmissing-prototypes \
	-Wstrict-prototypes -Wundef -Wvla
# The hypervisor: no red zone, no FPU registers, top 2 GiB of the address space.
VERSION := 0.1.0
KFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer -fno-strict-aliasing -fno-common -ffunction-sections -fdata-sections \
	$(WARN) -DHV_VERSION='"$(VERSION)"' -I. -MMD -MP
# The way of an exit leads through many files.
LTO := -flto -flto-partition=one
KDIRS := arch/x86 kernel kernel/dev kernel/load kernel/blk kernel/mon vmx svm
KSRC := $(foreach d,$(KDIRS),$(wildcard $(d)/*.c))
# gpr.asm has only macros, for the others; bios.asm is a guest's (kernel/load/build.mk).
KASM := $(filter-out arch/x86/gpr.asm kernel/load/bios.asm,$(foreach d,$(KDIRS),$(wildcard $(d)/*.asm)))
KOBJ := $(KSRC:%.c=$(B)/obj/%.o) $(KASM:%.asm=$(B)/obj/%.asm.o)

.PHONY: all clean help
all: $(B)/mullion.elf

-include boot/build.mk kernel/load/build.mk guests/build.mk tools/build.mk tests/build.mk

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)echo '  CC  $<'; $(CC) $(KFLAGS) $(LTO) -c $< -o $@

$(B)/obj/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(Q)echo '  ASM $<'; $(NASM) -f elf64 -g -F dwarf -w+error $(if $(FLOOR),-DFLOOR) -I. -MD $(@:.o=.d) -o $@ $<

$(B)/font.psf: /usr/share/consolefonts/Unifont-APL8x16.psf.gz
	@mkdir -p $(@D)
	gzip -dc $< > $@.tmp
	@test "$$(od -An -tx1 -N2 $@.tmp) $$(od -An -tu1 -j3 -N1 $@.tmp)" = " 36 04   16" || \
		{ echo "$<: not a PSF1 font of 16 lines" >&2; exit 1; }
	@mv $@.tmp $@
$(B)/obj/arch/x86/font.asm.o: $(B)/font.psf

# Linked twice: the names of its functions are known after the first time.
LINK = $(CC) $(KFLAGS) $(LTO) -nostdlib -static -no-pie -Wl,-T,arch/x86/mullion.lds -Wl,--gc-sections \
	-Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-z,noexecstack $(KOBJ) -o

$(B)/mullion.elf: $(KOBJ) arch/x86/mullion.lds tools/symbols.py
	$(Q)echo '  LD  $@'; mkdir -p $(B)/gen; $(LINK) $(B)/gen/nameless.elf -Wl,--unresolved-symbols=ignore-all && \
		$(NM) -n -S --defined-only $(B)/gen/nameless.elf | tools/symbols.py >$(B)/gen/symbols.asm && \
		$(NASM) -f elf64 -o $(B)/gen/symbols.o $(B)/gen/symbols.asm && $(LINK) $@ $(B)/gen/symbols.o

clean:
	rm -rf $(B)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

-include $(KOBJ:.o=.d)

# What the compiler calls by itself must be there when it has optimized the whole.
$(B)/obj/kernel/string.o: LTO :=
