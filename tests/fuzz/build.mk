# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzz targets: libFuzzer looks for new inputs, `make test` replays those that are kept.
#
## make fuzz       each fuzz target for TIME=60 seconds; T='config mon': only these two
## make fuzz-replay  the inputs that are kept (tests/fuzz/corpus) through each target
## make fuzz-keep    of all that was found, what is needed for the same coverage is kept there

FUZZ := $(B)/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_CHOSEN := $(or $(strip $(T)),$(FUZZ_TARGETS))
FUZZ_CFLAGS := -std=gnu11 -g -O1 -fno-sanitize-recover=all -I.
FUZZ_CC := clang
FUZZ_HEADERS := $(wildcard tests/fuzz/*.h kernel/*.h kernel/*/*.h arch/x86/*.h guests/include/*.h)
TIME := 60

.PHONY: fuzz fuzz-replay fuzz-keep
fuzz: deps
	+@$(MAKE) --no-print-directory DEPS=no $(FUZZ_CHOSEN:%=$(FUZZ)/%)
	@tests/fuzz/run.sh fuzz $(FUZZ) $(TIME) $(FUZZ_CHOSEN)

fuzz-replay:
	+@$(MAKE) $(PARALLEL) $(FUZZ_CHOSEN:%=$(FUZZ)/%.replay)
	@tests/fuzz/run.sh replay $(FUZZ) 0 $(FUZZ_CHOSEN)

fuzz-keep: $(FUZZ_CHOSEN:%=$(FUZZ)/%)
	@tests/fuzz/run.sh keep $(FUZZ) 0 $(FUZZ_CHOSEN)

fuzz_sources = $(shell sed -n 's,^/\* sources: *\(.*[^ ]\) *\*/$$,\1,p' tests/fuzz/fuzz_$(1).c)

# $(1): target, $(2): the sources that its comment names.
define fuzz_target
$(FUZZ)/$(1): tests/fuzz/fuzz_$(1).c $(2) $(FUZZ_HEADERS) tests/fuzz/build.mk
	@mkdir -p $$(@D)
	$(Q)echo '  FUZZ $(1)'; $(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined \
		$$(filter %.c,$$^) -o $$@

$(FUZZ)/$(1).replay: tests/fuzz/fuzz_$(1).c tests/fuzz/replay.c $(2) $(FUZZ_HEADERS) tests/fuzz/build.mk
	@mkdir -p $$(@D)
	$(Q)$(CC) $(FUZZ_CFLAGS) $(UNIT_SAN) $$(filter %.c,$$^) -o $$@
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t),$(call fuzz_sources,$(t)))))
