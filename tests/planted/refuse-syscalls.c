// SPDX-License-Identifier: GPL-2.0
/*
 * refuse-syscalls NAME,NAME... COMMAND [ARGUMENT...] runs COMMAND, whose system calls of these names
 * fail with EPERM, as in a container. For tests/probe ("make check") and tests/front-end only.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int number;
} calls[] = {
	{ "get_mempolicy", SYS_get_mempolicy }, { "mbind", SYS_mbind },
	{ "memfd_create", SYS_memfd_create },	{ "move_pages", SYS_move_pages },
	{ "set_mempolicy", SYS_set_mempolicy },
};

static int refuse(unsigned int number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int refuse_named(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			return refuse(calls[i].number);
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 2;
	for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ",")) {
		if (refuse_named(name)) {
			perror(name);
			return 2;
		}
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
