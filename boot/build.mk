# SPDX-License-Identifier: GPL-2.0-or-later
# The UEFI loader: build/BOOTX64.EFI.

# Debian has these directly under /usr/lib; others in gnuefi/ or a multiarch directory.
EFI_LIB_DIRS := /usr/lib /usr/lib/gnuefi /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/gnuefi \
	/usr/lib64/gnuefi /usr/lib64
efi_find = $(or $(firstword $(wildcard $(addsuffix /$(1),$(EFI_LIB_DIRS)))),/usr/lib/$(1))
EFI_CRT0 := $(call efi_find,crt0-efi-x86_64.o)
EFI_LDS := $(call efi_find,elf_x86_64_efi.lds)
EFI_RELOC := $(call efi_find,libgnuefi.a)

BOOT_CFLAGS := -std=gnu11 -O2 -ffreestanding -fpic -fshort-wchar -fvisibility=hidden \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common $(WARN) \
	-DGNU_EFI_USE_MS_ABI -DMULLION_VERSION='"$(VERSION)"' \
	-isystem /usr/include/efi -isystem /usr/include/efi/x86_64 -I. -MMD -MP
BOOT_SRC := $(wildcard boot/*.c) kernel/config.c kernel/config_key.c kernel/grant.c \
	kernel/words.c kernel/date.c kernel/print.c kernel/string.c kernel/survive.c \
	arch/x86/pt.c arch/x86/pt_host.c
BOOT_OBJ := $(BOOT_SRC:%.c=$(B)/boot/%.o) $(B)/boot/boot/start.asm.o $(B)/boot/boot/kernel.asm.o

all: $(B)/BOOTX64.EFI

$(B)/boot/%.o: %.c
	@mkdir -p $(@D)
	$(Q)echo '  CC  $<'; $(CC) $(BOOT_CFLAGS) -c $< -o $@

$(B)/boot/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(Q)echo '  ASM $<'; $(NASM) -f elf64 -w+error -DIMAGE='"$(B)/mullion.bin"' -o $@ $<

$(B)/mullion.bin: $(B)/mullion.elf
	$(Q)$(OBJCOPY) -O binary $< $@
$(B)/boot/boot/kernel.asm.o: $(B)/mullion.bin

# crt0 calls _entry of libefi since gnu-efi 3.0.18, and efi_main before: both are ours.
$(B)/boot/loader.so: $(BOOT_OBJ) $(EFI_CRT0) $(EFI_LDS) $(EFI_RELOC)
	$(Q)echo '  LD  $@'; $(LD) -nostdlib -shared -Bsymbolic -znocombreloc -znoexecstack --no-undefined --defsym=_entry=efi_main \
		-T $(EFI_LDS) $(EFI_CRT0) $(BOOT_OBJ) $(EFI_RELOC) -o $@

# The loader's PE header needs no time of its own: equal sources give equal files.
$(B)/BOOTX64.EFI: $(B)/boot/loader.so
	$(Q)echo '  EFI $@'; SOURCE_DATE_EPOCH=0 $(OBJCOPY) -j .text -j .sdata -j .data -j .rodata -j .dynamic \
		-j .dynsym -j '.rel' -j '.rela*' -j .reloc \
		--output-target=efi-app-x86_64 --subsystem=10 $< $@

-include $(BOOT_OBJ:.o=.d)
