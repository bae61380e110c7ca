#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Sums up the unit tests: summary.sh DIR MIN_COVERAGE TEST... A test without a
# result did not build. Leaves "passed N failed M" in DIR/summary.
dir=$1 min=$2
shift 2
passed=0 failed=0
for t in "$@"; do
	if ! read -r _ p _ f 2>/dev/null <"$dir/$t.result"; then
		echo "$t: does not build"
		p=0 f=1
	elif [ "$f" -ne 0 ]; then
		echo "$t: $f failed, see $dir/$t.log"
	fi
	passed=$((passed + p)) failed=$((failed + f))
done

# What a test that is gone has left would be counted, too.
for d in "$dir"/test_*/; do
	[ -e "tests/unit/$(basename "$d").c" ] || rm -rf "$d"
done
# Line coverage of every file that a test names; the tests' own code does not count.
gcovr --root . --object-directory "$dir" --exclude 'tests/' --fail-under-line "$min" \
	--txt "$dir/coverage.txt" "$dir"
low=$?
awk '/^-+$/ || /^File/ || /^TOTAL/ || /%/ {
	if (/^-+$/) next
	printf "%-40s %6s %6s %6s\n", $1, $2, $3, $4 }' "$dir/coverage.txt"
if [ "$low" -ne 0 ]; then
	echo "coverage: below $min% of lines"
	failed=$((failed + 1))
else
	passed=$((passed + 1))
fi
echo "passed $passed failed $failed" | tee "$dir/summary"
[ "$failed" -eq 0 ]
