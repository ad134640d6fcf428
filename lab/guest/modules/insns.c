// SPDX-License-Identifier: GPL-2.0
/*
 * insns: count the instructions that the CPU executes from the entry of one function to the next entry
 * of another one.
 *
 * For the lab only, on a machine whose time stamp counter counts instructions (ICOUNT=1). The
 * parameters "from" and "to" name the functions. "count" is the latest number, without the
 * instructions of the probes, and exact to within a few instructions.
 *
 * "nops" is the machine's count for 1000 NOPs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>

#include <asm/tsc.h>

static char *from, *to;
module_param(from, charp, 0400);
module_param(to, charp, 0400);

static unsigned long count, nops;
module_param(count, ulong, 0400);
module_param(nops, ulong, 0400);

static unsigned long overhead, started;

/*
 * Hold interrupts by the task priority register. With IF cleared, might_sleep() in the counted code
 * would complain.
 */
static void hold_interrupts(bool hold)
{
	asm volatile("mov %0, %%cr8" : : "r"(hold ? 15UL : 0UL) : "memory");
}

#define counted(code)                            \
	({                                       \
		unsigned long __begin = rdtsc(); \
                                                 \
		code;                            \
		rdtsc() - __begin;               \
	})

static void count_known(void)
{
	hold_interrupts(true);
	nops = counted(asm volatile(".rept 1000; nop; .endr")) - counted();
	hold_interrupts(false);
}

static int start(struct kprobe *p, struct pt_regs *regs)
{
	hold_interrupts(true);
	started = rdtsc();
	return 0;
}

static int stop(struct kprobe *p, struct pt_regs *regs)
{
	unsigned long now = rdtsc();

	if (started) {
		count = now - started - overhead;
		started = 0;
		hold_interrupts(false);
	}
	return 0;
}

static noinline void second(void)
{
	asm volatile("");
}

/* Known code of 2 instructions: a NOP, and a call or a jump. */
static noinline void first(void)
{
	asm volatile("nop");
	second();
}

static struct kprobe known_start = { .addr = (void *)first, .pre_handler = start };
static struct kprobe known_stop = { .addr = (void *)second, .pre_handler = stop };
static struct kprobe *known[] = { &known_start, &known_stop };

static struct kprobe probe_start = { .pre_handler = start };
static struct kprobe probe_stop = { .pre_handler = stop };
static struct kprobe *probes[] = { &probe_start, &probe_stop };

static int calibrate(void)
{
	int err = register_kprobes(known, ARRAY_SIZE(known));

	if (err)
		return err;
	first();
	unregister_kprobes(known, ARRAY_SIZE(known));
	overhead = count - 2;
	return 0;
}

static int __init insns_init(void)
{
	int err;

	count_known();
	err = calibrate();
	if (err)
		return err;
	probe_start.symbol_name = from;
	probe_stop.symbol_name = to;
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

static void __exit insns_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(insns_init);
module_exit(insns_exit);
MODULE_DESCRIPTION("Lab only: count the instructions from one function to another");
MODULE_LICENSE("GPL");
