# SPDX-License-Identifier: GPL-2.0-or-later
# Packages, the disk image, and starting it in an emulator.
#
## make run        build and boot the image in QEMU (AMD-V)
##   VENDOR=intel|amd-bochs  in Bochs (VT-x, AMD-V)     CPUS=4  MEMORY=1024 (MiB)
##   ACCEL=kvm     in QEMU with KVM and nested virtualization
## make image      build/mullion.img, for an emulator or a USB stick
## make deps       install the Debian packages that are missing (DEPS=no: never)

CPUS := 4
MEMORY := 1024
ACCEL := tcg
VENDOR :=
DEPS := yes
IMAGE := $(B)/mullion.img

IMAGE_FILES = 'EFI/BOOT/BOOTX64.EFI=$(B)/BOOTX64.EFI' $(GUEST_FILES)
# The sources of words like 'destination=source', without the quotes.
image_sources = $(foreach f,$(subst ',,$(1)),$(lastword $(subst =, ,$(f))))

.PHONY: deps image run
deps:
ifneq ($(DEPS),no)
	@tools/install.sh
endif

# By a second make: what the first one looked for may only be there now.
image: deps
	@$(MAKE) --no-print-directory $(IMAGE)

run: image
	@tools/run.py $(VENDOR:%=--vendor %) --accel $(ACCEL) --cpus $(CPUS) --memory $(MEMORY) \
		--image $(IMAGE) --monitor $(B)/monitor.sock $(RUN_ARGS)

$(IMAGE): $(call image_sources,$(IMAGE_FILES)) tools/mkimage.py
	$(Q)echo '  IMG $@'; tools/mkimage.py $@ $(IMAGE_FILES)

include tools/check.mk tools/ctl.mk
