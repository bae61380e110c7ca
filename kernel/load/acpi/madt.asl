/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI 6.4, 5.2.12. There are 8259s; IRQ 0 is pin 2 of the I/O APIC; the SCI is level,
 * active high; LINT1 of every processor is NMI. Processors come last: those that a VM
 * does not have are cut off.
 */
                           Signature : "APIC"
                        Table Length : 00000000
                            Revision : 05
                            Checksum : 00
                              Oem ID : "MULLN"
                        Oem Table ID : "MULLION"
                        Oem Revision : 00000001
                     Asl Compiler ID : "MULL"
               Asl Compiler Revision : 00000001

                  Local Apic Address : FEE00000
               Flags (decoded below) : 00000001
                 PC-AT Compatibility : 1

                       Subtable Type : 01
                              Length : 0C
                         I/O Apic ID : 00
                            Reserved : 00
                             Address : FEC00000
                           Interrupt : 00000000

                       Subtable Type : 02
                              Length : 0A
                                 Bus : 00
                              Source : 00
                           Interrupt : 00000002
               Flags (decoded below) : 0000
                            Polarity : 0
                        Trigger Mode : 0

                       Subtable Type : 02
                              Length : 0A
                                 Bus : 00
                              Source : 09
                           Interrupt : 00000009
               Flags (decoded below) : 000D
                            Polarity : 1
                        Trigger Mode : 3

                       Subtable Type : 04
                              Length : 06
                        Processor ID : FF
               Flags (decoded below) : 0000
                            Polarity : 0
                        Trigger Mode : 0
                Interrupt Input LINT : 01

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 00
                       Local Apic ID : 00
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 01
                       Local Apic ID : 01
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 02
                       Local Apic ID : 02
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 03
                       Local Apic ID : 03
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 04
                       Local Apic ID : 04
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 05
                       Local Apic ID : 05
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 06
                       Local Apic ID : 06
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 07
                       Local Apic ID : 07
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 08
                       Local Apic ID : 08
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 09
                       Local Apic ID : 09
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 0A
                       Local Apic ID : 0A
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 0B
                       Local Apic ID : 0B
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 0C
                       Local Apic ID : 0C
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 0D
                       Local Apic ID : 0D
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 0E
                       Local Apic ID : 0E
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0

                       Subtable Type : 00
                              Length : 08
                        Processor ID : 0F
                       Local Apic ID : 0F
               Flags (decoded below) : 00000001
                   Processor Enabled : 1
              Runtime Online Capable : 0
