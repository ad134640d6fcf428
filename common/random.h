/* SPDX-License-Identifier: GPL-2.0 */
/* Random numbers: one seed determines those of a whole run. */
#ifndef COMMON_RANDOM_H
#define COMMON_RANDOM_H

#include <stdint.h>

/* splitmix64 */
uint64_t next_random(uint64_t *state);

/**
 * shuffle() - The numbers below @n in random order.
 * @values: receives the numbers
 * @n: the number of values
 * @state: as for next_random()
 */
void shuffle(uint32_t *values, unsigned int n, uint64_t *state);

#endif
