/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel chooses an alternative when it patches its text at boot, and these
 * macros when code is assembled. Both take the last whose feature is present.
 */
#ifndef SHIM_ASM_ALTERNATIVE_H
#define SHIM_ASM_ALTERNATIVE_H

#ifdef __ASSEMBLER__

.macro ALTERNATIVE oldinstr, newinstr, feature
	.if \feature
	\newinstr
	.else
	\oldinstr
	.endif
.endm

#else

#include <linux/stringify.h>

#define ALTERNATIVE_2(oldinstr, newinstr1, feature1, newinstr2, feature2) \
	".if " __stringify(feature2) "\n\t" newinstr2 "\n"		\
	".elseif " __stringify(feature1) "\n\t" newinstr1 "\n"		\
	".else\n\t" oldinstr "\n"					\
	".endif\n"

#define alternative_io(oldinstr, newinstr, feature, output, input...)	\
	({								\
		asm volatile(ALTERNATIVE_2(oldinstr, newinstr, feature, "", 0) \
			     : output : input);				\
	})

#endif /* __ASSEMBLER__ */

#endif /* SHIM_ASM_ALTERNATIVE_H */
