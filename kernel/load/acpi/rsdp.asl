/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root pointer (ACPI 6.4, 5.2.5.3). */
                           Signature : "RSD PTR "
                            Checksum : 00
                              Oem ID : "MULLN"
                            Revision : 02
                        RSDT Address : 000E0040
                              Length : 00000024
                        XSDT Address : 00000000000E0080
                   Extended Checksum : 00
                            Reserved : 000000
