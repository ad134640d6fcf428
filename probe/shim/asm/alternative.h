/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel patches its text at boot; here the choice is made when assembling. */
#ifndef SHIM_ASM_ALTERNATIVE_H
#define SHIM_ASM_ALTERNATIVE_H

.macro ALTERNATIVE oldinstr, newinstr, feature
	.if \feature
	\newinstr
	.else
	\oldinstr
	.endif
.endm

#endif /* SHIM_ASM_ALTERNATIVE_H */
