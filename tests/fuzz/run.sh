#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs fuzz targets: run.sh fuzz|replay|keep DIR SECONDS TARGET... Inputs are kept as
# tests/fuzz/corpus/TARGET.tar.xz; what is found goes to DIR/corpus/TARGET, an input that
# fails to DIR/TARGET-crash-… (or -timeout-, -oom-).
verb=$1 dir=$2 seconds=$3
shift 3
kept=tests/fuzz/corpus
passed=0 failed=0

for t in "$@"; do
	found=$dir/corpus/$t log=$dir/$t.log
	mkdir -p "$found"
	if [ -e "$kept/$t.tar.xz" ]; then
		tar -xJf "$kept/$t.tar.xz" -C "$found" || exit 1
	fi
	case $verb in
	fuzz)
		printf '%-14s %s s, from %s inputs ... ' "$t" "$seconds" "$(find "$found" -type f | wc -l)"
		"$dir/$t" -max_total_time="$seconds" -timeout=10 -max_len=65536 -print_final_stats=1 \
			-artifact_prefix="$dir/$t-" "$found" >"$log" 2>&1
		status=$?
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		;;
	replay)
		printf '%-14s ' "$t"
		find "$found" -type f | xargs -r "$dir/$t.replay" >"$log" 2>&1
		status=$?
		runs=$(find "$found" -type f | wc -l)
		;;
	keep)
		printf '%-14s ' "$t"
		rm -rf "$dir/keep" && mkdir -p "$dir/keep" "$kept"
		"$dir/$t" -merge=1 -max_len=65536 "$dir/keep" "$found" >"$log" 2>&1
		status=$?
		tar -cJf "$kept/$t.tar.xz" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
			-C "$dir/keep" .
		runs=$(find "$dir/keep" -type f | wc -l)
		;;
	esac
	if [ "$status" -eq 0 ]; then
		echo "$runs inputs, no finding"
		passed=$((passed + 1))
	else
		echo "FAILED; the end of $log:"
		tail -n 15 "$log"
		failed=$((failed + 1))
	fi
done
echo "passed $passed failed $failed" | tee "$dir/summary"
[ "$failed" -eq 0 ]
