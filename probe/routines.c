// SPDX-License-Identifier: GPL-2.0
/*
 * The routines that are timed. All except movdir64b are the kernel's: copy_pages() from
 * asm/page_64.h, and copy_page(), __memcpy(), copy_mc_to_kernel(), copy_mc_pages() and
 * copy_mc_nontemporal() from arch/x86/lib/. The Makefile builds an object for each of their
 * alternatives.
 */
#include "host.h"
#include "memory.h"
#include "routines.h"
#include "streams.h"

#ifndef __x86_64__
#error "these are x86-64 routines: build on x86-64"
#endif

typedef void copy_run(void *to, const void *from, unsigned int npages);
typedef unsigned long copy_mc(void *to, const void *from, unsigned int length);

copy_run copy_pages_unrolled, copy_pages_movsq, copy_pages_movsb;
void copy_page(void *to, const void *from);
void *memcpy_fsrm(void *to, const void *from, size_t length);
void *memcpy_no_fsrm(void *to, const void *from, size_t length);
copy_mc copy_mc_to_kernel_fragile, copy_mc_to_kernel_movsb;
copy_mc copy_mc_to_kernel_movsq, copy_mc_to_kernel_fsrm;
copy_mc copy_mc_pages_fragile, copy_mc_pages_movsq, copy_mc_pages_movsb;
unsigned long copy_mc_nontemporal(void *to, const void *from, unsigned long length);

/* No memory here is poisoned, so a reported error is wrong. */
static inline void must_copy(const char *name, unsigned long left)
{
	if (left)
		die("%s: reports a memory error where there is none", name);
}

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

static void bulk_memcpy_fsrm(void *to, const void *from, size_t length)
{
	memcpy_fsrm(to, from, length);
}

static void bulk_memcpy_no_fsrm(void *to, const void *from, size_t length)
{
	memcpy_no_fsrm(to, from, length);
}

static void past_caches(void *to, const void *from, size_t length)
{
	must_copy("past the caches", copy_mc_nontemporal(to, from, length));
}

static void stream_lines(void *to, const void *from, size_t length)
{
	for (size_t at = 0; at < length; at += CACHE_LINE)
		stream_line_at_once(to + at, from + at);
	drain();
}

const struct routine routines[NR_ROUTINES] = {
	[PAGE_BY_PAGE] = { "page by page", "v7.3: copy_page() once per 4 KiB, rep movsq (REP_GOOD)", page_by_page },
	[SAME_AGAIN] = { "same again", "page by page under another name: must show no difference", page_by_page },
	[UNROLLED] = { "unrolled", "__copy_pages_unrolled(): copy_pages() on all other CPUs", unrolled },
	[REP_MOVSQ] = { "rep movsq", "one instruction for all pages: copy_pages() with REP_GOOD", rep_movsq },
	[REP_MOVSB] = { "rep movsb", "one instruction for all pages: copy_pages() with ERMS", rep_movsb },
	[MEMCPY_FSRM] = { "memcpy, FSRM", "v7.3's memcpy() with FSRM, one call for all pages", bulk_memcpy_fsrm },
	[MEMCPY_ORIG] = { "memcpy, no FSRM", "v7.3's memcpy() without FSRM, one call for all pages",
			  bulk_memcpy_no_fsrm },
	[PAST_CACHES] = { "past the caches", "copy_mc_nontemporal(), an RFC for demotion: no choice of copy_pages()",
			  past_caches },
	[MOVDIR64B] = { "movdir64b", "stores past the caches, 64 bytes each: a limit, in no kernel", stream_lines },
};

static inline void by_page(copy_mc *copy, void *to, const void *from, size_t length)
{
	for (size_t at = 0; at < length; at += PAGE_SIZE)
		must_copy("page by page", copy(to + at, from + at, PAGE_SIZE));
}

static void by_page_erms(void *to, const void *from, size_t length)
{
	by_page(copy_mc_to_kernel_movsb, to, from, length);
}

static void by_page_memcpy(void *to, const void *from, size_t length)
{
	by_page(copy_mc_to_kernel_movsq, to, from, length);
}

static void by_page_memcpy_fsrm(void *to, const void *from, size_t length)
{
	by_page(copy_mc_to_kernel_fsrm, to, from, length);
}

static void mc_fragile(void *to, const void *from, size_t length)
{
	must_copy("fragile", copy_mc_pages_fragile(to, from, length / PAGE_SIZE));
}

static void mc_rep_movsq(void *to, const void *from, size_t length)
{
	must_copy("rep movsq", copy_mc_pages_movsq(to, from, length / PAGE_SIZE));
}

static void mc_rep_movsb(void *to, const void *from, size_t length)
{
	must_copy("rep movsb", copy_mc_pages_movsb(to, from, length / PAGE_SIZE));
}

struct routine mc_routines[NR_MC_ROUTINES] = {
	[MC_PAGE_BY_PAGE] = { "page by page", "v7.3: copy_mc_to_kernel() once per 4 KiB, as on this CPU",
			      by_page_erms },
	[MC_SAME_AGAIN] = { "same again", "page by page under another name: must show no difference", by_page_erms },
	[MC_FRAGILE] = { "fragile",
			 "8 bytes at a time, page by page: copy_mc_pages() on all other "
			 "CPUs; by quirk, v7.3 too",
			 mc_fragile },
	[MC_REP_MOVSQ] = { "rep movsq", "one instruction for all pages: copy_mc_pages() with REP_GOOD", mc_rep_movsq },
	[MC_REP_MOVSB] = { "rep movsb", "one instruction for all pages: copy_mc_pages() with ERMS", mc_rep_movsb },
	[MC_MEMCPY] = { "memcpy by page", "v7.3 without ERMS and FSRM, which survives no error", by_page_memcpy },
	[MC_PAST_CACHES] = { "past the caches",
			     "copy_mc_nontemporal(), an RFC for demotion: no choice of copy_mc_pages()", past_caches },
};

void select_mc_base(void)
{
	if (host_has_flag("erms"))
		return;
	mc_routines[MC_PAGE_BY_PAGE].copy = host_has_flag("fsrm") ? by_page_memcpy_fsrm : by_page_memcpy;
	mc_routines[MC_SAME_AGAIN].copy = mc_routines[MC_PAGE_BY_PAGE].copy;
}

int selected_routine(void)
{
	if (host_has_flag("erms"))
		return REP_MOVSB;
	return host_has_flag("rep_good") ? REP_MOVSQ : UNROLLED;
}

int selected_mc_routine(void)
{
	if (host_has_flag("erms"))
		return MC_REP_MOVSB;
	return host_has_flag("rep_good") ? MC_REP_MOVSQ : MC_FRAGILE;
}
