# SPDX-License-Identifier: GPL-2.0-or-later
# Medians of bench.py beside their bars, the best peers and the floor; data, image, names: given.
set terminal pngcairo size 1200, 320 * words(names) font ",9"
set output image
set multiplot layout words(names), 1
set style data histogram
set style histogram clustered gap 1
set style fill solid border -1
set logscale y
set yrange [10:10000]
set ylabel "instructions"
set xtics rotate by -35 scale 0
set grid y
set key outside top center horizontal
do for [i = 0:words(names)-1] {
	set title word(names, i + 1)
	plot data index i using 2:xtic(1) title "median" linecolor rgb "#3465a4", \
		"" index i using 3 title "bar" linecolor rgb "#d3d7cf", \
		"" index i using 4 title "best peer" linecolor rgb "#f57900", \
		"" index i using 5 title "floor" with lines linecolor rgb "#cc0000"
}
