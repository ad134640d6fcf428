// SPDX-License-Identifier: GPL-2.0
/* Ways to fill memory with identical descriptors. Built without vector registers, like the kernel. */
#include "fills.h"
#include "memory.h"
#include "streams.h"

#define unused __attribute__((unused))

void fill_by_slow_path(const struct fill *this unused, const struct source *source, char *to, size_t bytes)
{
	init_memmap(to, bytes / sizeof(struct descriptor), ZONE_DEVICE, 0, source->pgmap);
}

/* Eight loads and eight stores, as in the kernel: *page = *template. */
void fill_by_template(const struct fill *this unused, const struct source *source, char *to, size_t bytes)
{
	const volatile struct descriptor *template = (const void *)source->block;

	for (size_t at = 0; at < bytes; at += sizeof(*template))
		*(volatile struct descriptor *)(to + at) = *template;
}

void fill_by_movnti(const struct fill *this unused, const struct source *source, char *to, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += sizeof(struct descriptor))
		stream_line(to + at, source->block);
	drain();
}

void fill_by_movdir64b(const struct fill *this unused, const struct source *source, char *to, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += sizeof(struct descriptor))
		stream_line_at_once(to + at, source->block);
	drain();
}

void fill_by_block(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
	size_t at = 0;

	for (; bytes - at >= this->block; at += this->block)
		this->copy->copy(to + at, source->block, this->block);
	if (at < bytes)
		this->copy->copy(to + at, source->block, bytes - at);
}

/* Clears memory as clear_pages() does on a CPU with REP_GOOD. */
void zero_piece(char *to, size_t bytes)
{
	bytes /= 8;
	asm volatile("rep stosq" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
}
