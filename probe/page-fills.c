// SPDX-License-Identifier: GPL-2.0
/*
 * Ways to fill a memory map that the series chooses from, beside those of fills.c. Built without vector registers, like
 * the kernel.
 */
#include <stdint.h>

#include "fills.h"
#include "streams.h"

#define unused __attribute__((unused))

struct page;

void memmap_fill(struct page *page, unsigned long nr, const struct page *from);
size_t copy_to_nontemporal(void *to, const void *from, size_t bytes);

/* In the kernel, @from is the first struct page of the section or the first tail of the compound page. */
void fill_by_registers(const struct fill *this unused, const struct source *source, char *to, size_t bytes)
{
	memmap_fill((struct page *)to, bytes / sizeof(struct descriptor), (const struct page *)source->block);
}

void fill_by_movnti_registers(const struct fill *this unused, const struct source *source, char *to, size_t bytes)
{
	const volatile unsigned long *word = (const void *)source->block;
	unsigned long a = word[0], b = word[1], c = word[2], d = word[3];
	unsigned long e = word[4], f = word[5], g = word[6], h = word[7];

	for (size_t at = 0; at < bytes; at += sizeof(struct descriptor)) {
		unsigned long *line = (unsigned long *)(to + at);

		stream_word(line + 0, a);
		stream_word(line + 1, b);
		stream_word(line + 2, c);
		stream_word(line + 3, d);
		stream_word(line + 4, e);
		stream_word(line + 5, f);
		stream_word(line + 6, g);
		stream_word(line + 7, h);
	}
	drain();
}

static void __attribute__((noinline)) stream_descriptor(void *to, const void *from)
{
	stream_line(to, from);
}

/* As series do that call memcpy_flushcache() for each struct page. */
void fill_by_movnti_calls(const struct fill *this unused, const struct source *source, char *to, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += sizeof(struct descriptor))
		stream_descriptor(to + at, source->block);
	drain();
}

/*
 * The kernel's copy_to_nontemporal() with the first part of the map itself as the source, which is written by ordinary
 * stores.
 */
void fill_by_nontemporal(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
	size_t first = bytes < this->block ? bytes : this->block;

	fill_by_registers(this, source, to, first);
	for (size_t at = first; at < bytes; at += first)
		copy_to_nontemporal(to + at, to, bytes - at < first ? bytes - at : first);
}

/* The same, but with copy_pages(). */
void fill_by_pages(const struct fill *this, const struct source *source, char *to, size_t bytes)
{
	size_t first = bytes < this->block ? bytes : this->block;

	fill_by_registers(this, source, to, first);
	for (size_t at = first; at < bytes; at += first)
		this->copy->copy(to + at, to, bytes - at < first ? bytes - at : first);
}

/* A reference: all words are alike, and nothing is loaded. No way of filling a memory map can do with one word. */
void fill_by_stosq(const struct fill *this unused, const struct source *source unused, char *to, size_t bytes)
{
	bytes /= 8;
	asm volatile("rep stosq" : "+D"(to), "+c"(bytes) : "a"(STOSQ_WORD) : "memory");
}
