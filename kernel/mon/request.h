/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program's request: one line, one flat JSON object. Pure. */
#pragma once

#include "kernel/mon/line.h"

#define REQUEST_MAX 512u /* bytes of a line */

struct request {
	uint64_t id; /* 0: none was given */
	char command[LINE_SIZE];
};

/*
 * {"id":7,"command":"stats demo"}, and other keys, which do not matter. NULL,
 * or a sentence: what is wrong; then id is right as far as it was read.
 */
const char *request_parse(struct request *q, const char *text);
