/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FADT, MADT, SSDT, MCFG (ACPI 6.4, 5.2.7). */
                           Signature : "RSDT"
                        Table Length : 00000000
                            Revision : 01
                            Checksum : 00
                              Oem ID : "MULLN"
                        Oem Table ID : "MULLION"
                        Oem Revision : 00000001
                     Asl Compiler ID : "MULL"
               Asl Compiler Revision : 00000001

              ACPI Table Address   0 : 000E0200
              ACPI Table Address   1 : 000E0400
              ACPI Table Address   2 : 000E0800
              ACPI Table Address   3 : 000E0600
