/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A feature is not a bit number here, but 1 if the file is built for a CPU that
 * has it. It is 0 unless the Makefile passes -DX86_FEATURE_...=1. The shim of
 * asm/alternative.h selects by this value. A feature that is missing here stops
 * the assembler, so that no alternative is ever chosen by accident.
 *
 * C code asks for a feature at run time, by reading a variable of the test.
 */
#ifndef SHIM_ASM_CPUFEATURES_H
#define SHIM_ASM_CPUFEATURES_H

#ifndef X86_FEATURE_REP_GOOD
#define X86_FEATURE_REP_GOOD	0
#endif

#ifndef X86_FEATURE_ERMS
#define X86_FEATURE_ERMS	0
#endif

#ifndef X86_FEATURE_SUCCOR
#define X86_FEATURE_SUCCOR	0
#endif

#ifndef X86_FEATURE_FSRM
#define X86_FEATURE_FSRM	0
#endif

#ifndef __ASSEMBLER__

#include <stdbool.h>

extern bool has_X86_FEATURE_REP_GOOD, has_X86_FEATURE_ERMS, has_X86_FEATURE_SUCCOR;

#define cpu_feature_enabled(feature)	(has_##feature)

#endif /* !__ASSEMBLER__ */

#endif /* SHIM_ASM_CPUFEATURES_H */
