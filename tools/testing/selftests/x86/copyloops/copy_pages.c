// SPDX-License-Identifier: GPL-2.0
/*
 * The inline copy_pages() of asm/page_64.h as a function. The Makefile defines
 * its name, COPY_PAGES, and the features of the CPU.
 */
#include <asm/page.h>

void COPY_PAGES(void *to, const void *from, unsigned int npages);

void COPY_PAGES(void *to, const void *from, unsigned int npages)
{
	copy_pages(to, from, npages);
}

#ifdef COPY_PAGES_BUSY

unsigned int COPY_PAGES_BUSY(void *to, const void *from, unsigned int npages,
			     const unsigned long *values);

/* Hide the origin of the value: the compiler cannot load it again later. */
static inline void keep(unsigned long *value)
{
	asm volatile("" : "+r" (*value));
}

/*
 * More values are live than there are registers, so that a register that the
 * asm changes but does not list holds one of them. Returns how many values got
 * lost. The arguments count as well, and so does a word of the destination, if
 * the compiler does not notice that the asm overwrites it.
 */
unsigned int COPY_PAGES_BUSY(void *to, const void *from, unsigned int npages,
			     const unsigned long *values)
{
	unsigned long v0 = values[0];
	unsigned long v1 = values[1];
	unsigned long v2 = values[2];
	unsigned long v3 = values[3];
	unsigned long v4 = values[4];
	unsigned long v5 = values[5];
	unsigned long v6 = values[6];
	unsigned long v7 = values[7];
	unsigned long v8 = values[8];
	unsigned long v9 = values[9];
	unsigned long v10 = values[10];
	unsigned long v11 = values[11];
	unsigned long v12 = values[12];
	unsigned long v13 = values[13];
	unsigned long first = *(unsigned long *)to;
	unsigned int lost;

	keep(&v0);
	keep(&v1);
	keep(&v2);
	keep(&v3);
	keep(&v4);
	keep(&v5);
	keep(&v6);
	keep(&v7);
	keep(&v8);
	keep(&v9);
	keep(&v10);
	keep(&v11);
	keep(&v12);
	keep(&v13);

	copy_pages(to, from, npages);

	lost = first == *(unsigned long *)to;
	lost += v0 != values[0];
	lost += v1 != values[1];
	lost += v2 != values[2];
	lost += v3 != values[3];
	lost += v4 != values[4];
	lost += v5 != values[5];
	lost += v6 != values[6];
	lost += v7 != values[7];
	lost += v8 != values[8];
	lost += v9 != values[9];
	lost += v10 != values[10];
	lost += v11 != values[11];
	lost += v12 != values[12];
	lost += v13 != values[13];
	lost += (unsigned long)to != values[14];
	lost += (unsigned long)from != values[15];
	lost += npages * PAGE_SIZE != values[16];
	return lost;
}

#endif /* COPY_PAGES_BUSY */
