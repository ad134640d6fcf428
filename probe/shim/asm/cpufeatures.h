/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A feature's value here is not its bit number but whether the file is assembled
 * for a CPU that has it: 0 unless the Makefile says -DX86_FEATURE_...=1. The shim
 * of asm/alternative.h selects by it. A feature that is missing from this list
 * stops the assembler, so that no alternative is ever chosen by accident.
 */
#ifndef SHIM_ASM_CPUFEATURES_H
#define SHIM_ASM_CPUFEATURES_H

#ifndef X86_FEATURE_REP_GOOD
#define X86_FEATURE_REP_GOOD	0
#endif

#ifndef X86_FEATURE_FSRM
#define X86_FEATURE_FSRM	0
#endif

#endif /* SHIM_ASM_CPUFEATURES_H */
