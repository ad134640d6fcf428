/* SPDX-License-Identifier: GPL-2.0 */
/* Generated in the kernel: sizeof(struct exception_table_entry). */
#define EXTABLE_SIZE	12
