// SPDX-License-Identifier: GPL-2.0
/*
 * For "make check" only: the fills of page-fills.c, one of them with the fault that the including file defines. The
 * probe must refuse to time it.
 */
#define fill_by_registers   sound_registers
#define fill_by_nontemporal sound_nontemporal
#define fill_by_pages	    sound_pages
#include "../../probe/page-fills.c"
#undef fill_by_registers
#undef fill_by_nontemporal
#undef fill_by_pages

void fill_by_registers(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
#ifdef PAGE_LEFT_OUT
	bytes -= sizeof(struct descriptor);
#endif
	sound_registers(this, source, to, bytes);
}

void fill_by_nontemporal(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
#ifdef RAGGED_NONTEMPORAL
	bytes -= bytes % this->block;
#endif
	sound_nontemporal(this, source, to, bytes);
}

void fill_by_pages(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
#ifdef RAGGED_END
	bytes -= bytes % this->block;
#endif
	sound_pages(this, source, to, bytes);
}
