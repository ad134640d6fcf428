// SPDX-License-Identifier: GPL-2.0
/*
 * stuck_task: a kernel thread that no livepatch can change.
 *
 * For the lab only. A livepatch changes a task after a look at its stack. The stack of this thread cannot be read, as
 * that of a task which sleeps in a changed function must not be left behind. As long as the module is loaded, no
 * transition comes to its end.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/linkage.h>
#include <linux/module.h>
#include <linux/objtool.h>

/* Long, so that the thread is hardly ever outside of its sleep. rmmod waits as long. */
#define SLEEP_MS 1000

/* A sleep in msleep_interruptible(), with a caller from which the kernel cannot unwind. */
void sleep_without_a_trace(unsigned int msecs);
asm(".pushsection .text\n"
    ".type sleep_without_a_trace, @function\n"
    "sleep_without_a_trace:\n"
    "	subq $8, %rsp\n"
    UNWIND_HINT(UNWIND_HINT_TYPE_SAVE, 0, 0, 0)
    "	nop\n"
    UNWIND_HINT(UNWIND_HINT_TYPE_UNDEFINED, 0, 0, 0)
    "	call msleep_interruptible\n"
    UNWIND_HINT(UNWIND_HINT_TYPE_RESTORE, 0, 0, 0)
    "	addq $8, %rsp\n"
    "	" ASM_RET
    ".size sleep_without_a_trace, . - sleep_without_a_trace\n"
    ".popsection\n");

static struct task_struct *thread;

static int sleep_on(void *unused)
{
	while (!kthread_should_stop())
		sleep_without_a_trace(SLEEP_MS);
	return 0;
}

static int __init stuck_task_init(void)
{
	thread = kthread_run(sleep_on, NULL, "lab_stuck");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit stuck_task_exit(void)
{
	kthread_stop(thread);
}

module_init(stuck_task_init);
module_exit(stuck_task_exit);
MODULE_DESCRIPTION("Lab only: a task that livepatches wait for");
MODULE_LICENSE("GPL");
