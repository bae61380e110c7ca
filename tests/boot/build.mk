# SPDX-License-Identifier: GPL-2.0-or-later
# `make test`, and the tools' tests and whole-system boots in it.
#
## make test       unit tests, tools, lint, whole-system boots; ends with `N passed, N failed`
## make tool-tests mullionctl and the launcher's part of it, against a monitor that pretends
## make boot-tests whole-system boots in QEMU and Bochs, two at a time
##   T='svm and not bochs'   only those that pytest -k chooses (make test T=...: the same)
##   JOBS=1        one at a time (TESTARGS: more arguments for pytest)
## make suites SUITES=DIRECTORY   kvm-unit-tests, built there: each *.flat as a guest and on the
##   bare emulator (SUITEARGS='--vendor intel --only "^smap"'; docs/guests.md)

T :=
SUITES :=
SUITEARGS :=
JOBS := 2
TESTARGS :=
# Debian's own, as its packages hold pytest: another one may come first in PATH.
BOOT_PYTHON := $(firstword $(wildcard /usr/bin/python3) $(PYTHON))

.PHONY: test tool-tests boot-tests suites
test: deps
ifeq ($(T),)
	+@tests/run.sh $(B) $(MAKE) --no-print-directory DEPS=no
else
	+@$(MAKE) --no-print-directory DEPS=no boot-tests
endif

tool-tests: deps
	+@$(MAKE) --no-print-directory DEPS=no ctl
	@B=$(B) $(BOOT_PYTHON) -B -m pytest -p no:cacheprovider --no-header -q --tb=short tests/tools

boot-tests: deps
	+@$(MAKE) --no-print-directory DEPS=no all image $(B)/floor/BOOTX64.EFI linux-guest debian-guest memtest-guest \
		installer-guest linux32-guest FLAVOUR='cloud-amd64 amd64'
	@B=$(B) $(BOOT_PYTHON) -B -m pytest -p no:cacheprovider --no-header -v --tb=short -n $(JOBS) \
		--durations=0 --durations-min=1 -k '$(T)' $(TESTARGS) tests/boot

suites: deps
	+@$(MAKE) --no-print-directory DEPS=no image
	@B=$(B) $(BOOT_PYTHON) -B tests/boot/suites.py $(SUITEARGS) $(SUITES)
