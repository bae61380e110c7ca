# SPDX-License-Identifier: GPL-2.0-or-later
# What exits cost.
#
## make bench      instructions of each kind of exit, in QEMU and in Bochs, and a plot; T='vmx': only there
## make bench-check  the same, and fails where a median is over 2 % worse than the kept one
## make bench-keep   keeps the medians (tests/bench/medians.json), and table and plot (docs/performance.*)
## make bench-size   what the hypervisor takes of memory, and to start a guest
## make bench-linux  Linux to its init as a guest, against the bare emulator

.PHONY: bench bench-check bench-keep bench-size bench-linux
bench bench-check bench-keep: deps
	+@$(MAKE) --no-print-directory DEPS=no all image $(B)/floor/BOOTX64.EFI
	@B=$(B) $(BOOT_PYTHON) -B tests/bench/bench.py $(patsubst bench-%,--%,$(filter-out bench,$@)) $(T)

bench-size: deps
	+@$(MAKE) --no-print-directory DEPS=no all image
	@B=$(B) $(BOOT_PYTHON) -B tests/bench/footprint.py

bench-linux: deps
	+@$(MAKE) --no-print-directory DEPS=no all image linux-guest
	@B=$(B) $(BOOT_PYTHON) -B tests/bench/linux.py

# The hypervisor whose way into a guest answers CPUID by itself: what nobody can go below.
ifndef FLOOR
.PHONY: $(B)/floor/BOOTX64.EFI
$(B)/floor/BOOTX64.EFI:
	+@$(MAKE) --no-print-directory B=$(B)/floor FLOOR=1 $@
endif
