// SPDX-License-Identifier: GPL-2.0
/*
 * copy_pages() by the features of the host's CPU.
 */
#include <linux/instrumented.h>
#include <linux/mm.h>
#include <asm/cpufeature.h>

/**
 * copy_pages() - copy a contiguous run of pages by kernel virtual address.
 * @to: destination, page aligned
 * @from: source, page aligned, not overlapping the destination
 * @npages: number of pages, at least one
 *
 * The choices and the unrolled loop are those of x86; copy_pages() in
 * arch/x86/include/asm/page_64.h has the reasons. User-Mode Linux does not
 * patch alternatives, so every call tests one or two flags. They are those of
 * the host, read from its /proc/cpuinfo when this kernel started.
 *
 * Context: Any. Does not sleep.
 */
void copy_pages(void *to, const void *from, unsigned int npages)
{
	unsigned long len = npages * PAGE_SIZE;

	/* Report the accesses to KASAN, as the memcpy() in copy_page() does. */
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
