// SPDX-License-Identifier: GPL-2.0
/* Facts about this machine for shell scripts, one "key value" per line. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "samples.h"

#define WATCHED_SECONDS 2

static const char usage[] =
	"Usage: host-facts [quiet]\n"
	"       host-facts watch FILE COMMAND...\n"
	"Prints facts about this machine, one \"KEY VALUE\" per line. With \"quiet\" it watches the machine for\n"
	"2 seconds and prints \"quiet yes\", or \"quiet no\" and a line \"because TEXT\" per reason. With \"watch\" it\n"
	"runs COMMAND, and writes to FILE what disturbed it, or nothing. The exit code is that of COMMAND.\n";

static void print_facts(void)
{
	size_t available = host_available_memory();

	printf("last_level_cache %zu\n", host_last_level_cache(sched_getcpu()));
	printf("available_memory %zu\n", available);
	printf("memory_limit %s\n", host_memory_limit());
	if (host_load() < 0)
		printf("load %s\n", UNKNOWN);
	else
		printf("load %.2f\n", host_load());
	printf("cpu %s\n", host_cpu("model name"));
	printf("vendor %s\n", host_cpu("vendor_id"));
	printf("family %s\n", host_cpu("cpu family"));
	printf("model %s\n", host_cpu("model"));
	printf("stepping %s\n", host_cpu("stepping"));
	printf("emulated %s\n", host_is_emulated() ? "yes" : "no");
}

static void print_quiet(void)
{
	host_judge_load();
	host_watch_begin();
	sleep(WATCHED_SECONDS);
	host_watch_end_asleep();
	printf("quiet %s\n", find_warning(0) ? "no" : "yes");
	for (size_t i = 0; find_warning(i); i++)
		printf("because %s\n", find_warning(i));
}

static int watch(const char *path, char **command)
{
	FILE *file = fopen(path, "w");
	int status;
	pid_t pid;

	if (!file) {
		fprintf(stderr, "host-facts: %s: %m\n", path);
		return 2;
	}
	host_watch_begin();
	pid = fork();
	if (!pid) {
		execvp(command[0], command);
		fprintf(stderr, "host-facts: %s: %m\n", command[0]);
		_exit(2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		fprintf(stderr, "host-facts: %s could not be started: %m\n", command[0]);
		return 2;
	}
	host_watch_end_asleep();
	if (host_disturbance())
		fprintf(file, "%s\n", host_disturbance());
	fclose(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		print_facts();
	} else if (argc == 2 && !strcmp(argv[1], "quiet")) {
		print_quiet();
	} else if (argc > 3 && !strcmp(argv[1], "watch")) {
		return watch(argv[2], argv + 3);
	} else if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
	} else {
		fprintf(stderr, "host-facts: unexpected argument %s: see host-facts --help\n", argv[argc == 2 ? 1 : 2]);
		return 2;
	}
	return 0;
}
