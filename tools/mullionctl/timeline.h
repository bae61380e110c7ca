/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trace entries of the monitor into a timeline in Chrome's trace format, which Perfetto opens. */
#ifndef MULLIONCTL_TIMELINE_H
#define MULLIONCTL_TIMELINE_H

#include <cjson/cJSON.h>
#include <stdio.h>

struct timeline;

struct timeline *timeline_new(void);
void timeline_free(struct timeline *t);
/* The result of `version`: cores, names, tsc_hz. -1: it has no tsc_hz. */
int timeline_version(struct timeline *t, const cJSON *version);
/* The result of a `trace read` of a core; how many entries it had. -1: it is none. */
int timeline_add(struct timeline *t, unsigned core, const cJSON *answer);
unsigned long timeline_entries(const struct timeline *t);
unsigned long timeline_lost(const struct timeline *t);
void timeline_write(struct timeline *t, FILE *out);

#endif
