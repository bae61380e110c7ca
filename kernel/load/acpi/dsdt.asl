/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of the PC that an unmodified guest sees. Processors are in an SSDT. */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "MULLN", "MULLION", 1)
{
	/* kernel/dev/acpi_pm.h: ACPI_SLP_TYP_S5 */
	Name (\_S5, Package () { 5, 5, 0, 0 })

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_BBN, 0)
			Name (_CRS, ResourceTemplate () {
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				IO (Decode16, 0xcf8, 0xcf8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0, 0xcf7, 0, 0xcf8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0xd00, 0xffff, 0, 0xf300)
				/* kernel/load/layout.h: the PCI memory window */
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite,
					0, 0xc0000000, 0xfeafffff, 0, 0x3eb00000)
			})
			/* INTA of slots 1 to 8 (kernel/load/layout.h: GUEST_PCI_PIN) */
			Name (_PRT, Package () {
				Package () { 0x0001ffff, 0, 0, 16 },
				Package () { 0x0002ffff, 0, 0, 17 },
				Package () { 0x0003ffff, 0, 0, 18 },
				Package () { 0x0004ffff, 0, 0, 19 },
				Package () { 0x0005ffff, 0, 0, 20 },
				Package () { 0x0006ffff, 0, 0, 21 },
				Package () { 0x0007ffff, 0, 0, 22 },
				Package () { 0x0008ffff, 0, 0, 23 }
			})
		}

		Device (PIC)
		{
			Name (_HID, EisaId ("PNP0000"))
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x20, 0x20, 1, 2)
				IO (Decode16, 0xa0, 0xa0, 1, 2)
				IO (Decode16, 0x4d0, 0x4d0, 1, 2)
				IRQNoFlags () { 2 }
			})
		}

		Device (TIMR)
		{
			Name (_HID, EisaId ("PNP0100"))
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x40, 0x40, 1, 4)
				IRQNoFlags () { 0 }
			})
		}

		Device (RTC)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x70, 0x70, 1, 2)
				IRQNoFlags () { 8 }
			})
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x3f8, 0x3f8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		/* What no other device claims: the ACPI registers and the PCI ECAM. */
		Device (SYSR)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x600, 0x600, 1, 12)
				Memory32Fixed (ReadWrite, 0xfeb00000, 0x100000)
			})
		}
	}
}
