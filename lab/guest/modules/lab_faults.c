// SPDX-License-Identifier: GPL-2.0
/*
 * lab_faults: faults that the kernel's debugging options report without a panic, and that LKDTM lacks.
 *
 * For the lab only. PID 1 has to notice the report, because panic_on_warn does not cover it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/string.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "abba, atomic_sleep or race");

static DEFINE_MUTEX(a);
static DEFINE_MUTEX(b);

/* Takes two locks in both orders. No other task deadlocks with it, but lockdep has to see the risk. */
static void abba(void)
{
	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);

	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

static void atomic_sleep(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static int write_on(void *page)
{
	unsigned long *word = page_address(page);

	while (!kthread_should_stop()) {
		(*word)++;
		cond_resched();
	}
	return 0;
}

/* Copies a folio to which another task writes, for up to half a minute. KCSAN has to see it. */
static int race(void)
{
	struct page *src = alloc_page(GFP_KERNEL), *dst = alloc_page(GFP_KERNEL);
	unsigned long end = jiffies + 30 * HZ;
	struct task_struct *writer;
	int err = -ENOMEM;

	if (!src || !dst)
		goto out;
	writer = kthread_run(write_on, src, "writer");
	err = PTR_ERR_OR_ZERO(writer);
	while (!err && time_before(jiffies, end)) {
		err = folio_mc_copy(page_folio(dst), page_folio(src));
		cond_resched();
	}
	if (!IS_ERR(writer))
		kthread_stop(writer);
out:
	if (dst)
		__free_page(dst);
	if (src)
		__free_page(src);
	return err;
}

static int __init lab_faults_init(void)
{
	if (!strcmp(fault, "abba"))
		abba();
	else if (!strcmp(fault, "atomic_sleep"))
		atomic_sleep();
	else if (!strcmp(fault, "race"))
		return race();
	else
		return -EINVAL;
	return 0;
}

static void __exit lab_faults_exit(void)
{
}

module_init(lab_faults_init);
module_exit(lab_faults_exit);
MODULE_DESCRIPTION("Faults for the lab's tests of itself");
MODULE_LICENSE("GPL");
