// SPDX-License-Identifier: GPL-2.0
/* The routines under test, and the checks after one call of them. */
#include <sys/mman.h>

#include <asm/extable_fixup_types.h>

#include "kselftest.h"
#include "call.h"
#include "routines.h"

#define R(number)	(1U << (number))

/* Registers that a C function may change. */
#define BY_ABI		(R(RAX) | R(RCX) | R(RDX) | R(RSI) | R(RDI) | \
			 R(8) | R(9) | R(10) | R(11))
/* Registers that __copy_pages_unrolled() clobbers, by the comment above it. */
#define BY_CONTRACT	(R(RAX) | R(RDX) | R(RCX) | R(RSI) | R(RDI) | R(8) | R(9))

#define COPIES_PAGES	.unit = PAGE, .changes = BY_ABI
#define COPIES_BYTES	.unit = 1, .changes = BY_ABI

const struct routine routines[] = {
	{ "copy_page, unrolled", copy_page_unrolled, "mov", NOWHERE,
	  COPIES_PAGES, .stack = 16 },
	{ "copy_page, rep movsq", copy_page_movsq, "rep movsq", NOWHERE,
	  COPIES_PAGES },
	{ "__copy_pages_unrolled", __copy_pages_unrolled, "mov", RCX_BYTES,
	  .unit = PAGE, .changes = BY_CONTRACT },
	/* The next four are C functions around the inline asm. */
	{ "copy_pages, unrolled", copy_pages_unrolled, "mov", EDX_PAGES,
	  COPIES_PAGES, .stack = 64 },
	{ "copy_pages, rep movsq", copy_pages_movsq, "rep movsq", EDX_PAGES,
	  COPIES_PAGES, .stack = 64 },
	{ "copy_pages, rep movsb", copy_pages_movsb, "rep movsb", EDX_PAGES,
	  COPIES_PAGES, .stack = 64 },
	{ "copy_pages, ERMS without REP_GOOD", copy_pages_erms_only, "rep movsb",
	  EDX_PAGES, COPIES_PAGES, .stack = 64 },
	{ "memcpy, unrolled", memcpy_unrolled, "mov", RDX_BYTES,
	  COPIES_BYTES, .returns_to = true },
	{ "memcpy, rep movsb", memcpy_movsb, "rep movsb", RDX_BYTES,
	  COPIES_BYTES, .returns_to = true },
	/* The stack is for copy_mc_fragile_handle_tail(), which is C code. */
	{ "copy_mc_fragile", copy_mc_fragile, "mov", EDX_BYTES,
	  COPIES_BYTES, .stack = 512,
	  .read_type = EX_TYPE_DEFAULT_MCE_SAFE, .write_type = EX_TYPE_DEFAULT,
	  .restart_unit = 1 },
	{ "copy_mc_enhanced_fast_string", copy_mc_enhanced_fast_string,
	  "rep movsb", RDX_BYTES, COPIES_BYTES,
	  .read_type = EX_TYPE_DEFAULT_MCE_SAFE,
	  .write_type = EX_TYPE_DEFAULT_MCE_SAFE, .restart_unit = 1 },
	{ "copy_mc_fast_string", copy_mc_fast_string, "rep movsq", RDX_BYTES,
	  .unit = 8, .changes = BY_ABI,
	  .read_type = EX_TYPE_DEFAULT_MCE_SAFE,
	  .write_type = EX_TYPE_DEFAULT_MCE_SAFE, .restart_unit = 8 },
	{ "copy_mc_nontemporal", copy_mc_nontemporal, "mov", RDX_BYTES,
	  COPIES_PAGES, .read_type = EX_TYPE_DEFAULT_MCE_SAFE, .restart_unit = 32 },
};

const unsigned int nr_routines = ARRAY_SIZE(routines);

/* --- memory --- */

#define PAGES		56
#define STACK_BYTES	4096
/* Checked on either side of each copy. The rest is checked when a test ends. */
#define RED_ZONE	512

struct region source, destination;
unsigned long register_complaints;
struct call call;

/* The routine's stack. STACK_BYTES above stack_top belong to its caller. */
static struct region stack;
static char *stack_top;

void set_up_regions(void)
{
	/* A routine that writes to the source runs into an unexpected fault. */
	source = map_region(PAGES, 1, PROT_READ);
	destination = map_region(PAGES, 2, PROT_READ | PROT_WRITE);
	stack = map_region(16, 3, PROT_READ | PROT_WRITE);
	stack_top = stack.end - STACK_BYTES;
	catch_faults();
}

static const char *contents_of(const struct region *r, const char *at)
{
	return r->contents + (at - r->start);
}

/* --- registers --- */

static const char *const names[] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

/* The upper half of a 32-bit argument's register may hold anything. */
static void set_length(const struct routine *r, size_t len)
{
	const unsigned long junk = 0x5a5a5a5aUL << 32;

	switch (r->length_in) {
	case NOWHERE:
		break;
	case RCX_BYTES:
		call.in[RCX] = len;
		break;
	case RDX_BYTES:
		call.in[RDX] = len;
		break;
	case EDX_BYTES:
		call.in[RDX] = len | junk;
		break;
	case EDX_PAGES:
		call.in[RDX] = len / PAGE | junk;
		break;
	}
}

static void set_registers(const struct routine *r, char *to, const char *from,
			  size_t len)
{
	unsigned int i;

	call.entry = r->entry;
	for (i = 0; i < 16; i++)
		call.in[i] = 0xc0de000000000000UL + i * 0x01010101UL;
	memset(call.out, 0, sizeof(call.out));
	call.in[RSP] = (unsigned long)stack_top;
	call.in[RDI] = (unsigned long)to;
	call.in[RSI] = (unsigned long)from;
	set_length(r, len);
}

static void clean_stack(void)
{
	if (!reduced)
		memcpy(stack.start, stack.contents, stack.end - stack.start);
}

/* The memory above the return address belongs to the caller. */
static const char *stack_damage(const struct routine *r)
{
	size_t below = STACK_BYTES, frame = sizeof(long) + r->stack;

	if (memcmp(stack_top, contents_of(&stack, stack_top), STACK_BYTES))
		return "the caller's stack";
	if (reduced)
		return NULL;
	if (memcmp(stack_top - below, contents_of(&stack, stack_top - below),
		   below - frame))
		return "stack below its frame";
	return NULL;
}

static void check_registers(const struct routine *r)
{
	const unsigned long direction_flag = 0x400;
	const char *damage = stack_damage(r);
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (call.out[i] != call.in[i] && !(r->changes & R(i)))
			damage = names[i];
	if (call.flags & direction_flag)
		damage = "the direction flag";
	if (!damage)
		return;
	if (!register_complaints++)
		ksft_print_msg("%s changes %s\n", r->name, damage);
	clean_stack();
}

void end_register_point(const struct routine *r, const char *when)
{
	if (register_complaints)
		complain("%lu times", register_complaints);
	register_complaints = 0;
	end_point("%s: registers and stack, %s", r->name, when);
}

/* --- one case --- */

/* The residue that the routine has to return. */
static size_t model(const struct routine *r, size_t len, enum fault_side side,
		    size_t position)
{
	if (side == NO_FAULT)
		return 0;
	return len - position / r->restart_unit * r->restart_unit;
}

static const char *result_damage(const struct routine *r, char *to, size_t left)
{
	if (r->returns_to && call.out[RAX] != (unsigned long)to)
		return "does not return its destination";
	if (r->restart_unit && call.out[RAX] != left)
		return "returns a wrong residue";
	return NULL;
}

/* The part of the destination that is checked and restored after a copy. */
static char *zone_start(char *to)
{
	char *start = to - RED_ZONE;

	return start < destination.start ? destination.start : start;
}

static char *zone_end(char *to, size_t len)
{
	char *end = to + len + RED_ZONE;

	return end > destination.end ? destination.end : end;
}

static const char *contents_damage(char *to, const char *from, size_t len,
				   size_t done)
{
	const char *start = zone_start(to), *copied = to + done;

	if (memcmp(to, contents_of(&source, from), done))
		return "did not copy everything";
	if (memcmp(start, contents_of(&destination, start), to - start))
		return "wrote in front of the destination";
	if (memcmp(copied, contents_of(&destination, copied),
		   zone_end(to, len) - copied))
		return "wrote behind what it copied";
	return NULL;
}

static void restore(char *to, size_t len)
{
	char *start = zone_start(to);

	memcpy(start, contents_of(&destination, start), zone_end(to, len) - start);
}

static unsigned int entry_type(const struct routine *r, enum fault_side side)
{
	return side == SOURCE ? r->read_type : r->write_type;
}

static const char *entry_damage(const struct routine *r, enum fault_side side)
{
	const struct region *region = side == SOURCE ? &source : &destination;

	if (!faults.count)
		return "did not fault";
	if (faults.address < region->end ||
	    faults.address >= region->end + GUARD_PAGES * PAGE)
		return "faulted elsewhere";
	if (faults.type != entry_type(r, side))
		return "has an exception entry of another type";
	return NULL;
}

static const char *damage_of(const struct routine *r, char *to, const char *from,
			     size_t len, enum fault_side side, size_t position)
{
	size_t left = model(r, len, side, position);
	const char *damage = NULL;

	if (faults.no_entry)
		return "faulted without an exception entry";
	if (side == NO_FAULT && faults.count)
		return "faulted";
	if (side != NO_FAULT)
		damage = entry_damage(r, side);
	if (!damage)
		damage = result_damage(r, to, left);
	if (!damage)
		damage = contents_damage(to, from, len, len - left);
	return damage;
}

static void call_routine(const struct routine *r, char *to, const char *from,
			 size_t len)
{
	static const struct routine *last;

	/* The previous routine may have had a larger frame. */
	if (r != last)
		clean_stack();
	last = r;
	set_registers(r, to, from, len);
	WITH_FAULTS(call_with_registers());
}

void run_case(const struct routine *r, char *to, const char *from, size_t len,
	      enum fault_side side, size_t position)
{
	const char *damage;

	count_case(r - routines, to, from, len, side, position);
	call_routine(r, to, from, len);
	if (side != NO_FAULT && !entry_type(r, side))
		return;

	damage = damage_of(r, to, from, len, side, position);
	if (damage)
		complain("%s(to ...%03lx, from ...%03lx, %zu bytes), %s %zu: %s (rax %#lx)",
			 r->name, (unsigned long)to % PAGE, (unsigned long)from % PAGE,
			 len, side == NO_FAULT ? "no fault" : side == SOURCE ?
			 "read fault at" : "write fault at", position, damage,
			 call.out[RAX]);
	if (!faults.no_entry)
		check_registers(r);
	restore(to, len);
}
