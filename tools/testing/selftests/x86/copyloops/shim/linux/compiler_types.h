/* SPDX-License-Identifier: GPL-2.0 */
/* See linux/compiler.h. */
