/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which local APICs a message is for, and its delivery to them (SDM 3A 10.6). */
#include "kernel/dev/lapic_impl.h"

static bool matches_logical(const struct lapic *l, uint32_t dest)
{
	uint32_t ldr = l->ldr >> 24;

	if (lapic_x2apic(l))
		return dest >> 16 == l->c.id >> 4 && (dest >> (l->c.id & 15) & 1);
	if (dest > 0xff)
		return false;
	if (l->dfr >> 28 == 0xf) /* flat model */
		return dest & ldr;
	if (l->dfr >> 28 == 0) /* cluster model */
		return dest >> 4 == ldr >> 4 && (dest & ldr & 0xf);
	return false;
}

bool lapic_matches(const struct lapic *l, const struct apic_msg *m)
{
	if (!lapic_enabled(l))
		return false;
	if (m->dest == (m->wide ? UINT32_MAX : 0xff))
		return true;
	return m->logical ? matches_logical(l, m->dest) : m->dest == l->c.id;
}

unsigned lapic_route(struct lapic *const *all, unsigned count, const struct apic_msg *m)
{
	struct lapic *best = NULL;
	unsigned taken = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!lapic_matches(all[i], m))
			continue;
		if (m->delivery != APIC_DM_LOWEST)
			taken += lapic_receive(all[i], m);
		else if (lapic_sw_enabled(all[i]) && (!best || lapic_ppr(all[i]) < lapic_ppr(best)))
			best = all[i];
	}
	if (best)
		taken = lapic_receive(best, m);
	return taken;
}

unsigned lapic_route_ipi(struct lapic *const *all, unsigned count, struct lapic *src, uint64_t icr)
{
	unsigned shorthand = icr >> 18 & 3, taken = 0;
	struct apic_msg m = {
		.dest = lapic_x2apic(src) ? (uint32_t)(icr >> 32) : (uint32_t)(icr >> 56),
		.logical = icr & BIT(11),
		.wide = lapic_x2apic(src),
		.delivery = icr >> 8 & 7,
		.vector = (uint8_t)icr,
	};

	/* INIT level de-assert does nothing since the Pentium 4 (SDM 3A 10.6.1). */
	if (m.delivery == APIC_DM_INIT && (icr & BIT(15)) && !(icr & BIT(14)))
		return 0;
	if (m.delivery <= APIC_DM_LOWEST && m.vector < 16) {
		lapic_error(src, ESR_SEND_VECTOR);
		return 0;
	}
	if (shorthand == 0)
		return lapic_route(all, count, &m);
	/* Nobody starts or stops itself (SDM 3A table 10-3). */
	if (shorthand != 3 && (m.delivery == APIC_DM_INIT || m.delivery == APIC_DM_SIPI))
		return 0;
	for (unsigned i = 0; i < count; i++)
		if (shorthand == 2 || (all[i] == src) == (shorthand == 1))
			taken += lapic_receive(all[i], &m);
	return taken;
}
