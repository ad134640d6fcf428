/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing here has use for it. */
