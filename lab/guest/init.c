// SPDX-License-Identifier: GPL-2.0
/*
 * init: PID 1 of the lab's guest. Runs the tests named in LAB_TESTS, watches the kernel's health,
 * and reports.
 *
 * Two virtio-serial ports lead out of the guest. The output of the tests goes to lab.output. The
 * events go to lab.verdict, one per line:
 *
 *	boot				user space has come up
 *	start TEST
 *	fault TEST TEXT			the kernel complained while TEST ran; any number of these
 *	end TEST STATUS BYTES		STATUS is exit=N, signal=N or timeout=SECONDS; lab.output has BYTES so
 *					far, so that the host can tell the output of the tests apart
 *	missing TEST			there is no such test in the initramfs
 *	done				all tests have been run
 *
 * Only one process at a time can open a port, and PID 1 keeps both open, so no test can write to
 * them. Console output is never part of the verdict.
 *
 * A test declares in its first lines the effects on the kernel that it may have, one directive per
 * line:
 *
 *	# lab: allow-taint=OM		these taint flags
 *	# lab: allow-kmsg=REGEX		kernel messages that match this extended regular expression
 *	# lab: timeout=SECONDS		instead of DEFAULT_TIMEOUT
 *	# lab: programs=NAME...		for lab/host/run: add these programs of the host to the guest
 *	# lab: thread=single		for lab/host/run: emulate all CPUs in one thread
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* lab/host/run reads this line, too, and adds up the time limits of the tests. */
#define DEFAULT_TIMEOUT 120
#define TEST_DIR	"/lab/tests/"
#define MAX_ALLOWED	8

/*
 * Messages by which the kernel complains about itself. Only some of them cause a panic with
 * panic_on_warn.
 */
static const char complaint_pattern[] =
	"BUG:|BUG at|WARNING:|INFO: |cut here|Call Trace:|Oops|Kernel panic|general protection fault|"
	"unable to handle|sleeping function called|DEBUG_LOCKS_WARN_ON|self-detected stall|detected stalls|"
	"lockup|UBSAN:|nobody cared|scheduling while atomic|Bad page|double fault|traps: PANIC";

/* The letters of the taint flags, from bit 0 on. */
static const char taint_letters[] = "PFSRMBUDAWCIOELKXTNJ";

struct test {
	const char *name;
	char path[256];
	int timeout;
	unsigned long allow_taint;
	int nr_allowed;
	regex_t allowed_kmsg[MAX_ALLOWED];
};

static int verdict_fd, output_fd, kmsg_fd;
static unsigned long long output_bytes;
static unsigned long known_taint;
static bool lockdep_known_off;
static bool distribution;
static regex_t complaint;

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* PID 1 cannot report any more: power off. The host fails the run, because "done" is missing. */
static void __attribute__((noreturn)) give_up(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
	power_off();
}

static void write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			give_up("writing to the host");
		buf += n;
		len -= n;
	}
}

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	write_all(verdict_fd, line, len);
}

static void mount_filesystems(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "devtmpfs", "/dev" },
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "cgroup2", "/sys/fs/cgroup" },
		{ "tmpfs", "/dev/shm" },
		{ "tmpfs", "/tmp" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL))
			give_up(mounts[i].where);
	}
}

static bool port_is(const char *device, const char *name)
{
	char path[300], found[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", device);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (fgets(found, sizeof(found), f))
		found[strcspn(found, "\n")] = '\0';
	fclose(f);
	return !strcmp(found, name);
}

static int try_port(const char *name)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	char path[300];
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (!port_is(entry->d_name, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* A port gets its name only some time after the probe of its device. */
static int open_port(const char *name)
{
	for (int tries = 0; tries < 500; tries++) {
		int fd = try_port(name);

		if (fd >= 0)
			return fd;
		usleep(10000);
	}
	give_up(name);
}

static void open_channels(void)
{
	verdict_fd = open_port("lab.verdict");
	output_fd = open_port("lab.output");
	kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg_fd < 0)
		give_up("/dev/kmsg");
}

static unsigned long taint_mask(const char *letters)
{
	unsigned long mask = 0;

	for (; *letters; letters++) {
		const char *p = strchr(taint_letters, *letters);

		if (p)
			mask |= 1UL << (p - taint_letters);
	}
	return mask;
}

static void read_directive(struct test *test, const char *text)
{
	const char *value = strchr(text, '=');

	if (!value++) {
		say("fault %s cannot read its directive: %s", test->name, text);
	} else if (!strncmp(text, "allow-taint=", value - text)) {
		test->allow_taint |= taint_mask(value);
	} else if (!strncmp(text, "timeout=", value - text)) {
		test->timeout = atoi(value);
	} else if (!strncmp(text, "programs=", value - text) || !strcmp(text, "thread=single")) {
		return;
	} else if (strncmp(text, "allow-kmsg=", value - text) || test->nr_allowed == MAX_ALLOWED ||
		   regcomp(&test->allowed_kmsg[test->nr_allowed], value, REG_EXTENDED | REG_NOSUB)) {
		say("fault %s cannot read its directive: %s", test->name, text);
	} else {
		test->nr_allowed++;
	}
}

/* This also runs on binaries: no line of theirs looks like a directive. */
static void read_directives(struct test *test)
{
	static const char mark[] = "# lab: ";
	FILE *f = fopen(test->path, "r");
	char line[512];

	for (int i = 0; f && i < 30 && fgets(line, sizeof(line), f); i++) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, mark, strlen(mark)))
			read_directive(test, line + strlen(mark));
	}
	if (f)
		fclose(f);
}

static bool is_allowed(const struct test *test, const char *text)
{
	for (int i = 0; i < test->nr_allowed; i++)
		if (!regexec(&test->allowed_kmsg[i], text, 0, NULL, 0))
			return true;
	return false;
}

/*
 * A record is "priority,sequence,time,flags;text", then lines with key=value. User space may write
 * records, too, but not with the kernel's facility, which is 0.
 */
static void judge_messages(const struct test *test)
{
	char record[8192];
	ssize_t len;

	for (;;) {
		char *text;

		len = read(kmsg_fd, record, sizeof(record) - 1);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EPIPE) {
			say("fault %s kernel messages were lost unread", test->name);
			continue;
		}
		if (len <= 0)
			return;
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text++ || strtoul(record, NULL, 10) >> 3)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (!regexec(&complaint, text, 0, NULL, 0) && !is_allowed(test, text))
			say("fault %s kernel message: %s", test->name, text);
	}
}

/* A kernel that signs its modules also taints itself as E (unsigned) for a module built elsewhere. */
static unsigned long allowed_taint(const struct test *test)
{
	if (distribution && (test->allow_taint & taint_mask("O")))
		return test->allow_taint | taint_mask("E");
	return test->allow_taint;
}

static void judge_taint(const struct test *test)
{
	unsigned long taint = 0, new;
	FILE *f = fopen("/proc/sys/kernel/tainted", "r");

	if (!f || fscanf(f, "%lu", &taint) != 1)
		say("fault %s cannot read /proc/sys/kernel/tainted", test->name);
	if (f)
		fclose(f);
	new = taint & ~known_taint & ~allowed_taint(test);
	known_taint |= taint;
	for (size_t i = 0; i < sizeof(taint_letters) - 1; i++)
		if (new &(1UL << i))
			say("fault %s kernel tainted: %c", test->name, taint_letters[i]);
}

/*
 * Lockdep turns itself off after its first report. A machine check turns it off as well, without a
 * report. So a test that allows machine checks (M) and has had one is not blamed.
 */
static void judge_lockdep(const struct test *test)
{
	FILE *f = fopen("/proc/lockdep_stats", "r");
	char line[256];
	int on = -1;

	while (f && on < 0 && fgets(line, sizeof(line), f))
		sscanf(line, " debug_locks: %d", &on);
	if (f)
		fclose(f);
	if (on < 0)
		say("fault %s cannot read the state of lockdep", test->name);
	if (!on && !lockdep_known_off) {
		lockdep_known_off = true;
		if (!(test->allow_taint & known_taint & taint_mask("M")))
			say("fault %s lockdep found something and turned itself off", test->name);
	}
}

static void judge_kernel(const struct test *test)
{
	judge_messages(test);
	judge_taint(test);
	if (!distribution)
		judge_lockdep(test);
}

/*
 * A distribution's kernel has no lockdep, and its pvpanic is a module, without which a panic does not end QEMU.
 * LAB_KERNEL, set by lab/host/run, says which kernel this is. The kernel itself cannot tell: a lab kernel without
 * lockdep is a fault.
 */
static void prepare_distribution(void)
{
	const char *kernel = getenv("LAB_KERNEL");

	distribution = kernel && !strncmp(kernel, "debian", strlen("debian"));
	if (distribution && system("modprobe pvpanic-pci"))
		give_up("modprobe pvpanic-pci");
}

/*
 * The taint S is allowed: a CPU class may force CPU features on the kernel (setcpuid=). So is N with 6.12, which runs
 * KUnit's tests at boot: it has no CONFIG_KUNIT_AUTORUN_ENABLED.
 */
static void judge_boot(void)
{
	struct test boot = { .name = "boot", .allow_taint = taint_mask("S") };
	const char *kernel = getenv("LAB_KERNEL");

	if (kernel && !strcmp(kernel, "6.12"))
		boot.allow_taint |= taint_mask("N");

	if (regcomp(&complaint, complaint_pattern, REG_EXTENDED | REG_NOSUB))
		give_up("complaint_pattern");
	say("boot");
	/* A kernel with mitigations warns of those that the CPU model does not support. */
	if (distribution)
		read_directive(&boot, "allow-kmsg=WARNING: See https://[^ ]*/hw-vuln/");
	judge_kernel(&boot);
}

static pid_t spawn(const struct test *test, int out)
{
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		setsid();
		dup2(null, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		execl(test->path, test->path, NULL);
		dprintf(STDERR_FILENO, "# cannot execute %s: %s\n", test->path, strerror(errno));
		_exit(127);
	}
	return pid;
}

static int milliseconds_until(const struct timespec *deadline)
{
	struct timespec now;
	long long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (deadline->tv_sec - now.tv_sec) * 1000LL + (deadline->tv_nsec - now.tv_nsec) / 1000000;
	return ms > 0 ? ms : 0;
}

/* Returns false at the end of the output. */
static bool pass_on_output(int in)
{
	char buf[4096];
	ssize_t n = read(in, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	write_all(output_fd, buf, n);
	output_bytes += n;
	return true;
}

/* Returns whether the test ended by itself. A long test may fill the kernel's log, so its messages are read meanwhile. */
static bool wait_for(const struct test *test, pid_t pid, int out)
{
	struct pollfd fds[] = {
		{ .fd = out, .events = POLLIN },
		{ .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN },
		{ .fd = kmsg_fd, .events = POLLIN },
	};
	struct timespec deadline;
	bool ended = false;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += test->timeout;
	while (!ended) {
		int ready = poll(fds, ARRAY_SIZE(fds), milliseconds_until(&deadline));

		if (!ready)
			break;
		if (fds[0].revents && !pass_on_output(out))
			fds[0].fd = -1;
		if (fds[2].revents)
			judge_messages(test);
		ended = fds[1].revents;
	}
	close(fds[1].fd);
	return ended;
}

/* Kill all processes that the test has left behind. */
static void clean_up(int out)
{
	kill(-1, SIGKILL);
	while (pass_on_output(out))
		;
	close(out);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void run(struct test *test)
{
	char status[64];
	int out[2], code = 0;
	bool ended;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		give_up("pipe");
	pid = spawn(test, out[1]);
	close(out[1]);
	ended = wait_for(test, pid, out[0]);
	if (!ended)
		kill(pid, SIGKILL);
	waitpid(pid, &code, 0);
	clean_up(out[0]);

	if (!ended)
		snprintf(status, sizeof(status), "timeout=%d", test->timeout);
	else if (WIFSIGNALED(code))
		snprintf(status, sizeof(status), "signal=%d", WTERMSIG(code));
	else
		snprintf(status, sizeof(status), "exit=%d", WEXITSTATUS(code));
	judge_kernel(test);
	say("end %s %s %llu", test->name, status, output_bytes);
}

static void run_tests(char *names)
{
	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		struct test test = { .name = name, .timeout = DEFAULT_TIMEOUT };

		snprintf(test.path, sizeof(test.path), TEST_DIR "%s", name);
		if (access(test.path, F_OK)) {
			say("missing %s", name);
			continue;
		}
		say("start %s", name);
		read_directives(&test);
		run(&test);
		for (int i = 0; i < test.nr_allowed; i++)
			regfree(&test.allowed_kmsg[i]);
	}
}

int main(void)
{
	const char *tests = getenv("LAB_TESTS");

	setenv("PATH", "/bin:/lab/bin", 1);
	mount_filesystems();
	open_channels();
	prepare_distribution();
	judge_boot();
	run_tests(strdup(tests ? tests : ""));
	say("done");
	power_off();
}
