// SPDX-License-Identifier: GPL-2.0
/*
 * selection: check which instruction copy_pages() and copy_mc_pages() copy with on this CPU.
 *
 * It reads the text of the running kernel, after alternatives and static branches have been patched.
 * It walks every path through folio_copy(), which has copy_pages() inlined, and through
 * copy_mc_pages(), and notes all copy instructions that can be reached. After the patching, each of
 * the two must reach exactly the expected kind, or both of "a+b" where it decides at run time.
 *
 * The decoder is the kernel's own, from tools/arch/x86/lib.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <asm/insn.h>

#include "ktap.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* EX_TYPE_DEFAULT_MCE_SAFE, and the layout of struct exception_table_entry. */
#define EX_TYPE_DEFAULT_MCE_SAFE 14
struct extable_entry {
	int32_t insn, fixup, data;
};

struct symbol {
	uint64_t addr;
	char name[64];
};

static struct symbol *symbols;
static size_t nr_symbols;

/* Calls of these functions are followed. Other calls are skipped. */
static const char *const followed[] = {
	"copy_highpages", /* usually inlined, but the compiler may decide otherwise */
	"__copy_mc_pages", "copy_mc_pages_careful", "copy_mc_enhanced_fast_string", "copy_mc_fast_string",
};

/* The copy loops, recognized by name. REP MOVS is recognized by its opcode. */
static const struct {
	const char *function, *method;
} loops[] = {
	{ "__copy_pages_unrolled", "unrolled" },
	{ "copy_mc_fragile", "fragile" },
};

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! selection: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void read_symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	struct symbol s;
	char line[512];
	size_t max = 0;

	if (!f)
		fail("/proc/kallsyms: %s (CONFIG_KALLSYMS)", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		/* Skip the symbols of modules, which have the module's name in brackets. */
		if (strchr(line, '[') || sscanf(line, "%lx %*c %63s", &s.addr, s.name) != 2)
			continue;
		if (nr_symbols == max) {
			max = max ? 2 * max : 1 << 14;
			symbols = realloc(symbols, max * sizeof(*symbols));
			if (!symbols)
				fail("out of memory");
		}
		symbols[nr_symbols++] = s;
	}
	fclose(f);
	qsort(symbols, nr_symbols, sizeof(*symbols), by_address);
	if (!nr_symbols || !symbols[nr_symbols - 1].addr)
		fail("/proc/kallsyms hides the addresses: run as root");
}

static const struct symbol *find_symbol(const char *name)
{
	for (size_t i = 0; i < nr_symbols; i++)
		if (!strcmp(symbols[i].name, name))
			return &symbols[i];
	return NULL;
}

static const struct symbol *symbol_at(uint64_t addr)
{
	for (size_t i = 0; i < nr_symbols; i++)
		if (symbols[i].addr == addr)
			return &symbols[i];
	return NULL;
}

static uint64_t end_of(const struct symbol *s)
{
	const struct symbol *next = s;

	while (next < symbols + nr_symbols && next->addr == s->addr)
		next++;
	return next < symbols + nr_symbols ? next->addr : s->addr;
}

static void read_kernel(uint64_t addr, void *buf, size_t len)
{
	static int fd = -1;
	static Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	if (fd < 0) {
		fd = open("/proc/kcore", O_RDONLY);
		if (fd < 0 || pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr))
			fail("/proc/kcore: %s (CONFIG_PROC_KCORE, root)", strerror(errno));
	}
	for (int i = 0; i < ehdr.e_phnum; i++) {
		if (pread(fd, &phdr, sizeof(phdr), ehdr.e_phoff + i * sizeof(phdr)) != sizeof(phdr))
			break;
		if (phdr.p_type != PT_LOAD || addr < phdr.p_vaddr || addr + len > phdr.p_vaddr + phdr.p_memsz)
			continue;
		if (pread(fd, buf, len, phdr.p_offset + addr - phdr.p_vaddr) != (ssize_t)len)
			break;
		return;
	}
	fail("cannot read %zu bytes of kernel text at %#lx from /proc/kcore", len, addr);
}

/* Whether the instruction at @addr has an exception table entry for machine checks. */
static bool is_recoverable(uint64_t addr)
{
	const struct symbol *start = find_symbol("__start___ex_table");
	const struct symbol *stop = find_symbol("__stop___ex_table");
	struct extable_entry *table;
	size_t i, nr;
	bool found = false;

	if (!start || !stop)
		fail("no exception table in /proc/kallsyms (CONFIG_KALLSYMS_ALL)");
	nr = (stop->addr - start->addr) / sizeof(*table);
	table = malloc(nr * sizeof(*table));
	if (!table)
		fail("out of memory");
	read_kernel(start->addr, table, nr * sizeof(*table));
	for (i = 0; i < nr && !found; i++)
		found = start->addr + i * sizeof(*table) + table[i].insn == addr &&
			(table[i].data & 0xff) == EX_TYPE_DEFAULT_MCE_SAFE;
	free(table);
	return found;
}

/* The methods found, joined with "+" */
static char found[256];

/* Whether @method, which may end with "+", is one of @methods */
static bool has_method(const char *methods, const char *method)
{
	size_t len = strcspn(method, "+");

	for (; *methods; methods += strcspn(methods, "+"), methods += *methods == '+')
		if (strcspn(methods, "+") == len && !memcmp(methods, method, len))
			return true;
	return false;
}

/* Whether both name the same methods, in any order. Neither names one twice. */
static bool same_methods(const char *a, const char *b)
{
	size_t len = strlen(a);

	for (; *a; a += strcspn(a, "+"), a += *a == '+')
		if (!has_method(b, a))
			return false;
	return len == strlen(b);
}

static void note(const char *method)
{
	size_t used = strlen(found);

	if (!has_method(found, method))
		snprintf(found + used, sizeof(found) - used, "%s%s", used ? "+" : "", method);
}

static void note_rep_movs(const struct insn *insn, uint64_t addr)
{
	char method[64];

	if (insn->opcode.bytes[0] == 0xa4)
		strcpy(method, "rep-movsb");
	else
		strcpy(method, X86_REX_W(insn->rex_prefix.value) ? "rep-movsq" : "rep-movsd");
	if (is_recoverable(addr))
		strcat(method, "-recovering");
	note(method);
}

static bool is_rep_movs(const struct insn *insn)
{
	return insn->opcode.nbytes == 1 && (insn->opcode.bytes[0] == 0xa4 || insn->opcode.bytes[0] == 0xa5) &&
	       memchr(insn->prefixes.bytes, 0xf3, insn->prefixes.nbytes);
}

static void walk_function(const struct symbol *s);

static void walk_callee(uint64_t target)
{
	const struct symbol *s = symbol_at(target);

	if (!s)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(loops); i++)
		if (!strcmp(s->name, loops[i].function))
			note(loops[i].method);
	/* The compiler's clones have a suffix: "name.isra.0". */
	for (size_t i = 0; i < ARRAY_SIZE(followed); i++) {
		size_t len = strlen(followed[i]);

		if (!strncmp(s->name, followed[i], len) && (s->name[len] == '\0' || s->name[len] == '.'))
			walk_function(s);
	}
}

/* Where the CPU continues after an instruction. */
enum flow { FLOW_NEXT, FLOW_CALL, FLOW_BRANCH, FLOW_JUMP, FLOW_END };

static enum flow flow_of(const struct insn *insn)
{
	const unsigned char *op = insn->opcode.bytes;

	if (op[0] == 0xe8)
		return FLOW_CALL;
	if (op[0] == 0xe9 || op[0] == 0xeb)
		return FLOW_JUMP;
	if ((op[0] & 0xf0) == 0x70 || (op[0] == 0x0f && (op[1] & 0xf0) == 0x80))
		return FLOW_BRANCH;
	if (op[0] == 0xc3 || op[0] == 0xcc || (op[0] == 0xff && X86_MODRM_REG(insn->modrm.value) == 4))
		return FLOW_END;
	return FLOW_NEXT;
}

static void walk_from(uint64_t addr, const struct symbol *s, const unsigned char *text, size_t size, bool *seen)
{
	uint64_t start = s->addr;
	struct insn insn;

	while (addr >= start && addr < start + size && !seen[addr - start]) {
		size_t off = addr - start;
		uint64_t next, target;
		enum flow flow;

		seen[off] = true;
		if (insn_decode(&insn, text + off, size - off, INSN_MODE_64))
			fail("cannot decode %s+%#zx", s->name, off);
		next = addr + insn.length;
		target = next + insn.immediate.value;
		flow = flow_of(&insn);

		if (is_rep_movs(&insn))
			note_rep_movs(&insn, addr);
		/* A jump out of the function is a tail call. */
		if (flow == FLOW_CALL || (flow == FLOW_JUMP && target - start >= size))
			walk_callee(target);
		if (flow == FLOW_BRANCH)
			walk_from(target, s, text, size, seen);
		if (flow == FLOW_END)
			return;
		addr = flow == FLOW_JUMP ? target : next;
	}
}

static void walk_function(const struct symbol *s)
{
	size_t size = end_of(s) - s->addr;
	unsigned char *text = malloc(size);
	bool *seen = calloc(size, sizeof(*seen));

	if (!text || !seen)
		fail("out of memory");
	read_kernel(s->addr, text, size);
	walk_from(s->addr, s, text, size, seen);
	free(seen);
	free(text);
}

static void check(const char *name, const char *function, const char *expected)
{
	const struct symbol *s = find_symbol(function);
	bool ok;

	if (!s)
		fail("no %s() in this kernel: boot one that has the series", function);
	found[0] = '\0';
	walk_function(s);
	ok = expected && same_methods(found, expected);
	if (!ok)
		printf("# %s: expected %s, and the text of %s() has %s\n", name, expected ? expected : "(not told)",
		       function, *found ? found : "none");
	else
		printf("# %s: %s\n", name, found);
	ktap_point(ok, "%s", name);
}

int main(void)
{
	read_symbols();
	ktap_plan(2);
	check("copy_pages", "folio_copy", getenv("LAB_EXPECT_COPY_PAGES"));
	check("copy_mc_pages", "copy_mc_pages", getenv("LAB_EXPECT_COPY_MC_PAGES"));
	return ktap_failed;
}
