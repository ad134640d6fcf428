# SPDX-License-Identifier: GPL-2.0
#
# ktap.awk: what one test printed, to lines of results:
#
#	ok|not ok|skip<TAB>TEST: DESCRIPTION[<TAB>REASON]
#
# Only test points that are not indented count: those below sum up in them. A plan that does not fit, or none at all,
# is a test point that failed.

function result(verdict, name, reason)
{
	print verdict "\t" test ": " name (reason == "" ? "" : "\t" reason)
}

{ sub(/[ \t\r]+$/, "") }

/^(K?TAP version) / { versions++ }

/^1\.\.[0-9]+/ {
	plans++
	planned = substr($1, 4) + 0
	if (planned == 0 && match($0, /# *SKIP/))
		why_none = substr($0, RSTART + RLENGTH + 1)
}

/^Bail out!/ { result("not ok", "KTAP", $0) }

/^(not )?ok [0-9]+/ {
	verdict = sub(/^not /, "") ? "not ok" : "ok"
	points++
	if ($2 + 0 != points)
		misnumbered = misnumbered ? misnumbered : $2
	sub(/^ok [0-9]+ *(- *)?/, "")
	reason = ""
	if (verdict == "ok" && match($0, / *# *SKIP */)) {
		verdict = "skip"
		reason = substr($0, RSTART + RLENGTH)
		$0 = substr($0, 1, RSTART - 1)
	}
	result(verdict, $0 == "" ? "point " points : $0, reason)
}

/^[ \t]+not ok / && !below { below = $0 }

END {
	if (versions != 1)
		result("not ok", "KTAP", versions ? versions " version lines instead of one" : "no KTAP version line")
	else if (plans != 1)
		result("not ok", "KTAP", plans ? plans " plans instead of one" : "no plan")
	else if (planned != points + 0)
		result("not ok", "KTAP", "the plan says " planned ", and there are " points + 0 " results")
	else if (misnumbered)
		result("not ok", "KTAP", "test point " misnumbered " is out of order")
	if (below)
		result("not ok", "KTAP", "a test below failed: " below)
	if (why_none != "")
		result("skip", "all of it", why_none)
}
