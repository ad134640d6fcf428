/* SPDX-License-Identifier: GPL-2.0 */
/* The interface between lab/guest/mce.c in the guest and lab/host/mce-driver.py on the host. */
#ifndef LAB_MCE_H
#define LAB_MCE_H

/* The first argument of call_driver(). */
enum call {
	CALL_ARM = 1, /* takes: direct map address of a line, its user address, enum poison, MCI_STATUS */
	CALL_DISARM,
	CALL_REPORT, /* takes: buffer for a line of text; returns the machine checks since CALL_ARM */
	CALL_MODULE, /* takes: address of the text of folio_copy_live, whose functions the driver is to know */
};

#define REPORT_SIZE 512
#define POISON_LEAD 256

enum poison {
	/* Every read of the line raises a machine check, until disarmed. */
	POISON_STICKY,
	/* Only the first read of the line does. */
	POISON_ONCE,
	/* Like POISON_STICKY; the first machine check comes POISON_LEAD bytes ahead of the line. */
	POISON_EARLY,
	/* No read does, but the first access to the destination line after that of the given line. */
	POISON_DESTINATION,
};

static const char *const poison_names[] = { "sticky", "once", "early", "destination" };

#endif
