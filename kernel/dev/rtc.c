/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MC146818: calendar computed from the clock, alarm and periodic interrupt, CMOS memory. */
#include "kernel/dev/rtc.h"

#include "kernel/date.h"

#define NS_PER_S 1000000000u
#define DAY      86400u
#define CRYSTAL  32768u

enum {
	REG_SECONDS,
	REG_SECONDS_ALARM,
	REG_MINUTES,
	REG_MINUTES_ALARM,
	REG_HOURS,
	REG_HOURS_ALARM,
	REG_WEEKDAY,
	REG_DAY,
	REG_MONTH,
	REG_YEAR,
	REG_A,
	REG_B,
	REG_C,
	REG_D,
};

#define A_UIP  0x80u
#define A_RATE 0x0fu

#define B_SET 0x80u
#define B_PIE 0x40u
#define B_AIE 0x20u
#define B_UIE 0x10u
#define B_BIN 0x04u
#define B_24H 0x02u

#define C_IRQF 0x80u /* PF, AF and UF are where B has PIE, AIE and UIE */

#define D_VALID 0x80u

#define UIP_NS 244141u /* UIP rises that long before an update (data sheet, t_BUC) */

/* The divider chain is held at reset: time stands, and starts half a second before an update. */
static bool divider_reset(const struct rtc *r)
{
	return (r->cmos[REG_A] & 0x60) == 0x60;
}

static bool stopped(const struct rtc *r)
{
	return (r->cmos[REG_B] & B_SET) || divider_reset(r);
}

static uint64_t utc(const struct rtc *r, uint64_t now)
{
	return r->base + now;
}

static uint8_t encode(const struct rtc *r, unsigned v)
{
	return (uint8_t)(r->cmos[REG_B] & B_BIN ? v : v / 10 << 4 | v % 10);
}

static unsigned decode(const struct rtc *r, unsigned v)
{
	return r->cmos[REG_B] & B_BIN ? v : (v >> 4) * 10 + (v & 15);
}

static uint8_t encode_hour(const struct rtc *r, unsigned h)
{
	if (r->cmos[REG_B] & B_24H)
		return encode(r, h);
	return (uint8_t)(encode(r, h % 12 ? h % 12 : 12) | (h >= 12 ? 0x80 : 0));
}

/* 24 or more when it is not an hour. */
static unsigned decode_hour(const struct rtc *r, uint8_t v)
{
	unsigned h = decode(r, v & 0x7f);

	if (r->cmos[REG_B] & B_24H)
		return decode(r, v);
	if (h < 1 || h > 12)
		return DAY;
	return h % 12 + (v & 0x80 ? 12 : 0);
}

/* The way back from date_days(): here, too, years begin in March. */
static void date_from(uint64_t days, unsigned *y, unsigned *m, unsigned *d)
{
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*d = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*m = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*y = (unsigned)(yoe + era * 400 + (*m <= 2));
}

/* Puts time and date where the guest reads them. */
static void freeze(struct rtc *r, uint64_t now)
{
	uint64_t seconds = utc(r, now) / NS_PER_S, days = seconds / DAY;
	unsigned tod = (unsigned)(seconds % DAY), y, m, d;

	date_from(days, &y, &m, &d);
	r->cmos[REG_SECONDS] = encode(r, tod % 60);
	r->cmos[REG_MINUTES] = encode(r, tod / 60 % 60);
	r->cmos[REG_HOURS] = encode_hour(r, tod / 3600);
	/* Sunday is 1; 1970 began on a Thursday. */
	r->cmos[REG_WEEKDAY] = encode(r, (unsigned)((days + 4) % 7 + 1));
	r->cmos[REG_DAY] = encode(r, d);
	r->cmos[REG_MONTH] = encode(r, m);
	r->cmos[REG_YEAR] = encode(r, y % 100);
	r->cmos[RTC_CENTURY] = encode(r, y / 100);
}

/* The clock goes on from what stands in the registers; what is no date becomes one near it. */
static void thaw(struct rtc *r, uint64_t now, uint64_t phase)
{
	uint64_t year = decode(r, r->cmos[RTC_CENTURY]) * 100ull + decode(r, r->cmos[REG_YEAR]);
	uint64_t month = decode(r, r->cmos[REG_MONTH]), day = decode(r, r->cmos[REG_DAY]);

	year = year < 1970 ? 1970 : min_u64(year, 2500);
	month = month < 1 ? 1 : min_u64(month, 12);
	uint64_t seconds = date_days(year, month, max_u64(day, 1)) * DAY;
	seconds += decode_hour(r, r->cmos[REG_HOURS]) % 24 * 3600ull;
	seconds += decode(r, r->cmos[REG_MINUTES]) * 60ull + decode(r, r->cmos[REG_SECONDS]);
	r->base = seconds * NS_PER_S + phase - now;
	r->seen = now;
}

#define ANY UINT32_MAX

/* What a part of the time must be for the alarm; 11xxxxxx is any. */
static unsigned wanted_part(uint8_t alarm, unsigned v)
{
	return (alarm & 0xc0) == 0xc0 ? ANY : v;
}

/* The first second after `after` (UTC) at which the alarm goes off; UINT64_MAX: none. */
static uint64_t next_alarm(const struct rtc *r, uint64_t after)
{
	const uint8_t *reg = r->cmos;
	unsigned ws = wanted_part(reg[REG_SECONDS_ALARM], decode(r, reg[REG_SECONDS_ALARM]));
	unsigned wm = wanted_part(reg[REG_MINUTES_ALARM], decode(r, reg[REG_MINUTES_ALARM]));
	unsigned wh = wanted_part(reg[REG_HOURS_ALARM], decode_hour(r, reg[REG_HOURS_ALARM]));
	uint64_t t = after + 1, end = after + 2 * DAY;

	if ((ws != ANY && ws > 59) || (wm != ANY && wm > 59))
		return UINT64_MAX;
	/* Hours and minutes that do not match are passed over whole: some 200 steps at most. */
	while (t < end) {
		if (wh != ANY && wh != t / 3600 % 24)
			t += 3600 - t % 3600;
		else if (wm != ANY && wm != t / 60 % 60)
			t += 60 - t % 60;
		else if (ws != ANY && ws != t % 60)
			t++;
		else
			return t;
	}
	return UINT64_MAX;
}

/* 0: the periodic interrupt is off; else periods last 2^(result - 1) crystal ticks. */
static unsigned rate(const struct rtc *r)
{
	unsigned rs = r->cmos[REG_A] & A_RATE;

	return rs == 1 || rs == 2 ? rs + 7 : rs;
}

static uint64_t periods(const struct rtc *r, uint64_t now)
{
	return dev_ticks(now, CRYSTAL) >> (rate(r) - 1);
}

/* Sets the flags for what has happened since they were last settled. */
static void settle(struct rtc *r, uint64_t now)
{
	uint64_t before = utc(r, r->seen) / NS_PER_S, after = utc(r, now) / NS_PER_S;
	uint8_t *flags = &r->cmos[REG_C];

	if (!stopped(r) && after > before) {
		*flags |= B_UIE;
		if (next_alarm(r, before) <= after)
			*flags |= B_AIE;
	}
	if (!divider_reset(r) && rate(r) && periods(r, now) != periods(r, r->seen))
		*flags |= B_PIE;
	r->seen = now;
}

/* Interrupt line and deadline as registers B and C have it. A flag that stands needs no timer. */
static void update(struct rtc *r, uint64_t now)
{
	uint8_t b = r->cmos[REG_B], *c = &r->cmos[REG_C];
	uint8_t wanted = (uint8_t)(b & ~*c & (B_PIE | B_AIE | B_UIE));
	uint64_t t = utc(r, now), next = DEV_TIMER_NEVER;

	*c &= (uint8_t)~C_IRQF;
	if (b & *c)
		*c |= C_IRQF;
	dev_irq_set(&r->irq, *c & C_IRQF);

	if (!stopped(r) && (wanted & B_UIE))
		next = now + NS_PER_S - t % NS_PER_S;
	if (!stopped(r) && (wanted & B_AIE)) {
		uint64_t alarm = next_alarm(r, t / NS_PER_S);

		if (alarm != UINT64_MAX)
			next = min_u64(next, now + (alarm * NS_PER_S - t));
	}
	if (!divider_reset(r) && (wanted & B_PIE) && rate(r))
		next = min_u64(next, dev_ticks_ns((periods(r, now) + 1) << (rate(r) - 1), CRYSTAL));
	dev_timer_arm(r->timer, next);
}

void rtc_timer(void *rtc)
{
	struct rtc *r = rtc;
	uint64_t now = dev_now(r->timer);

	settle(r, now);
	update(r, now);
}

/* Time may be set, stop, or start again. */
static void write_data(struct rtc *r, unsigned reg, uint8_t v)
{
	uint64_t now = dev_now(r->timer), phase = utc(r, now) % NS_PER_S;
	bool ran = !stopped(r);

	settle(r, now);
	if (divider_reset(r))
		phase = NS_PER_S / 2;
	if (reg == REG_A)
		v &= (uint8_t)~A_UIP;
	else if (reg == REG_B && (v & B_SET)) /* SET takes UIE away */
		v &= (uint8_t)~B_UIE;
	/* Frozen with the old mode: a new one does not convert what stands there. */
	if (ran)
		freeze(r, now);
	if (reg != REG_C && reg != REG_D)
		r->cmos[reg] = v;
	if (ran && !stopped(r) && reg == REG_B)
		freeze(r, now); /* but nothing is lost when time runs on */
	if (!stopped(r))
		thaw(r, now, phase);
	update(r, now);
}

static uint8_t read_data(struct rtc *r, unsigned reg)
{
	uint64_t now = dev_now(r->timer);
	bool soon = utc(r, now) % NS_PER_S >= NS_PER_S - UIP_NS;

	if (!stopped(r))
		freeze(r, now);
	if (reg == REG_C)
		rtc_timer(r);
	uint8_t v = r->cmos[reg];
	if (reg == REG_C) {
		r->cmos[REG_C] = 0;
		update(r, now);
	}
	return reg == REG_A && soon && !stopped(r) ? v | A_UIP : v;
}

static uint8_t read_port(void *dev, unsigned port)
{
	struct rtc *r = dev;

	return port ? read_data(r, r->index) : 0xff; /* the index cannot be read */
}

static void write_port(void *dev, unsigned port, uint8_t v)
{
	struct rtc *r = dev;

	if (port)
		write_data(r, r->index, v);
	else
		r->index = v & 0x7f; /* bit 7 gates NMI */
}

static const struct io_ops rtc_ops = {.read8 = read_port, .write8 = write_port};

/* The places that PC firmware and bootloaders agree on. */
static void set_memory(struct rtc *r, uint64_t low, uint64_t high)
{
	uint64_t base = min_u64(low >> 10, 640), above_4g = min_u64(high >> 16, 0xffffff);
	uint64_t extended = low > MIB(1) ? min_u64((low - MIB(1)) >> 10, 0xffff) : 0;
	uint64_t above_16m = low > MIB(16) ? min_u64((low - MIB(16)) >> 16, 0xffff) : 0;
	uint16_t sum = 0;

	memcpy(&r->cmos[0x15], &base, 2);
	memcpy(&r->cmos[0x17], &extended, 2);
	memcpy(&r->cmos[0x30], &extended, 2);
	memcpy(&r->cmos[0x34], &above_16m, 2);
	memcpy(&r->cmos[0x5b], &above_4g, 3);
	for (unsigned i = 0x10; i < 0x2e; i++)
		sum = (uint16_t)(sum + r->cmos[i]);
	r->cmos[0x2e] = (uint8_t)(sum >> 8);
	r->cmos[0x2f] = (uint8_t)sum;
}

int rtc_init(struct rtc *r, struct iobus *ports, struct dev_timer *timer, struct dev_irq irq,
	     uint64_t epoch, uint64_t low, uint64_t high)
{
	*r = (struct rtc){.timer = timer, .irq = irq, .seen = dev_now(timer)};
	r->base = min_u64(epoch, 16725225600) * NS_PER_S; /* 2500-01-01 */
	r->cmos[REG_A] = 0x26;                            /* 32.768 kHz, 1024 Hz */
	r->cmos[REG_B] = B_24H;
	r->cmos[REG_D] = D_VALID;
	set_memory(r, low, high);
	return iobus_add(ports, RTC_PORT, 2, &rtc_ops, r);
}
