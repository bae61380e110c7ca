# SPDX-License-Identifier: GPL-2.0-or-later
# mullion-check: the parser of the configuration as a tool for the host.
#
## make check-tool  build/mullion-check, which judges and explains a mullion.conf

CHECK_SRC := tools/mullion-check.c kernel/config.c kernel/config_key.c kernel/grant.c \
	kernel/place.c kernel/words.c kernel/print.c
CHECK_OBJ := $(CHECK_SRC:%.c=$(B)/host/%.o)

.PHONY: check-tool
check-tool: $(B)/mullion-check

$(B)/mullion-check: $(CHECK_OBJ)
	$(CC) -o $@ $^

$(CHECK_OBJ): $(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP -c $< -o $@

-include $(CHECK_OBJ:.o=.d)
