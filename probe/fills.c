// SPDX-License-Identifier: GPL-2.0
/*
 * Ways of filling memory with descriptors that are all alike. Built without vector registers, which
 * the kernel does not use either.
 */
#include "fills.h"
#include "memory.h"

#define unused	__attribute__((unused))

void fill_by_slow_path(const struct fill *this unused, const struct source *source, char *to,
		       size_t bytes)
{
	init_memmap(to, bytes / sizeof(struct descriptor), ZONE_DEVICE, 0, source->pgmap);
}

/* Eight loads and eight stores, as in the kernel: *page = *template. */
void fill_by_template(const struct fill *this unused, const struct source *source, char *to,
		      size_t bytes)
{
	const volatile struct descriptor *template = (const void *)source->block;

	for (size_t at = 0; at < bytes; at += sizeof(*template))
		*(volatile struct descriptor *)(to + at) = *template;
}

static inline void stream_word(unsigned long *to, unsigned long word)
{
	asm volatile("movnti %1, %0" : "=m" (*to) : "r" (word));
}

static inline void drain(void)
{
	asm volatile("sfence" : : : "memory");
}

void fill_by_movnti(const struct fill *this unused, const struct source *source, char *to,
		    size_t bytes)
{
	const unsigned long *template = (const void *)source->block;

	for (size_t at = 0; at < bytes; at += sizeof(struct descriptor)) {
		unsigned long *words = (unsigned long *)(to + at);

		stream_word(words + 0, template[0]);
		stream_word(words + 1, template[1]);
		stream_word(words + 2, template[2]);
		stream_word(words + 3, template[3]);
		stream_word(words + 4, template[4]);
		stream_word(words + 5, template[5]);
		stream_word(words + 6, template[6]);
		stream_word(words + 7, template[7]);
	}
	drain();
}

void fill_by_movdir64b(const struct fill *this unused, const struct source *source, char *to,
		       size_t bytes)
{
	const struct descriptor *template = (const void *)source->block;

	for (size_t at = 0; at < bytes; at += sizeof(*template))
		asm volatile("movdir64b %0, %1" : : "m" (*template), "r" (to + at) : "memory");
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

/* As clear_pages() does it on a CPU with REP_GOOD. */
void zero_piece(char *to, size_t bytes)
{
	bytes /= 8;
	asm volatile("rep stosq" : "+D" (to), "+c" (bytes) : "a" (0) : "memory");
}
