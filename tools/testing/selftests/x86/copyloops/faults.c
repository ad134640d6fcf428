// SPDX-License-Identifier: GPL-2.0
/*
 * A handler of SIGSEGV that uses exception entries like the kernel.
 */
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <asm/extable_fixup_types.h>

#include "kselftest.h"
#include "harness.h"

/* A routine that resumes at the faulting instruction would fault for ever. */
#define MAX_FAULTS	4

struct faults faults;
sigjmp_buf after_fault;
void (*before_fixup)(void *context);

static const struct exception_table_entry *find_entry(uintptr_t ip)
{
	const struct exception_table_entry *e;

	for (e = __start___ex_table; e < __stop___ex_table; e++)
		if ((uintptr_t)&e->insn + e->insn == ip)
			return e;
	return NULL;
}

/* Only the types of entries that the copy routines use. */
static bool fix_up(const struct exception_table_entry *e, greg_t *regs)
{
	unsigned int type = e->data & EX_DATA_TYPE_MASK;

	if (faults.count == 1)
		faults.type = type;
	if (type != EX_TYPE_DEFAULT && type != EX_TYPE_DEFAULT_MCE_SAFE)
		return false;
	if (e->data & EX_FLAG_CLEAR_AX)
		regs[REG_RAX] = 0;
	if (e->data & EX_FLAG_CLEAR_DX)
		regs[REG_RDX] = 0;
	regs[REG_RIP] = (uintptr_t)&e->fixup + e->fixup;
	return true;
}

static void handler(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	const struct exception_table_entry *e = find_entry(regs[REG_RIP]);

	(void)sig;
	if (!faults.expected)
		ksft_exit_fail_msg("a fault at %p that no test expects\n", info->si_addr);
	if (!faults.count++)
		faults.address = info->si_addr;
	if (e && faults.count <= MAX_FAULTS && fix_up(e, regs)) {
		if (before_fixup)
			before_fixup(context);
		return;
	}
	faults.no_entry = true;
	faults.ip = (const unsigned char *)regs[REG_RIP];
	siglongjmp(after_fault, 1);
}

/* The handler has a stack of its own: the routine's is checked afterwards. */
void catch_faults(void)
{
	struct sigaction action = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	stack_t stack = { .ss_size = 16 * PAGE };

	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) ||
	    sigaction(SIGSEGV, &action, NULL) ||
	    sigaction(SIGBUS, &action, NULL) || sigaction(SIGILL, &action, NULL))
		ksft_exit_fail_msg("cannot catch SIGSEGV\n");
}
