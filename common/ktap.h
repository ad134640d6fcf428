/* SPDX-License-Identifier: GPL-2.0 */
/* KTAP from a program: ktap_plan() first, then a ktap_point() for each test point. */
#ifndef COMMON_KTAP_H
#define COMMON_KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int ktap_nr, ktap_failed;

static inline void ktap_plan(int nr)
{
	printf("KTAP version 1\n1..%d\n", nr);
}

/* @format: the description of the point, as for printf() */
static inline void __attribute__((format(printf, 2, 3))) ktap_point(bool ok, const char *format, ...)
{
	va_list arguments;

	printf("%s %d ", ok ? "ok" : "not ok", ++ktap_nr);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	ktap_failed |= !ok;
}

#endif
