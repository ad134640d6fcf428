/* SPDX-License-Identifier: GPL-2.0 */
/* Stores that bypass the caches. */
#ifndef PROBE_STREAMS_H
#define PROBE_STREAMS_H

static inline void stream_word(unsigned long *to, unsigned long word)
{
	asm volatile("movnti %1, %0" : "=m"(*to) : "r"(word));
}

/* Stores a cache line, word by word. */
static inline void stream_line(void *to, const void *from)
{
	const unsigned long *words = from;
	unsigned long *line = to;

	stream_word(line + 0, words[0]);
	stream_word(line + 1, words[1]);
	stream_word(line + 2, words[2]);
	stream_word(line + 3, words[3]);
	stream_word(line + 4, words[4]);
	stream_word(line + 5, words[5]);
	stream_word(line + 6, words[6]);
	stream_word(line + 7, words[7]);
}

static inline void stream_line_at_once(void *to, const void *from)
{
	const struct {
		char bytes[64];
	} *line = from;

	asm volatile("movdir64b %0, %1" : : "m"(*line), "r"(to) : "memory");
}

/* Waits for the stores, which may still be underway. */
static inline void drain(void)
{
	asm volatile("sfence" : : : "memory");
}

#endif /* PROBE_STREAMS_H */
