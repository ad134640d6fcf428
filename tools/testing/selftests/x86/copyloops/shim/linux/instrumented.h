/* SPDX-License-Identifier: GPL-2.0 */
/* The hooks of the sanitizers, which the test implements. */
#ifndef SHIM_LINUX_INSTRUMENTED_H
#define SHIM_LINUX_INSTRUMENTED_H

void instrument_memcpy_before(void *to, const void *from, unsigned long n);
void instrument_memcpy_after(void *to, const void *from, unsigned long n,
			     unsigned long left);

/* For copy_mc_to_user(), which no test calls. */
#define instrument_copy_to_user(to, from, n)

#endif /* SHIM_LINUX_INSTRUMENTED_H */
