// SPDX-License-Identifier: GPL-2.0
/*
 * For "make check" only: the fills, one of them with the fault that the including file defines. The
 * probe must refuse to time it.
 */
#define fill_by_slow_path sound_slow_path
#define fill_by_movnti	  sound_movnti
#include "../../probe/fills.c"
#undef fill_by_slow_path
#undef fill_by_movnti

void fill_by_slow_path(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
	sound_slow_path(this, source, to, bytes);
#ifdef STORE_LEFT_OUT
	((struct descriptor *)to)[1].refcount = 1;
#endif
}

void fill_by_movnti(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
#ifdef SHORT_FILL
	bytes -= sizeof(struct descriptor);
#endif
#ifdef LONG_FILL
	bytes += sizeof(struct descriptor);
#endif
	sound_movnti(this, source, to, bytes);
}
