# SPDX-License-Identifier: GPL-2.0
#
# The tables and the verdicts of tests/memmap-insns. A row has the step and, after a tab, CPU class, case, the case's
# number of struct pages, and the numbers of instructions for ranges of once, twice and three times this number.

function column(text, width)
{
	return sprintf("%" width "s", text)
}

# The number of pages that REP copies. REP MOVSB takes 4096 - 512 iterations per page more than REP MOVSQ.
function rep_pages(step, kind)
{
	if (!((step, "erms", kind) in more))
		return 0
	return int((more[step, "erms", kind] - more[step, "zen3", kind]) / 3584 + 0.5)
}

function raw(step, class, kind)
{
	return more[step, class, kind] / pages[kind]
}

function net(step, class, kind)
{
	return (more[step, class, kind] - rep_pages(step, kind) * iterations[class]) / pages[kind]
}

function number(value)
{
	return sprintf(value < 1 ? "%.3f" : "%.2f", value)
}

function table(title, class, is_net,	s, k, line)
{
	print "\n" title
	line = column("", 50)
	for (k = 1; k <= nr_kinds; k++)
		line = line column(kinds[k], 11)
	print line
	for (s = 1; s <= nr_steps; s++) {
		if (!((steps[s], class, kinds[1]) in more))
			continue
		line = sprintf("%-50.50s", steps[s])
		for (k = 1; k <= nr_kinds; k++)
			line = line column(number(is_net ? net(steps[s], class, kinds[k]) : raw(steps[s], class, kinds[k])), 11)
		print line
	}
}

function gains(	k, line)
{
	line = sprintf("%-50s", "times fewer than v7.3")
	for (k = 1; k <= nr_kinds; k++)
		line = line column(sprintf("%.1f", net(steps[1], "zen3", kinds[k]) / net(last, "zen3", kinds[k])), 11)
	print line
}

# Instructions that do not depend on the size of the range. They are exact to within a few, because the cost of a probe
# depends on the instruction under the probe.
function once(	k, line)
{
	print "\nOnce for each range"
	line = sprintf("%-50s", steps[1])
	for (k = 1; k <= nr_kinds; k++)
		line = line column(base[steps[1], kinds[k]], 11)
	print line
	line = sprintf("%-50.50s", last)
	for (k = 1; k <= nr_kinds; k++)
		line = line column(base[last, kinds[k]], 11)
	print line
}

function tables()
{
	table("Per struct page, a REP counted as one instruction (zen3)", "zen3", 1)
	gains()
	once()
	table("The same as QEMU counts it, every iteration of REP MOVSQ (zen3)", "zen3", 0)
	table("And of REP MOVSB (erms)", "erms", 0)
	table("Without REP, where the loop of __copy_pages_unrolled() copies (generic)", "generic", 0)
}

function complain(what)
{
	print "# " what
	failed = 1
}

function check_gain(	gain)
{
	gain = net(steps[1], "zen3", "4K") / net(last, "zen3", "4K")
	if (gain < 50)
		complain(sprintf("only %.1f times fewer than v7.3, 50 expected", gain))
}

# The instructions per struct page that a step may add. A few per compound page or section are no loss. The step that
# splits functions adds a call per tail page, until a later step copies tail pages.
function allowed(step)
{
	return step ~ /^mm: split helpers/ ? 5 : 0.1
}

function check_worse(	s, k, before, now)
{
	for (s = 2; s <= nr_steps; s++)
		for (k = 1; k <= nr_kinds; k++) {
			before = net(steps[s - 1], "zen3", kinds[k])
			now = net(steps[s], "zen3", kinds[k])
			if (kinds[k] !~ /altmap/ && now > before + allowed(steps[s]))
				complain(steps[s] ": " kinds[k] ": " number(before) " before, " number(now) " now")
		}
}

function check_altmap(	k)
{
	for (k = 1; k <= nr_kinds; k++)
		if (kinds[k] ~ /altmap/ && net(last, "zen3", kinds[k]) >= net(steps[1], "zen3", kinds[k]))
			complain(kinds[k] ": " number(net(last, "zen3", kinds[k])) ", not fewer than v7.3")
}

function check_classes(	s, k, difference)
{
	for (s = 1; s <= nr_steps; s++)
		for (k = 1; k <= nr_kinds; k++) {
			if (!((steps[s], "erms", kinds[k]) in more))
				continue
			difference = net(steps[s], "zen3", kinds[k]) - net(steps[s], "erms", kinds[k])
			if (difference < -0.01 || difference > 0.01)
				complain(steps[s] ": " kinds[k] ": zen3 " number(net(steps[s], "zen3", kinds[k])) ", erms " \
				         number(net(steps[s], "erms", kinds[k])))
		}
}

BEGIN {
	FS = "\t"
	iterations["zen3"] = 512
	iterations["erms"] = 4096
}

{
	split($2, field, " ")
	if (!seen_step[$1]++)
		steps[++nr_steps] = $1
	if (!seen_kind[field[2]]++)
		kinds[++nr_kinds] = field[2]
	pages[field[2]] = field[3]
	more[$1, field[1], field[2]] = field[5] - field[4]
	if (field[1] == "zen3")
		base[$1, field[2]] = 2 * field[4] - field[5]
	last = $1
}

END {
	if (!nr_steps)
		complain("nothing was counted")
	else if (want == "gain")
		check_gain()
	else if (want == "worse")
		check_worse()
	else if (want == "altmap")
		check_altmap()
	else if (want == "classes")
		check_classes()
	else
		tables()
	exit failed
}
