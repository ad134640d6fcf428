// SPDX-License-Identifier: GPL-2.0
/*
 * folio_copy_live: puts folio_copy(), folio_mc_copy() and copy_user_large_folio() of the series into the running kernel,
 * by the kernel's own livepatch interface, and switches between both sides while the kernel runs:
 *
 *	off		the page-by-page copy that the kernel has
 *	on		the copy of the series
 *	nontemporal	the same, with the RFC: folio_mc_copy() copies large folios past the caches if they go to a
 *			slower tier of memory
 *
 * All sides are behind the same entry of ftrace, and a call looks at one flag, or two, so that a comparison of the sides
 * is one of the copies. A switch acts on the next call. Below /sys/module/folio_copy_live/parameters/:
 *
 *	folio_copy, folio_mc_copy, copy_user_large_folio
 *					Y: on, N: off. Off after loading
 *	nontemporal			Y: the copies of folio_mc_copy() are those of the RFC while it is on
 *	tiers				the nodes of each tier of memory, the fastest tier first, e.g. "0-1 2"; "none" after
 *					loading, and nothing is copied past the caches then
 *	counters			calls and bytes, per function and side
 *	copies				the instructions of the series on this CPU
 *
 * Nothing is forced: the module cannot be removed before the livepatch is disabled and no task is in its functions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/version.h>

#include "live.h"
#include "v73.h"

enum function { FOLIO_COPY, FOLIO_MC_COPY, COPY_USER_LARGE_FOLIO, NR_FUNCTIONS };
enum side { OFF, ON, NONTEMPORAL, NR_SIDES };

static const char *const sides[NR_SIDES] = { "off", "on", "nontemporal" };
static const char *const names[NR_FUNCTIONS] = { "folio_copy", "folio_mc_copy", "copy_user_large_folio" };

static bool on[NR_FUNCTIONS];
module_param_named(folio_copy, on[FOLIO_COPY], bool, 0644);
MODULE_PARM_DESC(folio_copy, "Y: copy as the series does");
module_param_named(folio_mc_copy, on[FOLIO_MC_COPY], bool, 0644);
MODULE_PARM_DESC(folio_mc_copy, "Y: copy as the series does");
module_param_named(copy_user_large_folio, on[COPY_USER_LARGE_FOLIO], bool, 0644);
MODULE_PARM_DESC(copy_user_large_folio, "Y: copy as the series does");

static bool nontemporal;
module_param(nontemporal, bool, 0644);
MODULE_PARM_DESC(nontemporal, "Y: folio_mc_copy() copies large folios past the caches to slower tiers");

static bool untested;
module_param(untested, bool, 0444);
MODULE_PARM_DESC(untested, "Y: load into a version of the kernel that the module was not tested with");

struct counter {
	unsigned long calls, bytes;
};

static DEFINE_PER_CPU(struct counter[NR_FUNCTIONS][NR_SIDES], counters);

static void count(enum function f, enum side side, struct folio *src)
{
	this_cpu_inc(counters[f][side].calls);
	this_cpu_add(counters[f][side].bytes, folio_size(src));
}

/* Counts a call. Returns its side. */
static bool is_on(enum function f, struct folio *src)
{
	bool side = READ_ONCE(on[f]);

	count(f, side ? ON : OFF, src);
	return side;
}

void count_mc_copy(struct folio *src, bool past_caches)
{
	count(FOLIO_MC_COPY, past_caches ? NONTEMPORAL : ON, src);
}

static void live_folio_copy(struct folio *dst, struct folio *src)
{
	if (is_on(FOLIO_COPY, src))
		series_folio_copy(dst, src);
	else
		v73_folio_copy(dst, src);
}

/* A copy of the series is counted when it is known whether it goes past the caches. */
static int live_folio_mc_copy(struct folio *dst, struct folio *src)
{
	bool side = READ_ONCE(on[FOLIO_MC_COPY]);

	if (side && !mc_by_page)
		return series_folio_mc_copy(dst, src);
	count(FOLIO_MC_COPY, side ? ON : OFF, src);
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

/* The tier of each node, from 1 on; 0: not in a tier */
static u8 tier_of[MAX_NUMNODES];
static char tiers[256] = "none";

bool goes_to_slower_tier(struct folio *dst, struct folio *src)
{
	u8 from = READ_ONCE(tier_of[folio_nid(src)]), to = READ_ONCE(tier_of[folio_nid(dst)]);

	return READ_ONCE(nontemporal) && from && to > from;
}

static int read_tiers(char *text, u8 *tier)
{
	int nid, err, nr = 0;
	nodemask_t nodes;
	char *word;

	while ((word = strsep(&text, " \n"))) {
		if (!*word)
			continue;
		err = nodelist_parse(word, nodes);
		if (err)
			return err;
		nr++;
		for_each_node_mask(nid, nodes) tier[nid] = nr;
	}
	return nr <= U8_MAX ? 0 : -EINVAL;
}

/* Parameters are set one at a time. */
static int set_tiers(const char *text, const struct kernel_param *param)
{
	static u8 tier[MAX_NUMNODES];
	char words[sizeof(tiers)];
	int nid, err;

	if (strscpy(words, text) < 0)
		return -ENOSPC;
	memset(tier, 0, sizeof(tier));
	err = strcmp(strim(words), "none") ? read_tiers(words, tier) : 0;
	if (err)
		return err;
	for (nid = 0; nid < MAX_NUMNODES; nid++)
		WRITE_ONCE(tier_of[nid], tier[nid]);
	strscpy(tiers, text);
	strim(tiers);
	return 0;
}

static int get_tiers(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%s\n", tiers);
}

static const struct kernel_param_ops tiers_ops = { .set = set_tiers, .get = get_tiers };
module_param_cb(tiers, &tiers_ops, NULL, 0644);
MODULE_PARM_DESC(tiers, "the nodes of each tier of memory, the fastest tier first");

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
		for (side = 0; side < (f == FOLIO_MC_COPY ? NR_SIDES : NONTEMPORAL); side++) {
			struct counter sum = sum_of(f, side);

			seq_buf_printf(&s, "%s %s calls %lu bytes %lu\n", names[f], sides[side], sum.calls, sum.bytes);
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
