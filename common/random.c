// SPDX-License-Identifier: GPL-2.0
/* Random numbers: one seed determines those of a whole run. */
#include "random.h"

uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void shuffle(uint32_t *values, unsigned int n, uint64_t *state)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int j = next_random(state) % (i + 1);

		values[i] = values[j];
		values[j] = i;
	}
}
