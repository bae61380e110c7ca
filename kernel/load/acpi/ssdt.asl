/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processors, all in as many bytes: those that a VM does not have are cut off. */
DefinitionBlock ("ssdt.aml", "SSDT", 2, "MULLN", "MULLION", 1)
{
	Device (\_SB.CP00) { Name (_HID, "ACPI0007") Name (_UID, 0x00) }
	Device (\_SB.CP01) { Name (_HID, "ACPI0007") Name (_UID, 0x01) }
	Device (\_SB.CP02) { Name (_HID, "ACPI0007") Name (_UID, 0x02) }
	Device (\_SB.CP03) { Name (_HID, "ACPI0007") Name (_UID, 0x03) }
	Device (\_SB.CP04) { Name (_HID, "ACPI0007") Name (_UID, 0x04) }
	Device (\_SB.CP05) { Name (_HID, "ACPI0007") Name (_UID, 0x05) }
	Device (\_SB.CP06) { Name (_HID, "ACPI0007") Name (_UID, 0x06) }
	Device (\_SB.CP07) { Name (_HID, "ACPI0007") Name (_UID, 0x07) }
	Device (\_SB.CP08) { Name (_HID, "ACPI0007") Name (_UID, 0x08) }
	Device (\_SB.CP09) { Name (_HID, "ACPI0007") Name (_UID, 0x09) }
	Device (\_SB.CP0A) { Name (_HID, "ACPI0007") Name (_UID, 0x0a) }
	Device (\_SB.CP0B) { Name (_HID, "ACPI0007") Name (_UID, 0x0b) }
	Device (\_SB.CP0C) { Name (_HID, "ACPI0007") Name (_UID, 0x0c) }
	Device (\_SB.CP0D) { Name (_HID, "ACPI0007") Name (_UID, 0x0d) }
	Device (\_SB.CP0E) { Name (_HID, "ACPI0007") Name (_UID, 0x0e) }
	Device (\_SB.CP0F) { Name (_HID, "ACPI0007") Name (_UID, 0x0f) }
}
