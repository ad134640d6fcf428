// SPDX-License-Identifier: GPL-2.0
/*
 * What is measured. copy_page(), __memcpy() and __copy_pages_unrolled() are the kernel's own files
 * from arch/x86/lib/, assembled in place; see shim/ for how an ALTERNATIVE is chosen.
 */
#include "routines.h"

#ifndef __x86_64__
#error "these are x86-64 routines: build on x86-64"
#endif

void copy_page(void *to, const void *from);
void *__memcpy(void *to, const void *from, size_t length);

static void page_by_page(void *to, const void *from, size_t length)
{
	for (size_t at = 0; at < length; at += PAGE_SIZE)
		copy_page(to + at, from + at);
}

/*
 * The three alternatives of copy_pages() in arch/x86/include/asm/page_64.h. That header cannot be
 * included here, so these are the same instructions typed again; "make check" compares the two.
 *
 * The CALL pushes a return address that the compiler knows nothing of: this file is built with
 * -mno-red-zone. The clobbers are all registers a C function may change, whichever of them
 * __copy_pages_unrolled() really uses.
 */
static void unrolled(void *to, const void *from, size_t length)
{
	asm volatile("call __copy_pages_unrolled"
		     : "+D" (to), "+S" (from), "+c" (length) :
		     : "rax", "rdx", "r8", "r9", "r10", "r11", "cc", "memory");
}

static void rep_movsq(void *to, const void *from, size_t length)
{
	asm volatile("shrq $3, %%rcx; rep movsq"
		     : "+D" (to), "+S" (from), "+c" (length) : : "cc", "memory");
}

static void rep_movsb(void *to, const void *from, size_t length)
{
	asm volatile("rep movsb"
		     : "+D" (to), "+S" (from), "+c" (length) : : "cc", "memory");
}

static void memcpy_orig(void *to, const void *from, size_t length)
{
	__memcpy(to, from, length);
}

const struct routine routines[NR_ROUTINES] = {
	[PAGE_BY_PAGE] = { "page by page", "v7.3: copy_page() once per 4 KiB, rep movsq (REP_GOOD)",
			   page_by_page },
	[CONTROL]      = { "same again", "page by page under another name: must show no difference",
			   page_by_page },
	[UNROLLED]     = { "unrolled", "__copy_pages_unrolled(): copy_pages() on all other CPUs",
			   unrolled },
	[REP_MOVSQ]    = { "rep movsq", "one instruction for all pages: copy_pages() with REP_GOOD",
			   rep_movsq },
	[REP_MOVSB]    = { "rep movsb", "one instruction for all pages: copy_pages() with ERMS",
			   rep_movsb },
	[MEMCPY_ORIG]  = { "memcpy_orig", "v7.3's memcpy() without FSRM, one call for all pages",
			   memcpy_orig },
};
