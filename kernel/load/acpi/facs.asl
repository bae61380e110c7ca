/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI 6.4, 5.2.10. */
                           Signature : "FACS"
                              Length : 00000040
                  Hardware Signature : 00000000
           32 Firmware Waking Vector : 00000000
                         Global Lock : 00000000
               Flags (decoded below) : 00000000
              S4BIOS Support Present : 0
          64-bit Wake Supported (V2) : 0
           64 Firmware Waking Vector : 0000000000000000
                             Version : 02
                            Reserved : 000000
           OspmFlags (decoded below) : 00000000
       64-bit Wake Env Required (V2) : 0
