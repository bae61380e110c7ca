/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI Firmware 3.2, 4.1.2: the ECAM of bus 0 (kernel/load/layout.h: GUEST_ECAM). */
                           Signature : "MCFG"
                        Table Length : 00000000
                            Revision : 01
                            Checksum : 00
                              Oem ID : "MULLN"
                        Oem Table ID : "MULLION"
                        Oem Revision : 00000001
                     Asl Compiler ID : "MULL"
               Asl Compiler Revision : 00000001

                            Reserved : 0000000000000000

                        Base Address : 00000000FEB00000
                Segment Group Number : 0000
                    Start Bus Number : 00
                      End Bus Number : 00
                            Reserved : 00000000
