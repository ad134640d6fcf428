// SPDX-License-Identifier: GPL-2.0
/*
 * mce-driver: poison a line of the guest's memory, and raise a machine check for whoever reads it.
 *
 *	mce-driver SOCKET SYMBOLS...
 *
 * Runs on the host, next to a QEMU that was started with -S and a gdbstub at SOCKET (lab/run with
 * DRIVER set), and speaks gdb's remote protocol. SYMBOLS are lists in the format of System.map: the
 * kernel's, and that of lab/mce.c, the guest's side, whose label driver_call is where the
 * driver is told what to do (lab/mce.h).
 *
 * A poisoned line is watched for reads at both of its virtual addresses. QEMU stops behind the
 * instruction that has read it; for REP MOVS, behind one of its iterations. The instruction or the
 * iteration is taken back, and a machine check is pending when the CPU goes on: nobody has used
 * what was read. That the CPU does enter the handler there and then is verified each time.
 *
 * Prints a line per event. Ends with 0 when the guest is gone, or with 1 and the reason.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <asm/insn.h>

#include "mce.h"
#include "symbols.h"

#define LINE_SIZE	64
#define ANSWER_MS	30000

/* LMCES | MCIP | EIPV | RIPV: for this CPU alone, which can be restarted. */
#define MCG_STATUS	"0xf"
/* A physical address, and its line. */
#define MCI_MISC	"0x86"
#define MCI_BANK	9

/* Register numbers of the remote protocol. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, RIP = 16 };

/* The types of the remote protocol's Z packets. */
enum { BREAKPOINT = 1, WATCH_WRITE = 2, WATCH_READ = 3 };

static int stub = -1;
static char packet[1 << 16];

/* Watched addresses, while they are. */
struct watch {
	int type;
	uint64_t addr;
};

static struct {
	enum poison mode;
	uint64_t mci_status;		/* of its machine checks */
	uint64_t phys;			/* of the poisoned line */
	uint64_t direct, user;		/* its virtual addresses */
	struct watch watches[2];
	unsigned int nr_mces;
	char where[256];
} row;

/* The machine check that was injected and has not been taken yet. */
static struct {
	bool pending;
	int cpu;
	uint64_t rip;
} injected;

static uint64_t call_site, mc_handler;

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	printf("error: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

static uint64_t address_of(const char *name)
{
	const struct symbol *s = find_symbol(name);

	if (!s)
		fail("no symbol %s", name);
	return s->addr;
}

/* The function that the byte before ADDR belongs to. */
static const struct symbol *function_before(uint64_t addr)
{
	size_t i = nr_symbols;

	while (i && symbols[i - 1].addr >= addr)
		i--;
	if (!i)
		fail("no function at 0x%lx", addr);
	return &symbols[i - 1];
}

static void connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		fail("%s is too long for the name of a socket", path);
	strcpy(addr.sun_path, path);
	stub = socket(AF_UNIX, SOCK_STREAM, 0);
	for (int tries = 0; connect(stub, (struct sockaddr *)&addr, sizeof(addr)); tries++) {
		if (tries == 1000)
			fail("%s: %s", path, strerror(errno));
		usleep(10000);
	}
}

/* Returns the next byte, or -1 at the end. TIMEOUT is in milliseconds, or -1 for none. */
static int receive_byte(int timeout)
{
	static unsigned char buf[4096];
	static ssize_t len, pos;
	struct pollfd fd = { .fd = stub, .events = POLLIN };

	if (pos == len) {
		if (!poll(&fd, 1, timeout))
			fail("no answer from QEMU within %d s", timeout / 1000);
		len = read(stub, buf, sizeof(buf));
		pos = 0;
		if (len <= 0) {
			len = 0;
			return -1;
		}
	}
	return buf[pos++];
}

static bool send_all(const char *text, size_t len)
{
	return send(stub, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Fills packet[]. Returns false at the end of the connection. */
static bool receive(int timeout)
{
	size_t len = 0;
	int c;

	while ((c = receive_byte(timeout)) != '$')
		if (c < 0)
			return false;
	while ((c = receive_byte(ANSWER_MS)) != '#') {
		if (c < 0)
			return false;
		if (len == sizeof(packet) - 1)
			fail("QEMU sent a packet that is too long");
		packet[len++] = c;
	}
	packet[len] = '\0';
	/* A checksum does not say anything about a local socket. */
	receive_byte(ANSWER_MS);
	receive_byte(ANSWER_MS);
	return send_all("+", 1);
}

static void __attribute__((format(printf, 1, 2))) transmit(const char *fmt, ...)
{
	char text[8192];
	unsigned char sum = 0;
	va_list ap;
	int len;

	text[0] = '$';
	va_start(ap, fmt);
	len = 1 + vsnprintf(text + 1, sizeof(text) - 8, fmt, ap);
	va_end(ap);
	for (int i = 1; i < len; i++)
		sum += text[i];
	len += sprintf(text + len, "#%02x", sum);
	send_all(text, len);
}

/* An answer that must come. */
static void receive_answer(void)
{
	if (!receive(ANSWER_MS))
		fail("QEMU has gone while the guest was stopped");
}

static void expect_ok(const char *what)
{
	receive_answer();
	if (strcmp(packet, "OK"))
		fail("QEMU refused to %s: '%s'", what, packet);
}

static unsigned int hex_byte(const char *s)
{
	unsigned int byte = 0;

	sscanf(s, "%2x", &byte);
	return byte;
}

static uint64_t get_register(int nr)
{
	uint64_t value = 0;

	transmit("p%x", nr);
	receive_answer();
	if (strlen(packet) != 16)
		fail("register %d: '%s'", nr, packet);
	for (int i = 7; i >= 0; i--)
		value = value << 8 | hex_byte(packet + 2 * i);
	return value;
}

static void set_register(int nr, uint64_t value)
{
	transmit("P%x=%016lx", nr, __builtin_bswap64(value));
	expect_ok("set a register");
}

/* Returns how much could be read. */
static size_t read_memory(uint64_t addr, unsigned char *buf, size_t len)
{
	size_t got;

	transmit("m%lx,%zx", addr, len);
	receive_answer();
	got = packet[0] == 'E' ? 0 : strlen(packet) / 2;
	for (size_t i = 0; i < got; i++)
		buf[i] = hex_byte(packet + 2 * i);
	return got;
}

static void write_memory(uint64_t addr, const char *text, size_t len)
{
	char hex[2 * sizeof(row.where) + 256];

	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)text[i]);
	transmit("M%lx,%zx:%s", addr, len, hex);
	expect_ok("write to the guest's memory");
}

/* A command of QEMU's monitor. Its output is in the buffer that is returned. */
static const char *__attribute__((format(printf, 1, 2))) monitor(const char *fmt, ...)
{
	static char output[4096];
	char command[256], hex[2 * sizeof(command) + 1];
	size_t len = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i <= strlen(command); i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)command[i]);
	hex[2 * strlen(command)] = '\0';
	transmit("qRcmd,%s", hex);
	for (;;) {
		receive_answer();
		if (packet[0] != 'O' || !strcmp(packet, "OK"))
			break;
		for (const char *p = packet + 1; *p && len < sizeof(output) - 1; p += 2)
			output[len++] = hex_byte(p);
	}
	output[len] = '\0';
	if (strcmp(packet, "OK"))
		fail("monitor command '%s': '%s'", command, packet);
	return output;
}

/* The guest's physical address, with the page tables of CPU; 0 if there is none. */
static uint64_t translate(int cpu, uint64_t addr)
{
	uint64_t phys = 0;

	monitor("cpu %d", cpu);
	sscanf(monitor("gva2gpa 0x%lx", addr), "gpa: %lx", &phys);
	return phys;
}

static void breakpoint(char action, uint64_t addr)
{
	transmit("%c%d,%lx,1", action, BREAKPOINT, addr);
	expect_ok("set a breakpoint");
}

static void watch(int slot, int type, uint64_t addr)
{
	struct watch *w = &row.watches[slot];

	if (w->addr) {
		transmit("z%d,%lx,%x", w->type, w->addr, LINE_SIZE);
		expect_ok("remove a watchpoint");
	}
	w->type = type;
	w->addr = addr;
	if (addr) {
		transmit("Z%d,%lx,%x", type, addr, LINE_SIZE);
		expect_ok("set a watchpoint");
	}
}

static void unwatch(void)
{
	watch(0, 0, 0);
	watch(1, 0, 0);
}

static void watch_poison(void)
{
	watch(0, WATCH_READ, row.direct);
	watch(1, WATCH_READ, row.user);
}

/* Bytes per iteration of a REP MOVS at ADDR, or 0 if there is something else. */
static unsigned int rep_movs_width(uint64_t addr)
{
	unsigned char text[3];

	if (read_memory(addr, text, sizeof(text)) != sizeof(text) || text[0] != 0xf3)
		return 0;
	if (text[1] == 0xa4)
		return 1;
	return text[1] == 0x48 && text[2] == 0xa5 ? 8 : 0;
}

/* The instruction that ends where RIP is. Nothing but decoding from the beginning of its function can tell. */
static uint64_t instruction_before(uint64_t rip)
{
	const struct symbol *f = function_before(rip);
	unsigned char text[MAX_INSN_SIZE];
	uint64_t at = f->addr, next = at;
	struct insn insn;

	while (next < rip) {
		at = next;
		if (insn_decode(&insn, text, read_memory(at, text, sizeof(text)), INSN_MODE_64))
			fail("cannot decode %s+0x%lx", f->name, at - f->addr);
		next = at + insn.length;
	}
	if (next != rip)
		fail("%s+0x%lx is not where an instruction begins", f->name, rip - f->addr);
	return at;
}

/*
 * Puts the CPU that has just read or written the line at WATCHED back to before that. Returns the
 * address of the instruction.
 */
static uint64_t take_back(int type, uint64_t watched)
{
	const int pointer = type == WATCH_READ ? RSI : RDI;
	uint64_t rip = get_register(RIP), at = rip;
	unsigned int width = rep_movs_width(rip);

	/* REP MOVS that has more to do, or has not begun, or has just ended? */
	if (!width || get_register(pointer) - width - watched >= LINE_SIZE) {
		at = instruction_before(rip);
		width = rep_movs_width(at);
	}
	if (width) {
		set_register(RSI, get_register(RSI) - width);
		set_register(RDI, get_register(RDI) - width);
		set_register(RCX, get_register(RCX) + 1);
	}
	if (at != rip)
		set_register(RIP, at);
	return at;
}

static void inject(int cpu, uint64_t rip, uint64_t phys)
{
	const struct symbol *f = function_before(rip + 1);
	const char *output;
	size_t len;

	printf("machine check %u: CPU %d in %s+0x%lx, rsi=%lx rdi=%lx rcx=%lx, for 0x%lx\n",
	       row.nr_mces + 1, cpu, f->name, rip - f->addr, get_register(RSI), get_register(RDI),
	       get_register(RCX), phys);
	output = monitor("mce %d %d 0x%lx " MCG_STATUS " 0x%lx " MCI_MISC, cpu, MCI_BANK,
			 row.mci_status, phys);
	if (*output)
		fail("QEMU does not inject: %s", output);
	row.nr_mces++;
	/* Each function once, in order of appearance. */
	len = strlen(row.where);
	if (!strstr(row.where, f->name))
		snprintf(row.where + len, sizeof(row.where) - len, "%s%s", len ? "," : "", f->name);
	injected.pending = true;
	injected.cpu = cpu;
	injected.rip = rip;
	breakpoint('Z', mc_handler);
}

/* The handler has been entered: from where the machine check was raised, or something has run in between. */
static void verify_entry(int cpu)
{
	unsigned char frame[8];
	uint64_t rip = 0;

	if (!injected.pending || cpu != injected.cpu)
		fail("a machine check on CPU %d that was not injected", cpu);
	if (read_memory(get_register(RSP), frame, sizeof(frame)) != sizeof(frame))
		fail("the stack of the machine check handler cannot be read");
	memcpy(&rip, frame, sizeof(rip));
	if (rip != injected.rip)
		fail("the machine check was raised at 0x%lx and taken at 0x%lx", injected.rip, rip);
	injected.pending = false;
	breakpoint('z', mc_handler);
}

static uint64_t arm(int cpu)
{
	memset(row.where, 0, sizeof(row.where));
	row.nr_mces = 0;
	row.direct = get_register(RSI);
	row.user = get_register(RDX);
	row.mode = get_register(RCX);
	row.mci_status = get_register(R8);
	/* User space need not see the direct map: handle_access() verifies that one. */
	row.phys = translate(cpu, row.user);
	printf("poison: %s, line 0x%lx, in the direct map at 0x%lx, in user space at 0x%lx\n",
	       poison_names[row.mode], row.phys, row.direct, row.user);
	if (!row.phys || row.phys % LINE_SIZE)
		fail("this is not a line of memory");
	if (row.mode == POISON_EARLY)
		watch(0, WATCH_READ, row.direct - POISON_LEAD);
	else if (row.mode == POISON_DESTINATION)
		watch(0, WATCH_READ, row.direct);
	else
		watch_poison();
	return 0;
}

static uint64_t report(void)
{
	char text[sizeof(row.where) + 64];
	size_t len;

	len = snprintf(text, sizeof(text), "mces=%u in=%s", row.nr_mces,
		       *row.where ? row.where : "-");
	write_memory(get_register(RSI), text, len + 1);
	return row.nr_mces;
}

/* The guest calls, with a NOP. */
static void answer_call(int cpu)
{
	uint64_t result = 0;

	switch (get_register(RDI)) {
	case CALL_ARM:
		result = arm(cpu);
		break;
	case CALL_DISARM:
		unwatch();
		break;
	case CALL_REPORT:
		result = report();
		break;
	default:
		fail("the guest wants something unknown: %lu", get_register(RDI));
	}
	set_register(RAX, result);
	set_register(RIP, call_site + 1);
}

static void handle_access(int cpu, int type, uint64_t watched)
{
	uint64_t phys = translate(cpu, watched);
	uint64_t rip;

	/* The same address of another process, or another page there. */
	if (watched == row.user && phys != row.phys) {
		printf("0x%lx is now at 0x%lx: not poisoned\n", watched, phys);
		return;
	}
	if (row.mode != POISON_EARLY && type == WATCH_READ && phys != row.phys)
		fail("0x%lx is at 0x%lx and should be at 0x%lx", watched, phys, row.phys);
	/* From here on it is known where the copy goes to: the next line there. */
	if (row.mode == POISON_DESTINATION && type == WATCH_READ) {
		watch(0, WATCH_WRITE, (get_register(RDI) & -LINE_SIZE) + LINE_SIZE);
		return;
	}
	rip = take_back(type, watched);
	switch (row.mode) {
	case POISON_STICKY:
		inject(cpu, rip, row.phys);
		break;
	case POISON_ONCE:
		inject(cpu, rip, row.phys);
		unwatch();
		break;
	case POISON_EARLY:
		inject(cpu, rip, row.phys);
		watch_poison();
		row.mode = POISON_STICKY;
		break;
	case POISON_DESTINATION:
		inject(cpu, rip, phys);
		unwatch();
		break;
	}
}

/* Why the guest has stopped: "T05thread:01;rwatch:ff11000012345680;", and what to do about it. */
static void handle_stop(void)
{
	const char *p = strstr(packet, "thread:"), *w = strstr(packet, "watch:");
	uint64_t watched = 0;
	int cpu, type;

	if (packet[0] != 'T' || !p)
		fail("the guest stopped with '%s'", packet);
	cpu = strtol(p + strlen("thread:"), NULL, 16) - 1;
	type = w && w[-1] == 'r' ? WATCH_READ : WATCH_WRITE;
	if (w)
		watched = strtoull(w + strlen("watch:"), NULL, 16);
	transmit("Hg%x", cpu + 1);
	expect_ok("choose a CPU");
	if (watched) {
		handle_access(cpu, type, watched);
		return;
	}
	if (get_register(RIP) == mc_handler)
		verify_entry(cpu);
	else if (get_register(RIP) == call_site)
		answer_call(cpu);
	else
		fail("CPU %d stopped at 0x%lx", cpu, get_register(RIP));
}

int main(int argc, char *argv[])
{
	if (argc < 3) {
		fprintf(stderr, "usage: mce-driver SOCKET SYMBOLS...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 2; i < argc; i++)
		read_symbols(argv[i]);
	call_site = address_of("driver_call");
	mc_handler = address_of("asm_exc_machine_check");
	connect_to(argv[1]);
	transmit("?");
	receive_answer();
	/* Single registers are for those who have asked which ones there are. */
	transmit("qXfer:features:read:target.xml:0,100");
	receive_answer();
	breakpoint('Z', call_site);
	for (;;) {
		transmit("c");
		if (!receive(-1) || packet[0] == 'W' || packet[0] == 'X')
			break;
		handle_stop();
	}
	if (injected.pending)
		fail("the guest ended before it took the machine check");
	printf("the guest is gone\n");
	return 0;
}
