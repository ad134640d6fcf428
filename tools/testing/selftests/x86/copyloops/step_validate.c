// SPDX-License-Identifier: GPL-2.0
/*
 * Run routines one instruction at a time, to see what their results do not show:
 *
 * - Every prefetch is inside the source. A prefetch of anything else can read
 *   poison, or evict what somebody uses.
 * - Stores past the caches are complete on every way out: a fence follows the
 *   last of them, after each fault of a load, too.
 */
#include <signal.h>
#include <ucontext.h>

#include "kselftest.h"
#include "call.h"
#include "routines.h"

#define PAGES	2

static struct {
	unsigned long steps, prefetches, stores, fences;
	unsigned int outside;		/* prefetches outside of the source */
	bool unfenced;
	bool unknown;			/* an address that is not decoded here */
	const char *from;
	size_t len;
} seen;

/* The general registers in the order of their numbers */
static const int numbers[] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

/* The address of an operand in memory: a register and a displacement. */
static const char *operand(const unsigned char *modrm, unsigned char rex,
			   const greg_t *regs)
{
	unsigned int mod = *modrm >> 6, base = *modrm & 7;
	unsigned long address = regs[numbers[base | (rex & 1) << 3]];
	int32_t displacement = 0;

	if (mod == 3 || base == RSP || (mod == 0 && base == RBP)) {
		seen.unknown = true;
		return NULL;
	}
	if (mod == 1)
		displacement = (int8_t)modrm[1];
	else if (mod == 2)
		memcpy(&displacement, modrm + 1, sizeof(displacement));
	return (const char *)address + displacement;
}

static void see_prefetch(const char *at)
{
	seen.prefetches++;
	if (at < seen.from || at >= seen.from + seen.len)
		seen.outside++;
}

/* Look at the instruction that is executed next. */
static void look(const unsigned char *ip, const greg_t *regs)
{
	unsigned char rex = 0;

	seen.steps++;
	if ((*ip & 0xf0) == 0x40)
		rex = *ip++;
	if (*ip++ != 0x0f)
		return;
	if (*ip == 0x18 || *ip == 0x0d) {	/* PREFETCHh, PREFETCHW */
		see_prefetch(operand(ip + 1, rex, regs));
	} else if (*ip == 0xc3) {		/* MOVNTI */
		seen.stores++;
		seen.unfenced = true;
	} else if (*ip == 0xae && ip[1] >= 0xf0) {	/* MFENCE, SFENCE */
		seen.fences++;
		seen.unfenced = false;
	}
}

static void look_at(void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	look((const unsigned char *)regs[REG_RIP], regs);
}

static void step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	look_at(context);
}

static void run_in_steps(const struct routine *r, char *to, const char *from,
			 size_t len, enum fault_side side, size_t position)
{
	memset(&seen, 0, sizeof(seen));
	seen.from = from;
	seen.len = len;
	call.flags_in = TRAP_FLAG;
	run_case(r, to, from, len, side, position);
	call.flags_in = 0;
	/* Each routine takes more than an instruction for 64 bytes. */
	if (side == NO_FAULT && seen.steps < len / 64)
		complain("%lu steps for %zu bytes", seen.steps, len);
	if (seen.unknown)
		complain("a prefetch with an address that this program does not decode");
}

static void check_prefetches(const struct routine *r)
{
	size_t pages = r->length_in == NOWHERE ? 1 : PAGES, n;
	unsigned long prefetches = 0;

	for (n = 1; n <= pages; n++) {
		run_in_steps(r, destination.start + PAGE, source.start + PAGE,
			     n * PAGE, NO_FAULT, 0);
		if (seen.outside)
			complain("%u of %lu prefetches for %zu pages are outside of the source",
				 seen.outside, seen.prefetches, n);
		prefetches += seen.prefetches;
	}
	ksft_print_msg("%s: %lu prefetches\n", r->name, prefetches);
	end_point("%s: every prefetch is inside the source", r->name);
}

static void expect_fenced(const struct routine *r, enum fault_side side, size_t position)
{
	const size_t len = PAGES * PAGE;
	const char *from = side == NO_FAULT ? source.start : source.end - position;
	size_t done = side == NO_FAULT ? len : position / r->restart_unit * r->restart_unit;

	run_in_steps(r, destination.start + PAGE, from, len, side, position);
	if (seen.stores != done / sizeof(long))
		complain("%lu stores for %zu bytes", seen.stores, done);
	if (!seen.fences || seen.unfenced)
		complain("%zu of %zu bytes copied, then no fence", done, len);
}

static void check_fences(const struct routine *r)
{
	size_t position;

	expect_fenced(r, NO_FAULT, 0);
	end_point("%s: a fence after the last store of a copy", r->name);
	for (position = 0; position <= PAGE; position += sizeof(long))
		expect_fenced(r, SOURCE, position);
	end_point("%s: a fence after the last store, whichever load faults", r->name);
}

static bool has_prefetches(const struct routine *r)
{
	return r->unit == PAGE && !strcmp(r->code, "mov");
}

static bool has_fences(const struct routine *r)
{
	return r->entry == copy_mc_nontemporal;
}

static void catch_steps(void)
{
	struct sigaction action = {
		.sa_sigaction = step, .sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	if (sigaction(SIGTRAP, &action, NULL))
		ksft_exit_fail_msg("cannot catch SIGTRAP\n");
	/* SIGTRAP comes only after the first instruction of a fixup. */
	before_fixup = look_at;
}

int main(int argc, char **argv)
{
	unsigned int i, points = 0;

	for (i = 0; i < nr_routines; i++)
		points += has_prefetches(&routines[i]) + 2 * has_fences(&routines[i]);
	begin(argc, argv);
	plan(points);
	set_up_regions();
	catch_steps();
	for (i = 0; i < nr_routines; i++) {
		if (has_prefetches(&routines[i]))
			check_prefetches(&routines[i]);
		if (has_fences(&routines[i]))
			check_fences(&routines[i]);
	}
	return finish();
}
