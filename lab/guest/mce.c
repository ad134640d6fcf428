// SPDX-License-Identifier: GPL-2.0
/*
 * mce: poison a cache line of a folio, let the kernel migrate the folio or copy it on write, and judge the
 * kernel's state.
 *
 *	mce ROW...
 *
 * A ROW is POSITION.SIZE.CALLER.POISON=OUTCOME. The tables below list the words, lab/machines/mce-rows
 * explains them. lab/host/mce-driver.py, on the host, poisons the line and raises the machine checks.
 *
 * Each row has three folios, next to each other in user space, and poisons the middle one. A line
 * "# row:" holds the findings, and every row is one test point (KTAP).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "mce.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_SIZE     4096UL
#define LINE_SIZE     64UL
#define NR_SUBPAGES   512UL
#define HPAGE_SIZE    (NR_SUBPAGES * PAGE_SIZE)
#define NR_FOLIOS     3
#define VICTIM	      1
#define MPOL_BIND     2
#define MPOL_MF_MOVE  2
#define KPF_HWPOISON  (1ULL << 19)
#define KPF_THP	      (1ULL << 22)
#define KPF_HUGE      (1ULL << 17)
/* How long to wait for a page to be blamed: the kernel does that from a workqueue. */
#define BLAME_MS    15000
#define NO_BLAME_MS 700
#define POLL_MS	    50
/* How long offlining continues after the machine checks: with poison in a THP it retries. */
#define OFFLINE_MS 300
/* Allocations that use up the memory in front of a block of movable memory. */
#define BALLAST_SIZE (2 * HPAGE_SIZE)
#define MAX_BALLAST  100

/* The page of a hugetlb page that is written to: the kernel copies it and those around it last. */
#define FAULT_PAGE 256

static const char *const sizes[] = { "base", "thp", "hugetlb" };
enum size { BASE, THP, HUGETLB, NR_SIZES };

struct position {
	const char *name;
	long in[NR_SIZES]; /* offset in a folio of this size, in bytes; -1: there is no such position */
};

static const struct position positions[] = {
	{ "first", { 0, 0, 0 } },
	{ "before-boundary", { -1, 255 * PAGE_SIZE - LINE_SIZE, -1 } },
	{ "after-boundary", { -1, 255 * PAGE_SIZE, -1 } },
	{ "middle", { PAGE_SIZE / 2, HPAGE_SIZE / 2 + PAGE_SIZE / 2, -1 } },
	{ "beside-fault", { -1, -1, (FAULT_PAGE + 1) * PAGE_SIZE } },
	{ "fault", { -1, -1, FAULT_PAGE *PAGE_SIZE + PAGE_SIZE / 2 } },
	{ "last", { PAGE_SIZE - LINE_SIZE, HPAGE_SIZE - LINE_SIZE, HPAGE_SIZE - LINE_SIZE } },
};

static const char *const callers[] = { "move_pages", "offline", "cow", "demotion" };
enum caller { MOVE_PAGES, OFFLINE, COW, DEMOTION };

/* Nodes of TOPO=2n1c: the memory of the last one is in a slower tier. */
enum { NODE, NEAR_NODE, FAR_NODE };

/* The pool of node 0: four folios, one that is reserved and not used, and two for children. */
#define POOL	 "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"
#define RESERVED "/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages"
#define NR_POOL	 (NR_FOLIOS + 1 + 1 + 2)
#define HUGE_2MB (21 << MAP_HUGE_SHIFT)

/*
 * right	the kernel survives, leaves the folio where it is, and blames the poisoned page
 * neighbour	... but first blames the page before the poisoned page
 * copied	the folio is migrated, and no page is blamed
 * accused	the folio is migrated, but the page that was read at the machine check is blamed
 */
static const char *const outcomes[] = { "right", "neighbour", "copied", "accused" };
enum outcome { RIGHT, NEIGHBOUR, COPIED, ACCUSED };

static struct {
	const struct position *position;
	enum size size_of;
	enum caller caller;
	enum poison poison;
	enum outcome outcome;

	int from, to;		 /* nodes */
	size_t size;		 /* size of a folio */
	unsigned char *mem;	 /* start of all folios */
	unsigned char *line;	 /* poisoned line */
	unsigned char *reserved; /* a hugetlb page that is not used before the end */
	uint64_t pfn;		 /* page frame number of the poisoned page */
	uint64_t seed;

	char returned[32];
	uint64_t blamed[8];
	int nr_blamed;
	char action[64];
	char report[REPORT_SIZE];
} row;

/* Whether the row expects that the folio is migrated in the end, without poison in it. */
static bool is_copied(void)
{
	return row.outcome == COPIED || row.outcome == ACCUSED;
}

static int kmsg, kpageflags, pagemap;
static bool row_ok;

/*
 * Call the driver. It has a breakpoint on the NOP, puts its answer into rax, and resumes the guest
 * behind the NOP. Without a driver, the answer is -1.
 */
static long __attribute__((noinline, noclone))
call_driver(enum call call, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t fifth asm("r8") = d;
	long answer = -1;

	asm volatile(
		".globl driver_call\n"
		"driver_call: nop"
		: "+a"(answer)
		: "D"((uint64_t)call), "S"(a), "d"(b), "c"(c), "r"(fifth)
		: "memory");
	return answer;
}

/* All reads of user space: one function with a symbol, and one load that the driver can take back. */
unsigned char user_read(const unsigned char *p);
asm(".globl user_read\n"
    ".type user_read, @function\n"
    "user_read:\n"
    "	movzbl (%rdi), %eax\n"
    "	ret\n"
    ".size user_read, . - user_read\n");

static void __attribute__((noreturn, format(printf, 1, 2))) bail_out(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! mce: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

/* Notes why the row fails. */
static void __attribute__((format(printf, 1, 2))) wrong(const char *fmt, ...)
{
	va_list ap;

	row_ok = false;
	printf("# wrong: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* Whether tests/mce-detection has asked for this mistake. */
static bool is_planted(const char *mistake)
{
	const char *planted = getenv("LAB_MCE_PLANT");

	return planted && !strcmp(planted, mistake);
}

static int open_or_bail_out(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		bail_out("%s: %s", path, strerror(errno));
	return fd;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* A SIGBUS during a read returns to try_to_read(). */
static sigjmp_buf on_sigbus;
static volatile sig_atomic_t reading;
static siginfo_t sigbus;

static void handle_sigbus(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (!reading) {
		dprintf(STDOUT_FILENO, "Bail out! mce: signal %d, code %d, while nothing was read\n", signal,
			info->si_code);
		_exit(1);
	}
	sigbus = *info;
	siglongjmp(on_sigbus, 1);
}

/* Returns the result of @reader for @p, or -1 after a SIGBUS, whose siginfo is then in sigbus. */
static long try_to_read(long (*reader)(const void *p), const void *p)
{
	volatile long result = -1;

	if (!sigsetjmp(on_sigbus, 1)) {
		reading = 1;
		result = reader(p);
	}
	reading = 0;
	return result;
}

static uint64_t read_entry(int fd, uint64_t index)
{
	uint64_t entry = 0;

	if (pread(fd, &entry, sizeof(entry), index * sizeof(entry)) != sizeof(entry))
		return 0;
	return entry;
}

/* Returns 0 if no page is mapped there. */
static uint64_t pfn_of(const void *p)
{
	uint64_t entry = read_entry(pagemap, (uintptr_t)p / PAGE_SIZE);

	return entry >> 63 ? entry & ((1ULL << 55) - 1) : 0;
}

static bool has_flag(uint64_t pfn, uint64_t flag)
{
	return read_entry(kpageflags, pfn) & flag;
}

static bool cpuinfo_has(const char *field, const char *word)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[4096];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, field, strlen(field)) && strstr(line, word);
	if (f)
		fclose(f);
	return found;
}

/* Without KASLR, the direct map's address depends only on the number of page table levels. */
static uint64_t direct_map(void)
{
	return cpuinfo_has("flags", " la57") ? 0xff11000000000000 : 0xffff888000000000;
}

/*
 * VAL | UC | EN | MISCV | ADDRV | S | AR, data load. S and AR mean nothing on AMD CPUs, but QEMU sets
 * SER_P in MCG_CAP for every vendor, and the kernel then looks for S. On AMD the kernel uses the
 * address only if the Poison bit is set.
 */
static uint64_t mci_status(void)
{
	return 0xbd80000000000134 | (cpuinfo_has("vendor_id", "AuthenticAMD") ? 1UL << 43 : 0);
}

/* Each 8-byte word of a row has a different value. */
static uint64_t pattern(const uint64_t *p)
{
	return (p - (uint64_t *)row.mem + row.seed) * 0x9e3779b97f4a7c15;
}

static unsigned char *folio(int nr)
{
	return row.mem + nr * row.size;
}

static unsigned char *page_of(const unsigned char *p)
{
	return (unsigned char *)((uintptr_t)p & -PAGE_SIZE);
}

static int node_of(void *p)
{
	int status = -1;

	syscall(SYS_move_pages, 0, 1UL, &p, NULL, &status, 0);
	return status;
}

/* Returns the result of move_pages(2), or -errno. */
static long move(int first, int count, int step, int node)
{
	void *pages[NR_FOLIOS];
	int nodes[NR_FOLIOS], status[NR_FOLIOS];
	long ret;

	for (int i = 0; i < count; i++) {
		pages[i] = folio(first + i * step);
		nodes[i] = node;
	}
	ret = syscall(SYS_move_pages, 0, (unsigned long)count, pages, nodes, status, MPOL_MF_MOVE);
	return ret < 0 ? -errno : ret;
}

/* The number of the memory block that a page is in. */
static uint64_t block_of(uint64_t pfn)
{
	uint64_t bytes = 0;
	FILE *f = fopen("/sys/devices/system/memory/block_size_bytes", "r");

	if (!f || fscanf(f, "%lx", &bytes) != 1 || !bytes)
		bail_out("there are no memory blocks: CONFIG_MEMORY_HOTPLUG");
	fclose(f);
	return pfn * PAGE_SIZE / bytes;
}

static int open_block(uint64_t nr, const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/memory/memory%lu/%s", nr, file);
	return open_or_bail_out(path, flags);
}

static bool is_movable(uint64_t nr)
{
	char zone[32] = "";
	int fd = open_block(nr, "valid_zones", O_RDONLY);
	ssize_t n = read(fd, zone, sizeof(zone) - 1);

	close(fd);
	return n > 0 && !strncmp(zone, "Movable\n", n);
}

static long read_reserved(void)
{
	long nr = -1;
	FILE *f = fopen(RESERVED, "r");

	if (!f || fscanf(f, "%ld", &nr) != 1)
		bail_out(RESERVED ": %s", strerror(errno));
	fclose(f);
	return nr;
}

static unsigned char *map_hugetlb(size_t size)
{
	unsigned char *mem =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_2MB, -1, 0);

	if (mem == MAP_FAILED)
		bail_out("mmap of hugetlb pages: %s", strerror(errno));
	return mem;
}

/* A page that was poisoned leaves the pool, so that each row enlarges it again. */
static unsigned char *allocate_hugetlb(size_t size)
{
	int fd = open_or_bail_out(POOL, O_WRONLY);

	dprintf(fd, "%d", NR_POOL);
	close(fd);
	row.reserved = map_hugetlb(HPAGE_SIZE);
	return map_hugetlb(size);
}

/* Returns @size bytes in folios of this row's size, on its node. */
static unsigned char *allocate(size_t size)
{
	unsigned long mask = 1UL << row.from;
	unsigned char *mem;

	if (row.size_of == HUGETLB)
		return allocate_hugetlb(size);
	mem = mmap(NULL, size + HPAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		bail_out("mmap: %s", strerror(errno));
	mem = (unsigned char *)(((uintptr_t)mem + HPAGE_SIZE - 1) & -HPAGE_SIZE);
	if (madvise(mem, size, row.size_of == THP ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		bail_out("madvise: %s", strerror(errno));
	if (syscall(SYS_mbind, mem, size, MPOL_BIND, &mask, 8 * sizeof(mask), 0))
		bail_out("mbind to node %d: %s", row.from, strerror(errno));
	for (unsigned char *p = mem; p < mem + size; p += PAGE_SIZE)
		*p = 1;
	/* Undo the binding: it must not restrict the migration. */
	syscall(SYS_mbind, mem, size, 0, NULL, 0, 0);
	return mem;
}

/*
 * The poisoned page and the fourth folio are in one movable block, which is not the last one: the
 * zone's first block may be shared with another zone, and its last block has the node's memory map.
 */
static bool can_offline(void)
{
	uint64_t block = block_of(row.pfn);

	return is_movable(block) && is_movable(block + 1) && block_of(pfn_of(folio(NR_FOLIOS))) == block;
}

static bool is_of_size(uint64_t pfn)
{
	return has_flag(pfn, KPF_THP) == (row.size_of == THP) && has_flag(pfn, KPF_HUGE) == (row.size_of == HUGETLB);
}

static void set_up(void)
{
	const size_t all = (NR_FOLIOS + 1) * row.size;
	unsigned char *ballast[MAX_BALLAST];
	int nr = 0;

	row.mem = allocate(all);
	for (;;) {
		row.line = folio(VICTIM) + row.position->in[row.size_of];
		row.pfn = pfn_of(row.line);
		if (row.caller != OFFLINE || can_offline())
			break;
		if (nr == MAX_BALLAST)
			bail_out("node %d has no block of movable memory: kernelcore=", row.from);
		ballast[nr++] = row.mem;
		ballast[nr++] = allocate(BALLAST_SIZE);
		row.mem = allocate(all);
	}
	while (nr--)
		munmap(ballast[nr], nr % 2 ? BALLAST_SIZE : all);
	for (uint64_t *p = (uint64_t *)row.mem; p < (uint64_t *)(row.mem + all); p++)
		*p = pattern(p);
	row.pfn = pfn_of(row.line);
	for (int i = 0; i < NR_FOLIOS; i++)
		if (node_of(folio(i)) != row.from || !is_of_size(pfn_of(folio(i))))
			bail_out("folio %d is not a %s folio of node %d", i, sizes[row.size_of], row.from);
}

static void arm(void)
{
	uint64_t direct = direct_map() + row.pfn * PAGE_SIZE + ((uintptr_t)row.line & (PAGE_SIZE - 1));

	if (is_planted("unarmed"))
		return;
	if (is_planted("nonsense"))
		call_driver(CALL_MODULE + 1, 0, 0, 0, 0);
	if (call_driver(CALL_ARM, direct, (uintptr_t)row.line, row.poison, mci_status()))
		bail_out("there is no driver: lab/host/run needs DRIVER=mce-driver");
}

static bool is_poisoned(const void *p)
{
	return (uintptr_t)p / LINE_SIZE == (uintptr_t)row.line / LINE_SIZE && !is_copied();
}

/* The number of bytes of the page that have changed, poisoned line excluded. */
static long count_lost(const void *page)
{
	const uint64_t *first = page;
	long lost = 0;

	for (const uint64_t *p = first; p < first + PAGE_SIZE / sizeof(*p); p++)
		for (int i = 0; !is_poisoned(p) && i < 64; i += 8)
			lost += (*(volatile const uint64_t *)p ^ pattern(p)) >> i & 0xff ? 1 : 0;
	return lost;
}

/* Whether the kernel takes this page away from the process. A hugetlb page goes as a whole. */
static bool is_taken(const unsigned char *page)
{
	if (is_copied())
		return false;
	if (row.size_of == HUGETLB)
		return page >= folio(VICTIM) && page < folio(VICTIM + 1);
	return page == page_of(row.line);
}

/* Checks all contents but the poisoned line, and what the kernel has taken away. */
static bool verify_contents(const char *when)
{
	bool intact = true;

	for (unsigned char *page = row.mem; page < row.mem + NR_FOLIOS * row.size; page += PAGE_SIZE) {
		long lost = try_to_read(count_lost, page);

		if (!lost || (lost < 0 && is_taken(page)))
			continue;
		if (intact)
			wrong("%s: page %zu of folio %zu: %ld bytes are lost", when,
			      (size_t)(page - row.mem) % row.size / PAGE_SIZE, (size_t)(page - row.mem) / row.size,
			      lost < 0 ? (long)PAGE_SIZE : lost);
		intact = false;
	}
	return intact;
}

static void note_blame(uint64_t pfn)
{
	for (int i = 0; i < row.nr_blamed; i++)
		if (row.blamed[i] == pfn)
			return;
	if (row.nr_blamed < (int)ARRAY_SIZE(row.blamed))
		row.blamed[row.nr_blamed++] = pfn;
}

/* Reads the kernel messages about memory failures since the last call. */
static void read_blame(void)
{
	char record[8192], *text;
	uint64_t pfn;
	ssize_t len;

	while ((len = read(kmsg, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		if (len <= 0) {
			wrong("kernel messages were lost unread");
			errno = 0;
			continue;
		}
		record[len] = '\0';
		text = strstr(record, ";Memory failure: 0x");
		if (!text || sscanf(text, ";Memory failure: 0x%lx", &pfn) != 1)
			continue;
		note_blame(pfn);
		text = strstr(text, "recovery action for ");
		if (text && !*row.action) {
			text[strcspn(text, "\n")] = '\0';
			snprintf(row.action, sizeof(row.action), "%s", text + strlen("recovery action for "));
			for (char *p = row.action; *p; p++)
				if (*p == ' ')
					*p = '-';
		}
	}
}

static void interrupt_offline(int signal)
{
	(void)signal;
}

static void *write_offline(void *unused)
{
	int fd = open_block(block_of(row.pfn), "state", O_WRONLY);

	(void)unused;
	snprintf(row.returned, sizeof(row.returned), "%s",
		 write(fd, "offline", 7) == 7 ? "offline"
		 : errno == EINTR	      ? "interrupted"
					      : strerrorname_np(errno));
	close(fd);
	return NULL;
}

/* The kernel's count of machine checks since boot. */
static unsigned long machine_checks(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	unsigned long sum = 0, n;
	char line[512], *p;

	while (f && fgets(line, sizeof(line), f)) {
		p = strstr(line, "MCE:");
		for (int len; p && sscanf(p, p[0] == 'M' ? "MCE: %lu%n" : "%lu%n", &n, &len) == 1; p += len)
			sum += n;
	}
	if (f)
		fclose(f);
	return sum;
}

static void move_all(void)
{
	snprintf(row.returned, sizeof(row.returned), "%ld", move(0, NR_FOLIOS, 1, row.to));
}

/*
 * Offlining retries until it succeeds or a signal arrives. It must not succeed: memory_failure() waits
 * for its end, and would then find wiped struct pages, which can kill v7.3. So a pipe pins a page of
 * the fourth folio, in the same block, and a signal ends the offlining after a while.
 */
static void offline(void)
{
	const unsigned long before = machine_checks();
	struct iovec page = { folio(NR_FOLIOS), PAGE_SIZE };
	pthread_t thread;
	int pipe[2];

	if (pipe2(pipe, O_CLOEXEC))
		bail_out("pipe: %s", strerror(errno));
	if (vmsplice(pipe[1], &page, 1, 0) != (ssize_t)PAGE_SIZE)
		bail_out("vmsplice: %s", strerror(errno));
	if (pthread_create(&thread, NULL, write_offline, NULL))
		bail_out("pthread_create: %s", strerror(errno));
	for (int ms = 0; ms < BLAME_MS && machine_checks() < before + 2; ms += POLL_MS)
		sleep_ms(POLL_MS);
	sleep_ms(OFFLINE_MS);
	if (!*row.returned)
		pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	close(pipe[0]);
	close(pipe[1]);
}

/* A child of this process writes to a hugetlb page. Its exit status tells which signal it got. */
static int write_in_child(unsigned char *at)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		sigbus.si_code = 0;
		if (!sigsetjmp(on_sigbus, 1)) {
			reading = 1;
			*(volatile unsigned char *)at = 1;
		}
		_exit(!sigbus.si_code ? 0 : sigbus.si_code == BUS_MCEERR_AR && sigbus.si_addr == at ? 1 : 2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		bail_out("the child ended with status %#x", status);
	return WEXITSTATUS(status);
}

static void copy_on_write(void)
{
	static const char *const results[] = { "0", "SIGBUS", "another-SIGBUS" };
	long reserved = read_reserved();

	snprintf(row.returned, sizeof(row.returned), "%s",
		 results[write_in_child(folio(VICTIM) + FAULT_PAGE * PAGE_SIZE + PAGE_SIZE / 4)]);
	if (read_reserved() != reserved)
		wrong("%ld pages of the pool are reserved, and %ld were before", read_reserved(), reserved);
}

static void wait_for_blame(void)
{
	const int limit = row.outcome == COPIED ? NO_BLAME_MS : BLAME_MS;

	for (int ms = 0; ms < limit; ms += POLL_MS) {
		sleep_ms(POLL_MS);
		read_blame();
		if (row.outcome != COPIED && *row.action)
			break;
	}
}

/* Whether the row expects blame for this page. With NEIGHBOUR, the poisoned page is blamed second. */
static bool is_suspect(uint64_t pfn)
{
	return (pfn == row.pfn && row.outcome != COPIED) || (pfn == row.pfn - 1 && row.outcome == NEIGHBOUR);
}

static void judge_blame(void)
{
	uint64_t first = row.outcome == NEIGHBOUR ? row.pfn - 1 : row.pfn;

	for (int i = 0; i < row.nr_blamed; i++)
		if (!is_suspect(row.blamed[i]))
			wrong("page 0x%lx is blamed, and the poison is in 0x%lx", row.blamed[i], row.pfn);
	if (row.outcome != COPIED && (!row.nr_blamed || row.blamed[0] != first))
		wrong("page 0x%lx is not the first to be blamed", first);
}

/* A hugetlb page that could not be split into its pages is marked as a whole. */
static bool may_be_marked(uint64_t pfn)
{
	return is_suspect(pfn) ||
	       (row.size_of == HUGETLB && !is_copied() && pfn / NR_SUBPAGES == row.pfn / NR_SUBPAGES);
}

static void judge_flag(uint64_t pfn, const char *what)
{
	if (pfn && !may_be_marked(pfn) && has_flag(pfn, KPF_HWPOISON))
		wrong("page 0x%lx, of the %s, is marked in kpageflags", pfn, what);
}

/* Checks all pages of the process, and the source pages of the folios. */
static void judge_flags(const uint64_t *source)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && end < 1UL << 47)
			for (; start < end; start += PAGE_SIZE)
				judge_flag(pfn_of((void *)start), "process");
	if (maps)
		fclose(maps);
	for (size_t i = 0; i < NR_FOLIOS * row.size / PAGE_SIZE; i++)
		judge_flag(source[i], "source");
}

static long read_byte(const void *p)
{
	return user_read(p);
}

static const char *judge_user_read(void)
{
	static char text[64];

	if (try_to_read(read_byte, row.line) >= 0) {
		if (!is_copied())
			wrong("the poisoned line can be read: there is no SIGBUS");
		return "no";
	}
	snprintf(text, sizeof(text), "%s", sigbus.si_code == BUS_MCEERR_AR ? "BUS_MCEERR_AR" : "other");
	if (is_copied())
		wrong("SIGBUS for a page that is not poisoned");
	if (sigbus.si_code != BUS_MCEERR_AR)
		wrong("SIGBUS has the code %d instead of BUS_MCEERR_AR", sigbus.si_code);
	if (page_of(sigbus.si_addr) != page_of(row.line))
		wrong("SIGBUS is for %p instead of %p", sigbus.si_addr, row.line);
	return text;
}

/* Checks that the two healthy folios of the row can still be migrated, in both directions, or copied on write. */
static const char *judge_others(void)
{
	long first, second;

	if (row.caller == COW) {
		if (!write_in_child(folio(0)) && !write_in_child(folio(VICTIM + 1)) &&
		    try_to_read(read_byte, row.reserved) == 0)
			return "copied";
		wrong("others: a child could not write to them, or the reserved page was gone");
		return "stuck";
	}
	first = move(0, 2, VICTIM + 1, row.from);
	second = move(0, 2, VICTIM + 1, row.to);
	if (!first && !second && node_of(folio(0)) == row.to && node_of(folio(2)) == row.to)
		return "moved";
	wrong("others: move_pages() returned %ld and %ld, nodes are %d and %d", first, second, node_of(folio(0)),
	      node_of(folio(2)));
	return "stuck";
}

static void judge_caller(void)
{
	const char *want = is_copied() ? "0" : "1";

	if (row.caller == OFFLINE)
		want = "interrupted";
	if (row.caller == COW && !is_copied())
		want = "SIGBUS";
	if (strcmp(row.returned, want))
		wrong("%s returned %s instead of %s", callers[row.caller], row.returned, want);
	if (is_copied() && row.caller != COW && node_of(row.line) != row.to)
		wrong("the folio is on node %d instead of %d", node_of(row.line), row.to);
}

static uint64_t *source_pfns(void)
{
	size_t nr = NR_FOLIOS * row.size / PAGE_SIZE;
	uint64_t *pfns = calloc(nr, sizeof(*pfns));

	for (size_t i = 0; pfns && i < nr; i++)
		pfns[i] = pfn_of(row.mem + i * PAGE_SIZE);
	if (!pfns)
		bail_out("out of memory");
	return pfns;
}

static void run_row(const char *name)
{
	static void (*const act[])(void) = { move_all, offline, copy_on_write, move_all };
	const char *read, *others, *marked;
	uint64_t *pfns;
	bool intact;

	row_ok = true;
	printf("# begin: %s\n", name);
	set_up();
	pfns = source_pfns();
	read_blame();
	row.nr_blamed = 0;
	*row.action = '\0';

	arm();
	act[row.caller]();
	wait_for_blame();
	judge_caller();
	intact = verify_contents("after the copy");
	if (is_planted("forget"))
		call_driver(CALL_DISARM, 0, 0, 0, 0);
	read = judge_user_read();
	if (call_driver(CALL_REPORT, (uintptr_t)row.report, 0, 0, 0) <= 0)
		wrong("there was no machine check");
	else if (strstr(row.report, "in=user_read"))
		wrong("the kernel has not read the poisoned line");
	call_driver(CALL_DISARM, 0, 0, 0, 0);
	others = judge_others();
	intact = verify_contents("at the end") && intact;
	read_blame();
	judge_blame();
	judge_flags(pfns);
	marked = has_flag(row.pfn, KPF_HWPOISON) ? "poisoned-page" : "none";

	printf("# row: %s kernel=alive returned=%s poisoned=0x%lx blamed=", name, row.returned, row.pfn);
	for (int i = 0; i < row.nr_blamed; i++)
		printf("%s0x%lx", i ? "," : "", row.blamed[i]);
	printf("%s action=%s kpageflags=%s sigbus=%s contents=%s others=%s %s\n", row.nr_blamed ? "" : "nobody",
	       *row.action ? row.action : "none", marked, read, intact ? "intact" : "lost", others, row.report);
	munmap(row.mem, (NR_FOLIOS + 1) * row.size);
	if (row.reserved)
		munmap(row.reserved, HPAGE_SIZE);
	free(pfns);
}

/* The index of the word in TABLE. */
static int find(const char *word, const char *const table[], size_t nr, const char *spec)
{
	for (size_t i = 0; word && i < nr; i++)
		if (!strcmp(word, table[i]))
			return i;
	bail_out("%s: no '%s'", spec, word ? word : "");
}

static void parse(const char *spec)
{
	char copy[128], *position;

	memset(&row, 0, sizeof(row));
	snprintf(copy, sizeof(copy), "%s", spec);
	position = strtok(copy, ".=");
	for (size_t i = 0; position && i < ARRAY_SIZE(positions); i++)
		if (!strcmp(position, positions[i].name))
			row.position = &positions[i];
	if (!row.position)
		bail_out("%s: no such position", spec);
	row.size_of = find(strtok(NULL, ".="), sizes, ARRAY_SIZE(sizes), spec);
	row.caller = find(strtok(NULL, ".="), callers, ARRAY_SIZE(callers), spec);
	row.poison = find(strtok(NULL, ".="), poison_names, ARRAY_SIZE(poison_names), spec);
	row.outcome = find(strtok(NULL, ".="), outcomes, ARRAY_SIZE(outcomes), spec);
	if (row.position->in[row.size_of] < 0 || (row.size_of == HUGETLB) != (row.caller == COW))
		bail_out("%s: there is no such row", spec);
	row.size = row.size_of == BASE ? PAGE_SIZE : HPAGE_SIZE;
}

/* The kernel tells root where a module is. */
static void show_module(void)
{
	FILE *f = fopen("/sys/module/folio_copy_live/sections/.text", "r");
	unsigned long text = 0;

	if (!f)
		return;
	if (fscanf(f, "%lx", &text) != 1 || !text || call_driver(CALL_MODULE, text, 0, 0, 0))
		bail_out("the driver does not know folio_copy_live");
	fclose(f);
}

int main(int argc, char *argv[])
{
	struct sigaction bus = { .sa_sigaction = handle_sigbus, .sa_flags = SA_SIGINFO };
	/* Without SA_RESTART, so that the signal interrupts the write that offlines. */
	struct sigaction interrupt = { .sa_handler = interrupt_offline };

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGUSR1, &interrupt, NULL);
	kmsg = open_or_bail_out("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	kpageflags = open_or_bail_out("/proc/kpageflags", O_RDONLY);
	pagemap = open_or_bail_out("/proc/self/pagemap", O_RDONLY);

	show_module();
	ktap_plan(argc - 1);
	for (int i = 1; i < argc; i++) {
		parse(argv[i]);
		row.seed = i * 0x10001;
		row.from = NODE;
		row.to = row.caller == DEMOTION ? FAR_NODE : NEAR_NODE;
		run_row(argv[i]);
		ktap_point(row_ok, "%s", argv[i]);
	}
	return 0;
}
