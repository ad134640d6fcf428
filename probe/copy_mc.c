// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's copy_mc.c, built for a CPU with the features that the Makefile sets. Its functions
 * get the suffix KIND. Without ERMS, v7.3's copy_mc_to_kernel() calls memcpy(), which is MEMCPY
 * here.
 */
#include <linux/uaccess.h>
#include <linux/string.h>
#include <asm/mce.h>

#define PASTE(name, kind) name##_##kind
#define NAME(name, kind)  PASTE(name, kind)

/* The shim headers define these names as themselves. */
#undef copy_mc_to_kernel
#undef copy_mc_pages
#undef copy_mc_pages_nontemporal
#define copy_mc_to_kernel	    NAME(copy_mc_to_kernel, KIND)
#define copy_mc_pages		    NAME(copy_mc_pages, KIND)
#define copy_mc_pages_nontemporal   NAME(copy_mc_pages_nontemporal, KIND)
#define copy_mc_to_user		    NAME(copy_mc_to_user, KIND)
#define enable_copy_mc_fragile	    NAME(enable_copy_mc_fragile, KIND)
#define copy_mc_fragile_handle_tail NAME(copy_mc_fragile_handle_tail, KIND)

/* Nothing is measured with neither REP MOVS nor the quirk. */
#define mce_recovers_kernel_reads() false

/* Otherwise, the C library's memcpy() would be measured. */
void *MEMCPY(void *to, const void *from, size_t length);
#define memcpy MEMCPY

/* For copy_mc_to_user() only, which nobody calls. */
#define copy_user_generic(to, from, length) (length)

#include <arch/x86/lib/copy_mc.c>
