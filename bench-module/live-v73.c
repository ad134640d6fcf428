// SPDX-License-Identifier: GPL-2.0
/* The page-by-page loops, which are the same in all kernels from 6.12 to 7.3. */
#include "v73.c"
