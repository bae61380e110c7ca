# SPDX-License-Identifier: GPL-2.0-or-later
# `make lint`: every check keeps a stamp, so that only what changed is looked at again.

L := $(B)/lint
LINT_FILES := $(shell git ls-files -co --exclude-standard '*.c' '*.h' 2>/dev/null)
LINT_C := $(filter %.c,$(LINT_FILES))

# clang sees each file with the flags it is built with, less gcc's own.
lint_flags = $(filter-out -MMD -MP -W% -fno-tree-loop-distribute-patterns,$(1)) \
	-Wall -Wextra -Wno-unknown-warning-option
LINT_FLAGS_boot = $(call lint_flags,$(BOOT_CFLAGS))
LINT_FLAGS_guests = $(call lint_flags,$(GFLAGS))
LINT_FLAGS_guests32 = $(call lint_flags,$(G32FLAGS))
LINT_FLAGS_host = -std=gnu11 -I. -Wall -Wextra
LINT_FLAGS_hypervisor = $(call lint_flags,$(KFLAGS))
lint_kind = $(or $(if $(filter boot/%,$(1)),boot),$(if \
	$(filter tests/guest/pc/% $(CONFORM32:%=$(CONFORM)/%.c),$(1)),guests32),$(if $(filter guests/% tests/guest/%,$(1)),guests),$(if \
	$(filter tests/% tools/%,$(1)),host),hypervisor)

# The host's test code runs under sanitizers; that is check enough for it.
LINT_CODE := $(filter-out tests/unit/% tests/fuzz/%,$(LINT_C))
LINT_TIDY := $(LINT_CODE:%.c=$(L)/%.tidy)
LINT_FORMAT := $(LINT_FILES:%=$(L)/%.format)

.PHONY: lint lint-arrows lint-cppcheck
lint:
	@$(MAKE) $(PARALLEL) lint-arrows $(LINT_FORMAT) $(LINT_TIDY) lint-cppcheck
	@echo 'lint: $(words $(LINT_FILES)) files are clean'

lint-arrows:
	@tests/lint/arrows.py
	@tests/lint/lines.py

# Versions of clang-format differ in a few places: one decides, others only remark.
LINT_FORMAT_VERSION := 14
lint_formatter = $(shell clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
$(LINT_FORMAT): $(L)/%.format: % .clang-format
	@mkdir -p $(@D)
	@clang-format --dry-run -Werror $< 2>$@.log || { \
		[ '$(lint_formatter)' != $(LINT_FORMAT_VERSION) ] && \
		echo '$<: clang-format $(lint_formatter) would differ; $(LINT_FORMAT_VERSION) decides'; } || \
		{ head -3 $@.log; echo '$<: run clang-format -i on it'; exit 1; }
	@touch $@

$(LINT_TIDY): $(L)/%.tidy: %.c .clang-tidy
	@mkdir -p $(@D)
	@$(CC) $(LINT_FLAGS_$(call lint_kind,$<)) -MM -MP -MT $@ -MF $(@:.tidy=.d) $<
	@clang-tidy --quiet $< -- $(LINT_FLAGS_$(call lint_kind,$<)) 2>$(@:.tidy=.log) || \
		{ grep -v 'warnings\? generated\|^Suppressed\|^Use ' $(@:.tidy=.log); exit 1; }
	@touch $@

-include $(LINT_TIDY:.tidy=.d)

# It keeps its own record of what has not changed.
CPPCHECK := cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	--suppressions-list=tests/lint/cppcheck.txt --error-exitcode=1 --template=gcc -j 2 -I . \
	-D__STDC_HOSTED__=0 -D__x86_64__ -DHV_VERSION='""' \
	-DMULLION_VERSION='""' --cppcheck-build-dir=$(L)/cppcheck
lint-cppcheck:
	@mkdir -p $(L)/cppcheck
	@$(CPPCHECK) $(LINT_CODE)
