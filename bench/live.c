// SPDX-License-Identifier: GPL-2.0
/*
 * The command "live": the series in the running kernel, by the module folio_copy_live. It loads the module, switches
 * its functions, and unloads it. The kernel makes the change task by task, and a task that sleeps in a changed function
 * can keep it from an end. Then the change is undone; nothing is forced.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "front-end.h"
#include "host.h"
#include "live.h"
#include "user-memory.h"

#define MODULE	   "folio_copy_live"
#define MODULE_DIR "/sys/module/" MODULE
#define PATCHES	   "/sys/kernel/livepatch"
#define PATCH	   PATCHES "/" MODULE
#define LOCKDOWN   "/sys/kernel/security/lockdown"
#define ENFORCE	   "/sys/module/module/parameters/sig_enforce"
#define DISABLED   "/proc/sys/kernel/modules_disabled"
#define FTRACE	   "/proc/sys/kernel/ftrace_enabled"

#define WAIT_S	  60 /* for a transition */
#define POLL_US	  100000
#define MAX_TASKS 10 /* to name */

#define COMPRESSED 4 /* MODULE_INIT_COMPRESSED_FILE */

const char *const live_functions[NR_LIVE] = { [LIVE_FOLIO_COPY] = "folio_copy",
					      [LIVE_FOLIO_MC_COPY] = "folio_mc_copy",
					      [LIVE_COPY_USER_LARGE_FOLIO] = "copy_user_large_folio" };
/* The function that has a nontemporal side */
#define MC_COPY live_functions[LIVE_FOLIO_MC_COPY]

static const char *const side_names[NR_LIVE_SIDES] = { "off", "on", "nontemporal" };

/* The file of the module that is loaded, if this program has loaded it. */
#define FILE_NAME "/run/folio-copy-bench.module"

static struct {
	const char *module;
	bool untested;
} opt;

/* The module's files */

static bool starts_with(const char *path, char c)
{
	const char *text = slurp(path);

	return text && *text == c;
}

bool live_is_loaded(void)
{
	return !access(MODULE_DIR "/parameters/counters", R_OK);
}

/* Returns the text of a parameter, in static memory, or NULL. */
char *live_parameter(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), MODULE_DIR "/parameters/%s", name);
	return slurp(path);
}

bool live_read_calls(struct live_calls *calls)
{
	char *text = live_parameter("counters"), *at;
	char name[64];

	memset(calls, 0, sizeof(*calls));
	for (int f = 0; f < NR_LIVE; f++) {
		for (int side = 0; side < NR_LIVE_SIDES; side++) {
			snprintf(name, sizeof(name), "%s %s calls ", live_functions[f], side_names[side]);
			at = text ? strstr(text, name) : NULL;
			if (!at && side != LIVE_NONTEMPORAL)
				return false;
			if (at)
				calls->calls[f][side] = strtoull(at + strlen(name), NULL, 10);
		}
	}
	return true;
}

/* Returns why a function copies page by page on both sides, in static memory, or NULL. */
char *live_by_page(const char *function)
{
	char *text = live_parameter("copies"), name[64], *at;

	snprintf(name, sizeof(name), "%s: page by page: ", function);
	at = text ? strstr(text, name) : NULL;
	if (!at)
		return NULL;
	at += strlen(name);
	at[strcspn(at, "\n")] = '\0';
	return at;
}

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
	return done;
}

static void set_parameter(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), MODULE_DIR "/parameters/%s", name);
	if (!write_to(path, value))
		die("%s: %s%s", path, strerror(errno), errno == EACCES ? ": run this as root" : "");
}

static void switch_function(const char *function, bool on)
{
	set_parameter(function, on ? "Y" : "N");
	if (!strcmp(function, MC_COPY))
		set_parameter("nontemporal", "N");
}

/* The tiers of memory for the module, which the kernel does not tell them. Returns NULL, and why, if there is only one. */
const char *live_tiers(void)
{
	static char *tiers;

	free(tiers);
	tiers = memory_tiers();
	if (!tiers)
		because("all memory is in one tier: nothing is copied past the caches");
	return tiers;
}

static void switch_all(bool on)
{
	for (int f = 0; f < NR_LIVE; f++)
		switch_function(live_functions[f], on);
}

/* Transitions */

static bool is_patched(void)
{
	return !access(PATCH "/enabled", F_OK);
}

static bool is_complete(void)
{
	return starts_with(PATCH "/transition", '0');
}

static bool is_gone(void)
{
	return !is_patched();
}

/* Returns false after WAIT_S, or after a signal. */
static bool wait_until(bool (*done)(void))
{
	int64_t end = now_ns() + WAIT_S * 1000000000LL;

	while (!done() && now_ns() < end && !interrupted)
		usleep(POLL_US);
	return done();
}

/* Appends the tasks of a process whose state is @state. Returns the number of all tasks found so far. */
static int add_tasks(FILE *names, const char *pid, char state, int found)
{
	char path[320], *comm;
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/%s/task/%.16s/patch_state", pid, entry->d_name);
		if (*entry->d_name == '.' || !starts_with(path, state) || found++ >= MAX_TASKS)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task/%.16s/comm", pid, entry->d_name);
		comm = slurp(path);
		fprintf(names, "%s%s (%.16s)", found > 1 ? ", " : "", comm ?: "?", entry->d_name);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

/* Returns the tasks that keep a transition from its end: those whose state is still @state. The caller frees the text. */
static char *blocking_tasks(char state)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t size;
	char *text;
	FILE *names = open_memstream(&text, &size);
	int found = 0;

	if (!names)
		die("out of memory");
	while (proc && (entry = readdir(proc)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			found = add_tasks(names, entry->d_name, state, found);
	if (proc)
		closedir(proc);
	if (found > MAX_TASKS)
		fprintf(names, " and %d more", found - MAX_TASKS);
	if (!found)
		fputs("none any more", names);
	fclose(names);
	return text;
}

/* The kernel lets go of a module that was just disabled by a worker, which may take its time on a busy machine. */
static bool remove_module(void)
{
	int64_t end = now_ns() + WAIT_S * 1000000000LL;
	long err;

	do {
		err = syscall(SYS_delete_module, MODULE, O_NONBLOCK);
		if (err && errno != EAGAIN && errno != EBUSY)
			break;
		if (err)
			usleep(POLL_US);
	} while (err && now_ns() < end);
	return !err;
}

/* Loading */

static bool has_series(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " copy_mc_pages\n");
	if (f)
		fclose(f);
	return found;
}

static bool replaces(const char *patch, const char *function)
{
	char *dir = format(PATCHES "/%s/vmlinux/%s", patch, function), *first = format("%s,1", dir),
	     *only = format("%s,0", dir);
	bool found = !access(first, F_OK) || !access(only, F_OK);

	free(dir);
	free(first);
	free(only);
	return found;
}

/* Another livepatch of the same function may be a security fix, which ours would replace. */
static char *other_patch(void)
{
	DIR *patches = opendir(PATCHES);
	struct dirent *entry;
	char *reason = NULL;

	if (!patches)
		return format("this kernel takes no livepatches: it needs CONFIG_LIVEPATCH=y, and sysfs in /sys");
	while (!reason && (entry = readdir(patches)))
		for (int f = 0; f < NR_LIVE && !reason && *entry->d_name != '.'; f++)
			if (replaces(entry->d_name, live_functions[f]))
				reason =
					format("the livepatch %s replaces %s(), too: disable it first, if you may "
					       "(echo 0 > " PATCHES "/%s/enabled)",
					       entry->d_name, live_functions[f], entry->d_name);
	closedir(patches);
	return reason;
}

static const char *release(void)
{
	static struct utsname name;

	uname(&name);
	return name.release;
}

/* Returns the first file of the module that there is, or NULL. The caller frees the path. */
static char *find_module(void)
{
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };
	static const char *const dirs[] = { "updates/dkms", "updates" };
	char self[PATH_MAX] = "", *path;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0) {
		*strrchr(self, '/') = '\0';
		path = format("%s/../bench-module/%s/" MODULE ".ko", self, release());
		if (!access(path, R_OK))
			return path;
		free(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(dirs) * ARRAY_SIZE(suffixes); i++) {
		path = format("/lib/modules/%s/%s/" MODULE ".ko%s", release(), dirs[i / ARRAY_SIZE(suffixes)],
			      suffixes[i % ARRAY_SIZE(suffixes)]);
		if (!access(path, R_OK))
			return path;
		free(path);
	}
	return NULL;
}

static bool takes_signed_only(void)
{
	const char *lockdown = slurp(LOCKDOWN);

	return (lockdown && !strstr(lockdown, "[none]")) || starts_with(ENFORCE, 'Y');
}

static char *load_error(int err)
{
	switch (err) {
	case EEXIST:
		return format("it is loaded already: folio-copy-bench live status");
	case EBUSY:
		return format(
			"somebody else changes these functions (marked I in "
			"/sys/kernel/tracing/enabled_functions): end that first");
	case ENOEXEC:
		return format("it is no module for Linux %s: build it with make live", release());
	case EOPNOTSUPP:
		return format("it was not tested with Linux %s: --untested loads it nevertheless", release());
	case EPERM:
		if (starts_with(DISABLED, '1'))
			return format(DISABLED " is 1: this kernel loads no modules before it boots again");
		break;
	}
	if (takes_signed_only() && (err == EPERM || err == EKEYREJECTED || err == ENOKEY))
		return format(
			"this kernel loads only modules with a key that it knows: dkms signs with "
			"/var/lib/dkms/mok.key; enrol it (mokutil --import /var/lib/dkms/mok.pub) and boot again");
	return format("%s: the kernel's log tells more (dmesg)", strerror(err));
}

static char *insert_module(const char *path, bool untested)
{
	const char *suffix = strrchr(path, '.') ?: "";
	bool compressed = !strcmp(suffix, ".xz") || !strcmp(suffix, ".zst") || !strcmp(suffix, ".gz");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *reason = NULL;

	if (fd < 0)
		return format("%s: %s", path, strerror(errno));
	if (syscall(SYS_finit_module, fd, untested ? "untested=1" : "", compressed ? COMPRESSED : 0))
		reason = format("%s: %s", path, load_error(errno));
	close(fd);
	return reason;
}

/* Takes the module out again after a transition that has not come to its end. */
static char *undo_load(void)
{
	char *tasks = blocking_tasks('0');
	sig_atomic_t was = interrupted;
	bool undone;

	interrupted = 0;
	undone = write_to(PATCH "/enabled", "0") && wait_until(is_gone) && remove_module();
	interrupted |= was;
	return format("not in all tasks after %d s: %s, which these tasks have kept from its end: %s", WAIT_S,
		      undone ? "undone" : "NOT undone: folio-copy-bench live unload", tasks);
}

static void keep_name(const char *path)
{
	char *full = realpath(path, NULL);
	FILE *f = fopen(FILE_NAME, "w");

	if (f) {
		fprintf(f, "%s\n", full ?: path);
		fclose(f);
	}
	free(full);
}

/* Returns the file of the loaded module, or the usual one if something else has loaded it. */
const char *live_file(void)
{
	static char *file;

	if (!file) {
		char *kept = slurp(FILE_NAME);

		file = kept ? format("%s", kept) : find_module();
	}
	return file ?: "";
}

static char *load_module(const char *path, bool untested)
{
	char *reason = live_is_loaded() ? load_error(EEXIST) : NULL;

	if (!reason && has_series())
		reason = format("this kernel has the series already: boot one without it to compare");
	if (!reason)
		reason = other_patch();
	if (!reason && starts_with(FTRACE, '0'))
		reason = format("ftrace is off, by which livepatches work: echo 1 > " FTRACE);
	if (!reason && !path)
		path = find_module();
	if (!reason && !path)
		reason = format("there is no " MODULE ".ko for Linux %s: make live, or name it with --module",
				release());
	if (!reason)
		reason = insert_module(path, untested);
	if (!reason && !wait_until(is_complete))
		reason = undo_load();
	if (!reason)
		keep_name(path);
	return reason;
}

/* Loads a file that was loaded before, with all functions off. Returns NULL, or why not. */
char *live_load(const char *file)
{
	return load_module(file, true);
}

/* Unloading */

/* The kernel changes one livepatch at a time, so that another one can be in the way for a moment. */
static bool disable(void)
{
	int64_t end = now_ns() + WAIT_S * 1000000000LL;
	bool done;

	while (!(done = write_to(PATCH "/enabled", "0")) && errno == EBUSY && now_ns() < end && !interrupted)
		usleep(POLL_US);
	return done;
}

/* The module stays, with the page-by-page loops. */
static char *undo_unload(void)
{
	char *tasks = blocking_tasks('1');
	sig_atomic_t was = interrupted;

	interrupted = 0;
	write_to(PATCH "/enabled", "1");
	wait_until(is_complete);
	interrupted |= was;
	return format("not out of all tasks after %d s: it stays loaded, and off: unload it when these are done: %s",
		      WAIT_S, tasks);
}

/* Returns NULL, or why the module is still there. */
char *live_unload(void)
{
	switch_all(false);
	if (is_patched() && !disable())
		return format(PATCH "/enabled: %s", strerror(errno));
	if (!wait_until(is_gone))
		return undo_unload();
	if (!remove_module())
		return format(MODULE ": %s", strerror(errno));
	unlink(FILE_NAME);
	return NULL;
}

/* live on, off, nontemporal, status */

static void need_module(void)
{
	if (!live_is_loaded())
		die(MODULE " is not loaded: folio-copy-bench live load");
}

static const char *find_function(const char *name)
{
	for (int f = 0; f < NR_LIVE; f++)
		if (!strcmp(name, live_functions[f]))
			return live_functions[f];
	die("live: '%s' is not a function of the module: there are %s, %s and %s", name, live_functions[0],
	    live_functions[1], live_functions[2]);
}

static int switch_functions(char **names, bool on)
{
	need_module();
	for (char **name = names; *name; name++)
		find_function(*name);
	for (char **name = names; *name; name++)
		switch_function(*name, on);
	if (!*names)
		switch_all(on);
	for (int f = 0; f < NR_LIVE && on; f++) {
		const char *reason = live_by_page(live_functions[f]);

		if (reason)
			complain("%s() copies page by page, on or off: %s", live_functions[f], reason);
	}
	return 0;
}

static int switch_nontemporal(void)
{
	const char *tiers;
	char *reason;

	need_module();
	reason = live_by_page(MC_COPY);
	if (reason)
		die("live nontemporal: %s() copies page by page, on or off: %s", MC_COPY, reason);
	tiers = live_tiers();
	if (!tiers)
		die("live nontemporal: %s", why);
	switch_all(true);
	set_parameter("tiers", tiers);
	set_parameter("nontemporal", "Y");
	return 0;
}

/* The side of a function, as it was switched */
static const char *side_of(const char *function)
{
	char *text = live_parameter(function);

	if (!text || *text != 'Y')
		return side_names[LIVE_OFF];
	if (strcmp(function, MC_COPY) || !starts_with(MODULE_DIR "/parameters/nontemporal", 'Y'))
		return side_names[LIVE_ON];
	return side_names[LIVE_NONTEMPORAL];
}

static int status(void)
{
	if (!live_is_loaded()) {
		printf(MODULE " is not loaded\n");
		return 0;
	}
	printf(MODULE " is loaded%s\n", is_complete() ? "" : ", in a transition");
	for (int f = 0; f < NR_LIVE; f++)
		printf("%s %s\n", live_functions[f], side_of(live_functions[f]));
	printf("with the series:\n%s", live_parameter("copies") ?: "?");
	printf("\nsince it was loaded:\n%s\n", live_parameter("counters") ?: "?");
	return 0;
}

enum { O_MODULE = 1, O_UNTESTED };

static const struct option options[] = { { "module", required_argument, NULL, O_MODULE },
					 { "untested", no_argument, NULL, O_UNTESTED },
					 {} };

static void need_root(void)
{
	if (geteuid())
		die("live: for root only: run this with sudo");
}

static int load(void)
{
	char *reason;

	catch_signals();
	reason = load_module(opt.module, opt.untested);
	if (reason)
		die("live load: %s", reason);
	printf(MODULE " is loaded, and off: folio-copy-bench live on\n");
	return 0;
}

static int unload(void)
{
	char *reason;

	if (!live_is_loaded()) {
		printf(MODULE " is not loaded\n");
		return 0;
	}
	catch_signals();
	reason = live_unload();
	if (reason)
		die("live unload: %s", reason);
	printf(MODULE " is unloaded\n");
	return 0;
}

int cmd_live(int argc, char **argv)
{
	const char *verb;
	int o;

	while ((o = next_option(argc, argv, options)) != -1) {
		if (o == O_MODULE)
			opt.module = optarg;
		else
			opt.untested = true;
	}
	if (optind == argc)
		die("live: load, on, off, nontemporal, status or unload?");
	verb = argv[optind++];
	if (!strcmp(verb, "on") || !strcmp(verb, "off"))
		return switch_functions(argv + optind, !strcmp(verb, "on"));
	no_more_arguments(argc, argv);
	if (!strcmp(verb, "nontemporal"))
		return switch_nontemporal();
	if (!strcmp(verb, "status"))
		return status();
	need_root();
	if (!strcmp(verb, "load"))
		return load();
	if (!strcmp(verb, "unload"))
		return unload();
	die("live: '%s' is not load, on, off, nontemporal, status or unload", verb);
}
