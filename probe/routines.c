// SPDX-License-Identifier: GPL-2.0
/*
 * What is measured, all of it the kernel's own: copy_page() and __memcpy() from arch/x86/lib/, and
 * copy_pages() from asm/page_64.h, a function for each of its alternatives; see the Makefile.
 */
#include "memory.h"
#include "routines.h"

#ifndef __x86_64__
#error "these are x86-64 routines: build on x86-64"
#endif

typedef void copy_run(void *to, const void *from, unsigned int npages);

copy_run copy_pages_unrolled, copy_pages_movsq, copy_pages_movsb;
void copy_page(void *to, const void *from);
void *__memcpy(void *to, const void *from, size_t length);

static void page_by_page(void *to, const void *from, size_t length)
{
	for (size_t at = 0; at < length; at += PAGE_SIZE)
		copy_page(to + at, from + at);
}

static void unrolled(void *to, const void *from, size_t length)
{
	copy_pages_unrolled(to, from, length / PAGE_SIZE);
}

static void rep_movsq(void *to, const void *from, size_t length)
{
	copy_pages_movsq(to, from, length / PAGE_SIZE);
}

static void rep_movsb(void *to, const void *from, size_t length)
{
	copy_pages_movsb(to, from, length / PAGE_SIZE);
}

static void memcpy_orig(void *to, const void *from, size_t length)
{
	__memcpy(to, from, length);
}

const struct routine routines[NR_ROUTINES] = {
	[PAGE_BY_PAGE] = { "page by page", "v7.3: copy_page() once per 4 KiB, rep movsq (REP_GOOD)",
			   page_by_page },
	[SAME_AGAIN]   = { "same again", "page by page under another name: must show no difference",
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
