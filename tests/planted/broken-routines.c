// SPDX-License-Identifier: GPL-2.0
/*
 * For "make check" only: the probe's routines. Those that bypass the caches have the fault that the
 * including file defines.
 */
#include "../../probe/streams.h"

#ifdef LINE_LEFT_OUT
#define stream_line(to, from)                  \
	do {                                   \
		if ((unsigned long)(to)&4095)  \
			stream_line(to, from); \
	} while (0)
#endif
#include "../../probe/routines.c"
