#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests, one stage after the other: run.sh BUILD MAKE... The last line adds them up.
build=$1
shift
passed=0 failed=0

# A stage that leaves no summary counts as one test: as passed when make says so.
stage()
{
	name=$1 summary=$2
	shift 2
	[ -z "$summary" ] || rm -f "$summary"
	echo "== $name"
	began=$(date +%s)
	p=0 f=0
	if "$@"; then
		p=1
	else
		f=1
	fi
	if [ -n "$summary" ] && [ -r "$summary" ]; then
		read -r _ p _ f <"$summary"
	fi
	passed=$((passed + p)) failed=$((failed + f))
	echo "== $name: $p passed, $f failed, $(($(date +%s) - began)) s"
}

# The packages are there now: a make of its own for each stage, as the first looked before that.
stage build '' "$@" all image
stage 'unit tests' "$build/unit/summary" "$@" unit
stage 'tool tests' "$build/tool-tests/summary" "$@" tool-tests
stage 'kept fuzz inputs' "$build/fuzz/summary" "$@" fuzz-replay
stage lint '' "$@" lint
stage 'whole-system boots' "$build/boot-tests/summary" "$@" boot-tests
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
