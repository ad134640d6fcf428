# SPDX-License-Identifier: GPL-2.0
#
# ktap.awk: turns the output of one test into lines of results:
#
#	ok|not ok|skip<TAB>TEST: DESCRIPTION[<TAB>REASON]
#
# A test point may have a KTAP of its own, indented and above its own line, which sums it up, as KUnit prints it. The
# points of this KTAP are results named SUM.DESCRIPTION. The summing point is no result, unless it failed and none of
# them did. Other indented lines are not counted, but fail the test if one of them is "not ok". A plan that does not fit
# is a failed test point. So is a missing plan, but only at the top: KUnit prints none for the parameters of a case.

# Prints a result of level 0. A result of a deeper level waits for the name of its summing point.
function result(verdict, name, reason)
{
	if (level == 0)
		print verdict "\t" test ": " name (reason == "" ? "" : "\t" reason)
	else
		kept[level, ++nr_kept[level]] = verdict "\t" name "\t" reason
	if (verdict == "not ok")
		failed[level]++
}

function open_level(column)
{
	indent[++level] = column
	versions[level] = plans[level] = points[level] = nr_kept[level] = failed[level] = 0
	misnumbered[level] = ""
}

function check_plan()
{
	if (versions[level] != 1)
		result("not ok", "KTAP", versions[level] ? versions[level] " version lines instead of one" : "no KTAP version line")
	else if (plans[level] > 1 || (!plans[level] && level == 0))
		result("not ok", "KTAP", plans[level] ? plans[level] " plans instead of one" : "no plan")
	else if (plans[level] && planned[level] != points[level])
		result("not ok", "KTAP", "the plan says " planned[level] ", and there are " points[level] " results")
	else if (misnumbered[level])
		result("not ok", "KTAP", "test point " misnumbered[level] " is out of order")
}

# Hands the results of this level to the test point SUM of the level above. Returns how many of them failed.
function close_level(sum,    i, part, inner)
{
	check_plan()
	inner = level--
	for (i = 1; i <= nr_kept[inner]; i++) {
		split(kept[inner, i], part, "\t")
		result(part[1], sum "." part[2], part[3])
	}
	return failed[inner]
}

function test_point(    verdict, number, reason, is_sum, failed_below)
{
	verdict = sub(/^not /, "") ? "not ok" : "ok"
	number = $2
	sub(/^ok [0-9]+ *(- *)?/, "")
	reason = ""
	if (verdict == "ok" && match($0, / *# *SKIP */)) {
		verdict = "skip"
		reason = substr($0, RSTART + RLENGTH)
		$0 = substr($0, 1, RSTART - 1)
	}
	for (; column < indent[level]; is_sum = 1)
		failed_below += close_level($0)
	points[level]++
	if (number + 0 != points[level] && !misnumbered[level])
		misnumbered[level] = number
	if (!is_sum || (verdict == "not ok" && !failed_below))
		result(verdict, $0 == "" ? "point " points[level] : $0, reason)
}

BEGIN {
	level = -1
	open_level(0)
}

{
	sub(/[ \t\r]+$/, "")
	match($0, /^[ \t]*/)
	column = RLENGTH
	$0 = substr($0, column + 1)
}

/^K?TAP version / && column > indent[level] { open_level(column) }

column > indent[level] {
	if (/^not ok / && !below)
		below = $0
	next
}

/^K?TAP version / { versions[level]++ }

/^1\.\.[0-9]+/ {
	plans[level]++
	planned[level] = substr($1, 4) + 0
	if (planned[level] == 0 && match($0, /# *SKIP/))
		why_none = substr($0, RSTART + RLENGTH + 1)
}

/^Bail out!/ { result("not ok", "KTAP", $0) }

/^(not )?ok [0-9]+/ { test_point() }

END {
	while (level > 0)
		close_level("(unfinished)")
	check_plan()
	if (below)
		result("not ok", "KTAP", "a test below failed: " below)
	if (why_none != "")
		result("skip", "all of it", why_none)
}
