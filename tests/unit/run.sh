#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one unit test: run.sh NAME PROGRAM LOG RESULT. Its failures go into RESULT
# ("passed N failed M"), so that the other tests still run.
name=$1 program=$2 log=$3 result=$4

export CMOCKA_MESSAGE_OUTPUT=TAP ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
timeout 120 "$program" >"$log" 2>&1
rc=$?
passed=$(grep -c '^ok ' "$log")
failed=$(grep -c '^not ok ' "$log")
# Died without telling which test it was: a sanitizer's report, a crash, the time limit.
if [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then
	failed=1
	echo "# $name ended with status $rc" >>"$log"
fi
if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then
	failed=1
	echo "# $name ran no test" >>"$log"
fi
[ "$failed" -eq 0 ] || cat "$log"
echo "$name passed $passed failed $failed"
echo "passed $passed failed $failed" >"$result"
