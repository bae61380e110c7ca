# SPDX-License-Identifier: GPL-2.0-or-later
# The guests' DSDT, compiled to a list of bytes that acpi_tables.c includes.

$(B)/gen/dsdt.aml: kernel/load/dsdt.asl
	@mkdir -p $(@D)
	iasl -we -p $(@:.aml=) $< >$(@:.aml=.log) || { cat $(@:.aml=.log); exit 1; }

$(B)/gen/dsdt.h: $(B)/gen/dsdt.aml
	od -An -v -tx1 $< | sed 's/[0-9a-f][0-9a-f]/0x&,/g' >$@

$(B)/obj/kernel/load/acpi_tables.o $(B)/unit/test_acpi_tables/kernel/load/acpi_tables.o lint: \
	$(B)/gen/dsdt.h
