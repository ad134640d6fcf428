/* SPDX-License-Identifier: GPL-2.0 */
/* Empty: no code under test uses BUG() or WARN(). */
