# SPDX-License-Identifier: GPL-2.0
#
# Looks at the loops of memmap_fill() in the output of objdump -d. Each of them, from the target of a jump back to the
# jump, must have -v words=N stores, or a multiple if the compiler has unrolled it, and neither loads nor calls.

function address(text)
{
	sub(":", "", text)
	return text
}

/^[0-9a-f]+ <.*>:$/ {
	inside = $2 == "<memmap_fill>:"
	next
}

inside && /^ +[0-9a-f]+:/ {
	line[++n] = $0
	at[address($1)] = n
	if ($2 ~ /^j/ && ($3 in at))
		check(at[$3], n)
}

function check(first, last,	i, stores, loads, calls)
{
	loops++
	for (i = first; i <= last; i++) {
		stores += line[i] ~ /[ \t]mov[a-z]* +(%[a-z0-9]+|\$[0-9a-fx]+),-?(0x[0-9a-f]+)?\(/
		loads += line[i] ~ /\(.*\),%[a-z0-9]+$/ && line[i] !~ /[ \t]lea/
		calls += line[i] ~ /[ \t](call|rep)/
	}
	if (calls)
		complaint = calls " calls"
	else if (loads)
		complaint = loads " loads"
	else if (!stores || stores % words)
		complaint = stores + 0 " stores, and struct page has " words " words"
}

END {
	if (!loops)
		complaint = "no loop"
	if (complaint)
		print "# " complaint
	exit complaint != ""
}
