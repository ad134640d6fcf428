# SPDX-License-Identifier: GPL-2.0
#
# ktap.awk: what one test printed, to lines of results:
#
#	ok|not ok|skip<TAB>TEST: DESCRIPTION[<TAB>REASON]
#
# A test point may have a KTAP of its own, indented and above the line that sums it up, as KUnit prints it. The points in
# there are results by the name SUM.DESCRIPTION, and the sum is none, unless it failed where they did not. Whatever else is
# indented is not counted, but none of it must have failed. A plan that does not fit is a test point that failed, and so is
# none at all, unless it is one further in, where KUnit prints none for the parameters of a case.

# At level 0 that is a result. Further in it waits for the name of its sum.
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

# What is known of this level belongs to a test point SUM of the one above. Returns how many of it failed.
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
