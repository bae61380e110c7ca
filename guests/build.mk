# SPDX-License-Identifier: GPL-2.0-or-later
# Paravirtual guests: the runtime, the demo guest, and the test kernels.

G := $(B)/guests
# As the runtime leaves the CPU: no FPU state is set up, memory is below 2 GiB.
GFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns $(WARN) -I. -MMD -MP

# 32-bit kernels for a PC.
G32FLAGS := -m32 $(filter-out -mcmodel=small -mno-red-zone -MMD -MP,$(GFLAGS))

GRT_OBJ := $(patsubst %.c,$(G)/obj/%.o,$(wildcard guests/rt/*.c)) \
	$(patsubst %.asm,$(G)/obj/%.asm.o,$(wildcard guests/rt/*.asm))
GTESTS := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c))
GUEST_ELFS := $(G)/demo.elf $(GTESTS:%=$(G)/%.elf) $(G)/entry.elf $(G)/real.bin

.PHONY: guests conform
guests: $(GUEST_ELFS) conform $(G)/bench/exits.elf $(G)/bench/pv.elf $(G)/demo.img
all: guests

$(G)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(GFLAGS) -c $< -o $@

$(G)/obj/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g -F dwarf -w+error -I. -MD $(@:.o=.d) -o $@ $<

define guest_link
	@mkdir -p $(@D)
	$(CC) -nostdlib -static -no-pie -Wl,-T,guests/guest.lds -Wl,--build-id=none \
		-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -o $@ $(filter %.o,$^)
endef

$(G)/demo.elf: $(patsubst %.c,$(G)/obj/%.o,$(wildcard guests/demo/*.c)) $(GRT_OBJ) guests/guest.lds
	$(guest_link)

# A test kernel is one file; the hostile guest has a directory of parts besides.
$(G)/hostile.elf: $(patsubst %.c,$(G)/obj/%.o,$(wildcard tests/guest/hostile/*.c))
$(GTESTS:%=$(G)/%.elf): $(G)/%.elf: $(G)/obj/tests/guest/%.o $(GRT_OBJ) guests/guest.lds
	$(guest_link)

# A 32-bit kernel for a PC, entered by multiboot or PVH.
$(G)/entry.elf: tests/guest/pc/entry.c tests/guest/pc/start.asm tests/guest/pc/pc.lds
	@mkdir -p $(G)/obj/tests/guest/pc
	$(NASM) -f elf32 -w+error -o $(G)/obj/tests/guest/pc/start.o tests/guest/pc/start.asm
	$(CC) $(G32FLAGS) -c $< -o $(G)/obj/tests/guest/pc/entry.o
	$(LD) -m elf_i386 -z noexecstack -T tests/guest/pc/pc.lds -o $@ \
		$(G)/obj/tests/guest/pc/start.o $(G)/obj/tests/guest/pc/entry.o

# A PC's 16-bit kernel, in the form of a bzImage.
$(G)/real.bin: tests/guest/pc/real.asm
	@mkdir -p $(@D)
	$(NASM) -f bin -w+error -o $@ $<

# Conformance guests: kernels for a PC of one file each and a runtime; as QEMU's -kernel takes
# them, even those of 64 bits are 32-bit ELF files.
CONFORM := tests/guest/conform
CONFORM_ALL := $(patsubst $(CONFORM)/%.c,%,$(wildcard $(CONFORM)/*.c))
CONFORM32 := $(filter paging32 segments task,$(CONFORM_ALL))
CONFORM64 := $(filter-out rt $(CONFORM32),$(CONFORM_ALL))
CONFORM_ELFS := $(CONFORM64:%=$(G)/conform/%.elf) $(CONFORM32:%=$(G)/conform/%.elf)

$(G)/conform/%.o32: $(CONFORM)/%.c $(CONFORM)/conform.h
	@mkdir -p $(@D)
	$(CC) $(G32FLAGS) -c $< -o $@

$(G)/conform/start.o32: $(CONFORM)/start.asm
	@mkdir -p $(@D)
	$(NASM) -f elf32 -w+error -o $@ $<

$(G)/conform/start.o64: $(CONFORM)/start.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -DLONG -w+error -o $@ $<

$(CONFORM32:%=$(G)/conform/%.elf): $(G)/conform/%.elf: $(G)/conform/%.o32 $(G)/conform/rt.o32 \
		$(G)/conform/start.o32 $(CONFORM)/conform.lds
	$(LD) -m elf_i386 -z noexecstack --no-warn-rwx-segments -T $(CONFORM)/conform.lds -o $@ $(filter %.o32,$^)

$(CONFORM64:%=$(G)/conform/%.elf): $(G)/conform/%.elf: $(G)/obj/$(CONFORM)/%.o $(G)/obj/$(CONFORM)/rt.o \
		$(G)/conform/start.o64 $(CONFORM)/conform.lds
	$(LD) -m elf_x86_64 -z noexecstack --no-warn-rwx-segments -T $(CONFORM)/conform.lds -o $@.64 $(filter %.o %.o64,$^)
	$(OBJCOPY) -O elf32-i386 $@.64 $@

conform: $(CONFORM_ELFS)

# The benchmark's guests have the same runtimes.
$(G)/bench/exits.elf: $(G)/obj/tests/guest/bench/exits.o $(G)/obj/tests/guest/bench/blk.o $(G)/obj/$(CONFORM)/rt.o \
		$(G)/conform/start.o64 $(CONFORM)/conform.lds
	@mkdir -p $(@D)
	$(LD) -m elf_x86_64 -z noexecstack --no-warn-rwx-segments -T $(CONFORM)/conform.lds -o $@.64 $(filter %.o %.o64,$^)
	$(OBJCOPY) -O elf32-i386 $@.64 $@
$(G)/bench/pv.elf: $(G)/obj/tests/guest/bench/pv.o $(GRT_OBJ) guests/guest.lds
	$(guest_link)

# 1 MiB, the same on every build: the demo guest tests it and puts it back.
$(G)/demo.img: guests/build.mk
	@mkdir -p $(@D)
	yes 'Mullion demo disk.' | head -c 1048576 > $@

# What goes onto the boot volume, as destination=source (tools/mkimage).
GUEST_FILES += '\mullion\mullion.conf=guests/mullion.conf' '\mullion\demo.elf=$(G)/demo.elf' \
	'\mullion\demo.img=$(G)/demo.img'

-include $(wildcard $(G)/obj/guests/*/*.d $(G)/obj/tests/guest/*.d $(G)/obj/tests/guest/*/*.d)
-include guests/linux/build.mk
-include guests/debian/build.mk
-include guests/memtest/build.mk
-include guests/installer/build.mk
-include guests/linux32/build.mk
