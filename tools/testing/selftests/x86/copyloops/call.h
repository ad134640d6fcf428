/* SPDX-License-Identifier: GPL-2.0 */
/* Offsets into struct call, for call.S. */
#define CALL_ENTRY	0
#define CALL_IN		8
#define CALL_OUT	(CALL_IN + 16 * 8)
#define CALL_FLAGS_IN	(CALL_OUT + 16 * 8)
#define CALL_FLAGS	(CALL_FLAGS_IN + 8)

/* Register numbers, in the encoding of the CPU. */
#define RAX	0
#define RCX	1
#define RDX	2
#define RBX	3
#define RSP	4
#define RBP	5
#define RSI	6
#define RDI	7

#ifndef __ASSEMBLER__

/* The CPU raises SIGTRAP after each instruction. */
#define TRAP_FLAG	0x100UL

/* All registers before and after a call of the routine at @entry. */
struct call {
	void (*entry)(void);
	unsigned long in[16];
	unsigned long out[16];
	unsigned long flags_in;	/* none, or TRAP_FLAG */
	unsigned long flags;
};

extern struct call call;

void call_with_registers(void);

#endif
