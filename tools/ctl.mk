# SPDX-License-Identifier: GPL-2.0-or-later
# mullionctl: the host's side of the monitor on the second serial port.
#
## make ctl        build/mullionctl, which speaks to a running machine's monitor

CTL_OBJ := $(patsubst %.c,$(B)/host/%.o,$(wildcard tools/mullionctl/*.c))

.PHONY: ctl
ctl: $(B)/mullionctl
all: $(B)/mullionctl

$(B)/mullionctl: $(CTL_OBJ)
	$(Q)echo '  LD  $@'; $(CC) -o $@ $^ -lcjson -lm

$(CTL_OBJ): $(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(Q)echo '  CC  $<'; $(CC) -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP -c $< -o $@

-include $(CTL_OBJ:.o=.d)
