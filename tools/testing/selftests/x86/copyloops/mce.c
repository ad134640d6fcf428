// SPDX-License-Identifier: GPL-2.0
/*
 * Machine checks for the C code in copy_mc.c. The linker's --wrap leads all of
 * its calls of the assembly to this file, which counts them and cuts short
 * those that would read poison.
 */

#include "harness.h"
#include "mce.h"

#ifdef __SANITIZE_ADDRESS__
/* kselftest preloads a library, which comes before a shared runtime then. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
#endif

struct poison poison;

/* The number of bytes that a primitive copies until poison stops it. */
static size_t until_poison(const char *from, size_t len, size_t unit)
{
	unsigned int i;
	size_t done;

	for (i = 0; i < 2; i++) {
		if (poison.at[i] < from || poison.at[i] >= from + len)
			continue;
		done = poison.at[i] - from;
		if (poison.transient[i])
			poison.at[i] = NULL;
		done -= done < poison.early ? done : poison.early;
		return done / unit * unit;
	}
	return len;
}

#ifdef CONFIG_X86_MCE
unsigned long __wrap_copy_mc_fragile(void *to, const void *from, unsigned int len)
{
	unsigned long done = until_poison(from, len, 1);

	records.calls[FRAGILE]++;
	return len - done + __real_copy_mc_fragile(to, from, done);
}
#endif

unsigned long __wrap_copy_mc_enhanced_fast_string(void *to, const void *from,
						  unsigned long len)
{
	unsigned long done = until_poison(from, len, 1);

	records.calls[ENHANCED_FAST_STRING]++;
	return len - done + __real_copy_mc_enhanced_fast_string(to, from, done);
}

unsigned long __wrap_copy_mc_fast_string(void *to, const void *from,
					 unsigned long len)
{
	unsigned long done = until_poison(from, len, 8);

	records.calls[FAST_STRING]++;
	return len - done + __real_copy_mc_fast_string(to, from, done);
}

/* It copies at least a line. */
unsigned long __wrap_copy_mc_nontemporal(void *to, const void *from,
					 unsigned long len)
{
	unsigned long done = until_poison(from, len, 64);

	records.calls[NONTEMPORAL]++;
	if (!done)
		return len;
	return len - done + __real_copy_mc_nontemporal(to, from, done);
}
