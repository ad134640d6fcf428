// SPDX-License-Identifier: GPL-2.0
/*
 * folio_copy_live: puts folio_copy(), folio_mc_copy() and copy_user_large_folio() of the series into the running kernel,
 * by the kernel's own livepatch interface, and switches between both sides while the kernel runs:
 *
 *	off	the page-by-page copy that the kernel has
 *	on	the copy of the series
 *
 * Both sides are behind the same entry of ftrace, and a call looks at one flag, so that a comparison of the sides is
 * one of the copies. A switch acts on the next call. Below /sys/module/folio_copy_live/parameters/:
 *
 *	folio_copy, folio_mc_copy, copy_user_large_folio
 *					Y: on, N: off. Off after loading
 *	counters			calls and bytes, per function and side
 *	copies				the instructions of the series on this CPU
 *
 * Nothing is forced: the module cannot be removed before the livepatch is disabled and no task is in its functions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/version.h>

#include "live.h"
#include "v73.h"

enum function { FOLIO_COPY, FOLIO_MC_COPY, COPY_USER_LARGE_FOLIO, NR_FUNCTIONS };
#define NR_SIDES 2

static const char *const names[NR_FUNCTIONS] = { "folio_copy", "folio_mc_copy", "copy_user_large_folio" };

static bool on[NR_FUNCTIONS];
module_param_named(folio_copy, on[FOLIO_COPY], bool, 0644);
MODULE_PARM_DESC(folio_copy, "Y: copy as the series does");
module_param_named(folio_mc_copy, on[FOLIO_MC_COPY], bool, 0644);
MODULE_PARM_DESC(folio_mc_copy, "Y: copy as the series does");
module_param_named(copy_user_large_folio, on[COPY_USER_LARGE_FOLIO], bool, 0644);
MODULE_PARM_DESC(copy_user_large_folio, "Y: copy as the series does");

static bool untested;
module_param(untested, bool, 0444);
MODULE_PARM_DESC(untested, "Y: load into a version of the kernel that the module was not tested with");

struct counter {
	unsigned long calls, bytes;
};

static DEFINE_PER_CPU(struct counter[NR_FUNCTIONS][NR_SIDES], counters);

/* Counts a call. Returns its side. */
static bool is_on(enum function f, struct folio *src)
{
	bool side = READ_ONCE(on[f]);

	this_cpu_inc(counters[f][side].calls);
	this_cpu_add(counters[f][side].bytes, folio_size(src));
	return side;
}

static void live_folio_copy(struct folio *dst, struct folio *src)
{
	if (is_on(FOLIO_COPY, src))
		series_folio_copy(dst, src);
	else
		v73_folio_copy(dst, src);
}

static int live_folio_mc_copy(struct folio *dst, struct folio *src)
{
	if (is_on(FOLIO_MC_COPY, src) && !mc_by_page)
		return series_folio_mc_copy(dst, src);
	return v73_folio_mc_copy(dst, src);
}

static int live_copy_user_large_folio(struct folio *dst, struct folio *src, unsigned long addr_hint,
				      struct vm_area_struct *vma)
{
	if (is_on(COPY_USER_LARGE_FOLIO, src) && !mc_by_page)
		return series_copy_user_large_folio(dst, src, addr_hint, vma);
	return v73_copy_user_large_folio(dst, src, addr_hint, vma);
}

static struct klp_func functions[] = { { .old_name = "folio_copy", .new_func = live_folio_copy },
				       { .old_name = "folio_mc_copy", .new_func = live_folio_mc_copy },
				       { .old_name = "copy_user_large_folio", .new_func = live_copy_user_large_folio },
				       {} };

/* An object without a name is vmlinux. */
static struct klp_object objects[] = { { .funcs = functions }, {} };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static struct counter sum_of(enum function f, int side)
{
	struct counter sum = {};
	int cpu;

	for_each_possible_cpu(cpu)
	{
		sum.calls += per_cpu(counters, cpu)[f][side].calls;
		sum.bytes += per_cpu(counters, cpu)[f][side].bytes;
	}
	return sum;
}

static int get_counters(char *text, const struct kernel_param *param)
{
	struct seq_buf s;
	int f, side;

	seq_buf_init(&s, text, PAGE_SIZE);
	for (f = 0; f < NR_FUNCTIONS; f++) {
		for (side = 0; side < NR_SIDES; side++) {
			struct counter sum = sum_of(f, side);

			seq_buf_printf(&s, "%s %s calls %lu bytes %lu\n", names[f], side ? "on" : "off", sum.calls,
				       sum.bytes);
		}
	}
	return seq_buf_used(&s);
}

static int get_copies(char *text, const struct kernel_param *param)
{
	struct seq_buf s;

	seq_buf_init(&s, text, PAGE_SIZE);
	print_copies(&s);
	return seq_buf_used(&s);
}

static const struct kernel_param_ops counters_ops = { .get = get_counters };
static const struct kernel_param_ops copies_ops = { .get = get_copies };
module_param_cb(counters, &counters_ops, NULL, 0444);
MODULE_PARM_DESC(counters, "calls and bytes, per function and side");
module_param_cb(copies, &copies_ops, NULL, 0444);
MODULE_PARM_DESC(copies, "the instructions of the series on this CPU");

/* In other versions, callers may rely on something else, and the loops of v73.c may not be those of the kernel. */
#define VERSION_IS(major, patchlevel) (LINUX_VERSION_MAJOR == (major) && LINUX_VERSION_PATCHLEVEL == (patchlevel))
#define IS_TESTED		      (VERSION_IS(6, 12) || VERSION_IS(7, 2) || VERSION_IS(7, 3))

static int __init live_init(void)
{
	if (!IS_TESTED && !untested) {
		pr_err("not tested with this kernel, but with 6.12, 7.2 and 7.3: untested=1 loads it nevertheless\n");
		return -EOPNOTSUPP;
	}
	choose_copies();
	return klp_enable_patch(&patch);
}

/* The kernel calls it only after the livepatch is disabled, and no task is in its functions. */
static void __exit live_exit(void)
{
}

module_init(live_init);
module_exit(live_exit);

MODULE_DESCRIPTION("the copies of the series in the running kernel");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
