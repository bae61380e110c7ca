# SPDX-License-Identifier: GPL-2.0-or-later
# Paravirtual guests: the runtime, the demo guest, and the test kernels.

G := $(B)/guests
# As the runtime leaves the CPU: no FPU state is set up, memory is below 2 GiB.
GFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns $(WARN) -I. -MMD -MP

GRT_OBJ := $(patsubst %.c,$(G)/obj/%.o,$(wildcard guests/rt/*.c)) \
	$(patsubst %.asm,$(G)/obj/%.asm.o,$(wildcard guests/rt/*.asm))
GTESTS := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c))
GUEST_ELFS := $(G)/demo.elf $(GTESTS:%=$(G)/%.elf) $(G)/entry.elf $(G)/real.bin

.PHONY: guests
guests: $(GUEST_ELFS) $(G)/demo.img
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
	$(CC) -m32 $(filter-out -mcmodel=small -mno-red-zone -MMD -MP,$(GFLAGS)) -c $< -o $(G)/obj/tests/guest/pc/entry.o
	$(LD) -m elf_i386 -z noexecstack -T tests/guest/pc/pc.lds -o $@ \
		$(G)/obj/tests/guest/pc/start.o $(G)/obj/tests/guest/pc/entry.o

# A PC's 16-bit kernel, in the form of a bzImage.
$(G)/real.bin: tests/guest/pc/real.asm
	@mkdir -p $(@D)
	$(NASM) -f bin -w+error -o $@ $<

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
