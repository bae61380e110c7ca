# SPDX-License-Identifier: GPL-2.0-or-later
# Host unit tests with sanitizers and coverage, and lint.
#
## make unit       build and run the host unit tests, print line coverage
## make build/unit/test_<module>.run   run one of them and show its output
## make decode-check N=100000000  the instruction decoder against Zydis, on so many random strings
##   SEED=1        on others
## make lint       clang-format, clang-tidy, cppcheck, include arrows

# For what runs many small jobs by a second make: as the first was told, or both cores.
PARALLEL = --no-print-directory -k $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j2)

UNIT := $(B)/unit
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
UNIT_COVERAGE := 85
UNIT_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
# Hosted, and not optimized: then coverage counts the lines that were written.
UNIT_CFLAGS := -std=gnu11 -g -O0 -fno-omit-frame-pointer -fno-strict-aliasing $(UNIT_SAN) \
	-Wall -Wextra -Werror -I. -idirafter /usr/include/efi -idirafter /usr/include/efi/x86_64 \
	-MMD -MP

.PHONY: unit
unit:
	@mkdir -p $(UNIT)
	@$(MAKE) $(PARALLEL) $(UNIT_TESTS:%=$(UNIT)/%.result) || true
	@tests/unit/summary.sh $(UNIT) $(UNIT_COVERAGE) $(UNIT_TESTS)

# Each test has its own objects, so that its coverage counts are its own too.
# $(1): test, $(2): the sources that its comment names, $(3): the libraries. A result goes
# before anything of it is built again, so that none survives a failed build.
define unit_test
$(UNIT)/$(1)/$(1): $(UNIT)/$(1)/tests/unit/$(1).o $(2:%.c=$(UNIT)/$(1)/%.o)
	$(Q)$(CC) $(UNIT_SAN) --coverage $$^ -lcmocka $(3) -o $$@

$(UNIT)/$(1)/tests/%.o: tests/%.c tests/build.mk
	@mkdir -p $$(@D) && rm -f $(UNIT)/$(1).result
	$(Q)$(CC) $(UNIT_CFLAGS) -c $$< -o $$@

$(UNIT)/$(1)/%.o: %.c tests/build.mk
	@mkdir -p $$(@D) && rm -f $(UNIT)/$(1).result
	$(Q)$(CC) $(UNIT_CFLAGS) --coverage -c $$< -o $$@

$(UNIT)/$(1).result: $(UNIT)/$(1)/$(1) tests/unit/run.sh
	@find $(UNIT)/$(1) -name '*.gcda' -delete
	@tests/unit/run.sh $(1) $$< $(UNIT)/$(1).log $$@

-include $(UNIT)/$(1)/tests/unit/$(1).d $(2:%.c=$(UNIT)/$(1)/%.d)
endef

unit_comment = $(shell sed -n 's,^/\* $(2): *\(.*[^ ]\) *\*/$$,\1,p' tests/unit/$(1).c)
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t),$(call unit_comment,$(t),sources),$(call \
	unit_comment,$(t),libraries))))

# What it reads beside its sources.
$(UNIT)/test_check.result: docs/configuration.md guests/mullion.conf

.PHONY: $(UNIT_TESTS:%=$(UNIT)/%.run)
$(UNIT_TESTS:%=$(UNIT)/%.run): $(UNIT)/%.run: $(UNIT)/%.result
	@cat $(UNIT)/$*.log
	@grep -q 'failed 0$$' $<

# The test with more strings than a unit test has the time for, and fast.
N := 100000000
SEED :=
.PHONY: decode-check
decode-check: deps
	+@$(MAKE) --no-print-directory DEPS=no $(B)/decode-check
	@$(B)/decode-check $(N) $(SEED)

$(B)/decode-check: tests/unit/test_decode_zydis.c $(wildcard arch/x86/decode*.[ch]) tests/build.mk
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -I. $(filter %.c,$^) -lcmocka -lZydis -o $@

include tests/lint/build.mk
include tests/boot/build.mk tests/bench/build.mk
include tests/fuzz/build.mk
