# SPDX-License-Identifier: GPL-2.0-or-later
# The guests' ACPI tables, compiled to the arrays of bytes that acpi_tables.c includes.

ACPI_TABLES := rsdp rsdt xsdt facs fadt madt mcfg ssdt dsdt

# -oi: 0 and 1 take as many bytes as other numbers, so that all processors do.
$(B)/gen/acpi/%.aml: kernel/load/acpi/%.asl
	@mkdir -p $(@D)
	iasl -oi -we -p $(@:.aml=) $< >$(@:.aml=.log) || { cat $(@:.aml=.log); exit 1; }

$(B)/gen/acpi.h: $(ACPI_TABLES:%=$(B)/gen/acpi/%.aml)
	for t in $(ACPI_TABLES); do echo "static const uint8_t acpi_$$t[] = {"; \
		od -An -v -tx1 $(B)/gen/acpi/$$t.aml | sed 's/[0-9a-f][0-9a-f]/0x&,/g'; \
		echo '};'; done >$@

$(B)/obj/kernel/load/acpi_tables.o $(B)/unit/test_acpi_tables/kernel/load/acpi_tables.o lint: \
	$(B)/gen/acpi.h
