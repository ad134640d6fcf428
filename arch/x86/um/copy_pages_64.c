// SPDX-License-Identifier: GPL-2.0
/*
 * copy_pages() by what the host's CPU is good at.
 */
#include <linux/export.h>
#include <linux/instrumented.h>
#include <linux/mm.h>
#include <asm/cpufeature.h>

/**
 * copy_pages() - copy a contiguous run of pages by kernel virtual address.
 * @to: destination, page aligned
 * @from: source, page aligned, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * The choices are those of x86, which has the arguments for them, and so is
 * the unrolled loop. User-Mode Linux does not patch alternatives, so it has to
 * choose every time: that is two tests of a bit. The flags are those of the
 * host, as its /proc/cpuinfo had them when this kernel started.
 *
 * Context: Any. Does not sleep.
 */
void copy_pages(void *to, const void *from, unsigned int npages)
{
	unsigned long len = npages * PAGE_SIZE;

	/* Let KASAN see as much as it sees of the memcpy() in copy_page(). */
	instrument_memcpy_before(to, from, len);

	if (boot_cpu_has(X86_FEATURE_ERMS)) {
		asm volatile("rep movsb"
				: "+c" (len), "+D" (to), "+S" (from) : : "memory");
	} else if (boot_cpu_has(X86_FEATURE_REP_GOOD)) {
		len /= sizeof(u64);
		asm volatile("rep movsq"
				: "+c" (len), "+D" (to), "+S" (from) : : "memory");
	} else {
		__copy_pages_unrolled(to, from, 0, len);
	}
}
EXPORT_SYMBOL(copy_pages);
