// SPDX-License-Identifier: GPL-2.0
/*
 * For tests/sides only, as LD_PRELOAD of the front end: a machine of two nodes with folio_copy_live, in the directory
 * $FAKE. move_pages(2) copies the bytes to a buffer instead. It copies some of them once more: $EXTRA_OFF thousandths if
 * the module is off or not loaded, $EXTRA_ON if it is on. It counts as the module does; with $STUCK it counts nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
/* How often a sample copies its pages: 4 ms in all, so that an interrupt is little of it */
#define TIMES	       16
#define REAL(function) ((__typeof__(function) *)dlsym(RTLD_NEXT, #function))

/* The files that are not the machine's own, by the beginnings of their paths */
static const char *const faked[] = { "/sys/module/folio_copy_live", "/sys/kernel/livepatch", "/sys/devices/system/node",
				     "/proc/self/status", "/run/folio-copy-bench" };

static const char *redirect(const char *path)
{
	static char text[4][4096];
	static int next;
	char *other = text[next++ % 4];

	for (size_t i = 0; i < sizeof(faked) / sizeof(*faked); i++) {
		if (strncmp(path, faked[i], strlen(faked[i])))
			continue;
		snprintf(other, sizeof(text[0]), "%s%s", getenv("FAKE"), path);
		return other;
	}
	return path;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = va_arg(args, int);
	va_end(args);
	return REAL(open)(redirect(path), flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	return REAL(fopen)(redirect(path), mode);
}

int access(const char *path, int mode)
{
	return REAL(access)(redirect(path), mode);
}

DIR *opendir(const char *path)
{
	return REAL(opendir)(redirect(path));
}

int unlink(const char *path)
{
	return REAL(unlink)(redirect(path));
}

#define PARAMETERS "/sys/module/folio_copy_live/parameters"

static bool is_on(void)
{
	int fd = open(PARAMETERS "/folio_mc_copy", O_RDONLY);
	char flag = 0;

	if (fd < 0 || read(fd, &flag, 1) != 1)
		abort();
	close(fd);
	return flag == 'Y';
}

static void count(bool on, unsigned long nr)
{
	static unsigned long calls[2];
	FILE *f = fopen(PARAMETERS "/counters", "w");

	calls[on] += nr;
	if (!f)
		abort();
	fprintf(f, "folio_copy off calls 0 bytes 0\nfolio_copy on calls 0 bytes 0\n");
	fprintf(f, "copy_user_large_folio off calls 0 bytes 0\ncopy_user_large_folio on calls 0 bytes 0\n");
	fprintf(f, "folio_mc_copy off calls %lu bytes 0\nfolio_mc_copy on calls %lu bytes 0\n", calls[0], calls[1]);
	fclose(f);
}

static bool is_loaded(void)
{
	return !access(PARAMETERS, F_OK);
}

static int node; /* of all pages that are asked for */

static long move(unsigned long nr, void *const *pages, const int *nodes)
{
	static char *buffer;
	bool on = is_loaded() && is_on();
	unsigned long copies = TIMES * nr, extra = copies * atoi(getenv(on ? "EXTRA_ON" : "EXTRA_OFF")) / 1000;

	if (!buffer)
		buffer = malloc(nr * PAGE);
	for (unsigned long i = 0; i < copies + extra; i++)
		memcpy(buffer + i % nr * PAGE, pages[i % nr], PAGE);
	if (is_loaded() && !getenv("STUCK"))
		count(on, nr);
	node = nodes[0];
	return 0;
}

static long load(bool load)
{
	char from[4096], to[4096];

	snprintf(from, sizeof(from), "%s%s", getenv("FAKE"), load ? "/unloaded" : PARAMETERS);
	snprintf(to, sizeof(to), "%s%s", getenv("FAKE"), load ? PARAMETERS : "/unloaded");
	return rename(from, to);
}

long syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	switch (number) {
	case SYS_set_mempolicy:
		if (a[1])
			node = __builtin_ctzl(*(const unsigned long *)a[1]);
		return 0;
	case SYS_move_pages:
		if (a[3])
			return move(a[1], (void *const *)a[2], (const int *)a[3]);
		for (long i = 0; i < a[1]; i++)
			((int *)a[4])[i] = node;
		return 0;
	case SYS_delete_module:
		return load(false);
	case SYS_finit_module:
		return load(true);
	}
	return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
