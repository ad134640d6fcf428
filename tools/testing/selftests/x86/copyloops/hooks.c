// SPDX-License-Identifier: GPL-2.0
/* The features, the static key and the hooks that copy_mc.c uses. */
#include <linux/instrumented.h>
#include <linux/jump_label.h>
#include <linux/printk.h>
#include <linux/uaccess.h>
#include <asm/cpufeatures.h>

#include "harness.h"
#include "mce.h"

bool has_X86_FEATURE_REP_GOOD, has_X86_FEATURE_ERMS, has_X86_FEATURE_SUCCOR;
bool recovers_kernel_reads;
int fragile_key;

struct records records;

static char *expected_to;
static const char *expected_from;

/* Counted by pr_warn_ratelimited() */
unsigned int messages;

void expect_copy(void *to, const void *from)
{
	expected_to = to;
	expected_from = from;
	records = (struct records){ 0 };
}

static void record(size_t *bytes, const char *to, const char *from, size_t n)
{
	if (!expected_to)
		return;
	if (to != expected_to + *bytes || from != expected_from + *bytes ||
	    n > PAGE)
		complain("hook called for something else");
	*bytes += n;
}

void instrument_memcpy_before(void *to, const void *from, unsigned long n)
{
	record(&records.before, to, from, n);
}

void instrument_memcpy_after(void *to, const void *from, unsigned long n,
			     unsigned long left)
{
	record(&records.after, to, from, n - left);
}

/* For the linker: copy_mc_to_user() refers to this, and no test calls that. */
unsigned long copy_user_generic(void *to, const void *from, unsigned long len)
{
	(void)to;
	(void)from;
	return len;
}
