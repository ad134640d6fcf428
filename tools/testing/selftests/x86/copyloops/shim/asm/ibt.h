/* SPDX-License-Identifier: GPL-2.0 */
/* Empty: nothing checks the targets of indirect branches in user space. */
#define ENDBR
