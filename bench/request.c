// SPDX-License-Identifier: GPL-2.0
/* The debugfs files of folio_copy_bench.ko: checks, limits, nodes and requests. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "front-end.h"

#define DEBUGFS	       "/sys/kernel/debug"
#define LOCKDOWN       "/sys/kernel/security/lockdown"
#define NO_SECURE_BOOT "disable Secure Boot validation (mokutil --disable-validation)"

static bool debugfs_mounted(void)
{
	struct statfs fs;

	return !statfs(DEBUGFS, &fs) && fs.f_type == DEBUGFS_MAGIC;
}

static bool kernel_has_debugfs(void)
{
	char *fs = slurp("/proc/filesystems");

	return fs && strstr(fs, "\tdebugfs\n");
}

/* With lockdown, debugfs is closed, and so is the module if it loads at all. */
static bool locked_down(void)
{
	const char *modes = slurp(LOCKDOWN);

	return modes && !strstr(modes, "[none]");
}

void check_module(void)
{
	int fd;

	if (!kernel_has_debugfs())
		die("this kernel has no debugfs: boot without debugfs=off, with CONFIG_DEBUG_FS=y");
	if (!debugfs_mounted())
		die("debugfs is not mounted: mount -t debugfs none " DEBUGFS);
	if (access(DEBUGFS, X_OK))
		die("debugfs is open to root only: run this with sudo");
	if (access(BENCH, F_OK) && locked_down())
		die("the kernel is locked down (" LOCKDOWN
		    "): it loads signed modules only, and closes debugfs: boot without lockdown=, or " NO_SECURE_BOOT);
	if (access(BENCH, F_OK))
		die("the module is not loaded: insmod folio_copy_bench.ko (if the kernel "
		    "refuses it: sign it, or " NO_SECURE_BOOT ")");

	fd = open(BENCH "/run", O_RDWR);
	if (fd >= 0) {
		close(fd);
		return;
	}
	if (errno == EACCES)
		die("the module's files are open to root only: run this with sudo");
	if (errno == EPERM)
		die("the kernel is locked down (" LOCKDOWN
		    ") and debugfs closed: "
		    "boot without lockdown=, or " NO_SECURE_BOOT);
	die(BENCH "/run: %s", strerror(errno));
}

/* Reads a limit of the module from its help, which has the line "limits order=0-10 nodes=0-2 cpus=0-1". */
void read_limit(const char *key, struct list *l)
{
	char *help = slurp(BENCH "/help"), *p, word[256];

	p = help ? strstr(help, "\nlimits ") : NULL;
	p = p ? strstr(p, key) : NULL;
	if (!p || sscanf(p + strlen(key), "%255[0-9,-]", word) != 1 || !parse_list(word, l))
		die("cannot read %s of the limits in " BENCH "/help: " MISMATCH, key);
}

/*
 * Returns the node of the CPU, or the first node with memory if that node has none. @usable: NULL,
 * or is set to the bytes of the node that a run may use.
 */
int memory_node(int cpu, unsigned long *usable)
{
	struct list cpus;
	int found = -1;

	for (char *line = slurp(BENCH "/help"); line; line = strchr(line, '\n')) {
		char word[256] = "", *at;
		bool near;
		int node;

		line += *line == '\n';
		if (sscanf(line, "node %d cpus=%255[0-9,-]", &node, word) < 1)
			continue;
		at = strstr(line, " usable=");
		near = parse_list(word, &cpus) && has(&cpus, cpu);
		if (!at || (found >= 0 && !near))
			continue;
		found = node;
		if (usable)
			*usable = strtoul(at + strlen(" usable="), NULL, 10) << 20;
	}
	if (found < 0)
		die("cannot read the nodes in " BENCH "/help: " MISMATCH);
	return found;
}

/* Returns 0, or the errno with which the module refused or ended the run. */
int request_run(const char *request, int len)
{
	int fd, err = 0;

	fd = open(BENCH "/run", O_WRONLY);
	if (fd < 0)
		die("the module is gone: it was unloaded");
	if (write(fd, request, len) != len)
		err = errno;
	close(fd);
	/* Not only signals end a run with EINTR: stopping or freezing this process does, and calls no handler. */
	if (err == EINTR)
		interrupted = 1;
	return err;
}

/* Returns in one line why the module refused or failed the request. The caller frees the text. */
char *failure_text(int err)
{
	char *why;

	if (err == EBUSY)
		die("busy: wait for the other run that is going on, see " BENCH "/run");
	why = slurp(BENCH "/run");
	if (!why)
		die("the module was unloaded during the run");
	return format("%s, %s", strerror(err), why);
}

/* Another program may have used the module since our request: the seed tells whose results these are. */
bool is_of_seed(const char *header, uint64_t seed)
{
	char *word = format(" seed=%" PRIu64 " ", seed);
	bool is = strstr(header, word) && strstr(header, " verified=ok");

	free(word);
	return is;
}

/* Reads the results: passes the header to @is_ours and each sample to @take. Are there @nr samples, all as they should be? */
bool read_samples(void *context, int nr, bool (*is_ours)(void *context, const char *header),
		  bool (*take)(void *context, const char *sample))
{
	FILE *f = fopen(BENCH "/results", "r");
	bool ok = true, ours = false;
	char line[512];

	if (!f)
		die("the module is gone: it was unloaded");
	while (ok && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "kernel=", 7)) {
			ours = is_ours(context, line);
		} else if (*line != '#') {
			ok = ours && take(context, line);
			nr--;
		}
	}
	fclose(f);
	return ok && !nr;
}
