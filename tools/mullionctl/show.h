/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON as people read it: tables, lines of key and value, bars. */
#ifndef MULLIONCTL_SHOW_H
#define MULLIONCTL_SHOW_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* Text of a guest may stand in it: no control character of that reaches the terminal. */
void show_text(FILE *out, const char *text);
/*
 * Arrays of objects become tables, objects lines of key and value, what is nested
 * is indented. "share" and "busy" (0 to 1), "…_percent" of these (0 to 100) become bars.
 */
void show(FILE *out, const cJSON *value);

#endif
