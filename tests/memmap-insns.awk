# SPDX-License-Identifier: GPL-2.0
#
# The table and the verdict of tests/memmap-insns. A row has the step and, after a tab, the case, its number of struct
# pages, and the numbers of instructions for ranges of once, twice and three times this number.

function column(text, width)
{
	return sprintf("%" width "s", text)
}

function each(step, kind)
{
	return more[step, kind] / pages[kind]
}

function table(	s, k, line)
{
	line = column("", 50)
	for (k = 1; k <= nr_kinds; k++)
		line = line column(kinds[k], 11)
	print "\nPer struct page, reference counts traced\n" line
	for (s = 1; s <= nr_steps; s++) {
		line = sprintf("%-50.50s", steps[s])
		for (k = 1; k <= nr_kinds; k++)
			line = line column(sprintf("%.2f", each(steps[s], kinds[k])), 11)
		print line
	}
}

# A few instructions per compound page are no difference: the smallest one has 128 struct pages.
function check_same(	s, k, difference)
{
	for (s = 2; s <= nr_steps; s++)
		for (k = 1; k <= nr_kinds; k++) {
			difference = each(steps[s], kinds[k]) - each(steps[1], kinds[k])
			if (difference < -0.1 || difference > 0.1)
				complain(sprintf("%s: %s: %.2f, and %.2f in %s", steps[s], kinds[k], each(steps[s], kinds[k]),
				                 each(steps[1], kinds[k]), steps[1]))
		}
}

function complain(what)
{
	print "# " what
	failed = 1
}

BEGIN {
	FS = "\t"
}

{
	split($2, field, " ")
	if (!seen_step[$1]++)
		steps[++nr_steps] = $1
	if (!seen_kind[field[1]]++)
		kinds[++nr_kinds] = field[1]
	pages[field[1]] = field[2]
	more[$1, field[1]] = field[4] - field[3]
}

END {
	if (nr_steps < 2)
		complain("nothing was counted")
	else if (want == "same")
		check_same()
	else
		table()
	exit failed
}
