// SPDX-License-Identifier: GPL-2.0
/*
 * The page-by-page copies, which are the same in all kernels from 6.12 to 7.3. Kbuild takes those for copy-on-write from
 * the patches that remove them.
 */
#include "v73.c"

#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "live.h"

#define copy_user_large_folio v73_copy_user_large_folio
#include "user_copies_before.inc"
#undef copy_user_large_folio
