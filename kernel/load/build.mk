# SPDX-License-Identifier: GPL-2.0-or-later
# The guests' ACPI tables and BIOS, compiled to the arrays of bytes that C files include.

ACPI_TABLES := rsdp rsdt xsdt facs fadt madt mcfg ssdt dsdt

# -oi: 0 and 1 take as many bytes as other numbers, so that all processors do.
$(B)/gen/acpi/%.aml: kernel/load/acpi/%.asl
	@mkdir -p $(@D)
	iasl -oi -we -p $(@:.aml=) $< >$(@:.aml=.log) || { cat $(@:.aml=.log); exit 1; }

$(B)/gen/acpi.h: $(ACPI_TABLES:%=$(B)/gen/acpi/%.aml)
	for t in $(ACPI_TABLES); do echo "static const uint8_t acpi_$$t[] = {"; \
		od -An -v -tx1 $(B)/gen/acpi/$$t.aml | sed 's/[0-9a-f][0-9a-f]/0x&,/g'; \
		echo '};'; done >$@

$(B)/gen/bios.h: kernel/load/bios.asm
	@mkdir -p $(@D)
	$(NASM) -f bin -w+error -o $(@:.h=.bin) $<
	{ echo 'static const uint8_t bios[] = {'; \
		od -An -v -tx1 $(@:.h=.bin) | sed 's/[0-9a-f][0-9a-f]/0x&,/g'; echo '};'; } >$@

$(B)/obj/kernel/load/acpi_tables.o $(B)/unit/test_acpi_tables/kernel/load/acpi_tables.o lint: \
	$(B)/gen/acpi.h

$(B)/obj/kernel/load/bzimage.o $(patsubst %,$(B)/unit/test_%/kernel/load/bzimage.o,bzimage pc_load) \
	$(B)/fuzz/load $(B)/fuzz/load.replay lint: $(B)/gen/bios.h
