// SPDX-License-Identifier: GPL-2.0
/* The stores of v7.3 for a struct page, as the probe has them; "make check" compares them with the kernel's. */
#undef noinline
#include "slow-path.c"
