/* SPDX-License-Identifier: GPL-2.0 */
/* What lab/guest/mce.c, in the guest, and lab/host/mce-driver.py, on the host, say to each other. */
#ifndef LAB_MCE_H
#define LAB_MCE_H

/* The first argument of call_driver(). */
enum call {
	CALL_ARM = 1, /* direct map address of a line, its user address, enum poison, MCI_STATUS */
	CALL_DISARM,
	CALL_REPORT, /* buffer for a line of text; returns the number of machine checks since CALL_ARM */
};

#define REPORT_SIZE 512
#define POISON_LEAD 256

enum poison {
	/* Every read of the line, until disarmed. */
	POISON_STICKY,
	/* The first read of it. */
	POISON_ONCE,
	/* Sticky, and reported for the first time when the copy is still POISON_LEAD bytes away. */
	POISON_EARLY,
	/* None in the source: in the destination, in the line after the copy of the given one, once. */
	POISON_DESTINATION,
};

static const char *const poison_names[] = { "sticky", "once", "early", "destination" };

#endif
