// SPDX-License-Identifier: GPL-2.0
/* Front end of folio_copy_bench.ko: its commands, their help text, and "list". */
#include <string.h>

#include "front-end.h"
#include "host.h"
#include "presets.h"
#include "user-memory.h"

static const char usage_text[] =
	"folio-copy-bench list           what can be measured on this machine\n"
	"folio-copy-bench preset NAME [options]  measure many rows into a results directory\n" PRESETS_USAGE
	"  --results DIR   the results directory, where an interrupted run is continued\n"
	"                  (results-HOST-DATE-NAME)\n"
	"  --cpu N         the CPU that copies (the one this runs on: numactl, taskset)\n"
	"  --evict BYTES   bytes to read before a cold sample; without effect on rfc (128M, or\n"
	"                  twice the last level cache if that is more)\n"
	"  --nodes LIST    the nodes to measure (all that have memory)\n"
	"  --scale N       with --functional: measure an Nth of the samples and bytes\n"
	"folio-copy-bench run [options]  copies: every combination of what the options name\n"
	"  --variant LIST  folio_copy, folio_mc_copy (both), or primitives, which the command\n"
	"                  list shows; the loop of v7.3 is measured with them, twice\n"
	"  --order LIST    folio orders, for example 0,4,9 (0-9); orders above those of the page\n"
	"                  allocator are those of hugetlb, for example 18\n"
	"  --src LIST      nodes to copy from (all that have memory)\n"
	"  --dst LIST      nodes to copy to (all that have memory)\n"
	"  --cache LIST    hot, cold (both)\n"
	"  --read          with every copy, read its destination\n"
	"  --threads LIST  how many threads copy at the same time (1)\n"
	"  --bystander N   a CPU that uses its caches meanwhile; its loss is measured, too\n"
	"  --cpu N         the CPU that copies (the one this runs on: numactl, taskset)\n"
	"  --samples N     samples per variant and combination, after a first one that is kept\n"
	"                  apart (20)\n"
	"  --bytes SIZE    bytes to copy per sample (hot 64M, cold 2M)\n"
	"  --evict SIZE    bytes to read before a cold sample: at least twice the last level cache\n"
	"                  (128M)\n"
	"  --seed N        seed of the order of the samples and of the contents (random)\n"
	"folio-copy-bench memmap [options]  memory maps of device memory: memremap_pages()\n"
	"  --type TYPE     private, or fs_dax or generic for the range that begins at --start\n"
	"  --start ADDRESS of unused Persistent Memory or Soft Reserved, see /proc/iomem\n"
	"  --size SIZE     size of the range (64G); its memory map takes a 64th of the range, and\n"
	"                  four times that 64th must be free on the node\n"
	"  --order N       order of the compound pages: 0, 9 (2M) or 18 (1G) on x86 (0)\n"
	"  --overwrite     put the memory map into the range: destroys what is stored there\n"
	"  --node N        node of the range and of its memory map (that of the CPU)\n"
	"  --cpu N         the CPU that works (the one this runs on)\n"
	"  --rounds N      rounds, of which the first is kept apart (10)\n"
	"folio-copy-bench fill [options]  the stores that fill a memory map: v7.3's, and the series'\n"
	"  --size LIST     sizes of the memory map (2M,256M): the first is in the caches\n"
	"  --node LIST     nodes of its memory (that of the CPU)\n"
	"  --read          only rows that also read it afterwards (without and with)\n"
	"  --cpu N         the CPU that works (the one this runs on)\n"
	"  --samples N     samples per row, after a first one that is kept apart (20)\n"
	"  --seed N        seed of the order of the samples (random)\n"
	"folio-copy-bench rebind DRIVER DEVICE [options]  a driver's memory map, without the module\n"
	"                  DRIVER is nd_pmem, dax_pmem or device_dax, DEVICE is bound to it;\n"
	"                  nothing may use the device, which disappears during each round\n"
	"  --rounds N      rounds of unbinding and binding, of which the first is kept apart (30)\n"
	"  --root DIR      directory of sys, proc and dev (/)\n"
	"folio-copy-bench move-pages [options]  move_pages(2) from end to end, without the module\n"
	"  --size LIST     folio sizes: 4K, sizes of THPs such as 64K,2M, or hugetlb-2M (all)\n"
	"  --src LIST      nodes to move from (all that have memory)\n"
	"  --dst LIST      nodes to move to (all that have memory)\n"
	"  --bytes SIZE    bytes to move per sample; more than that must be free on each node (1G)\n"
	"  --samples N     samples per row, after a first one that is kept apart (20)\n"
	"  --cpu N         the CPU that moves (the one this runs on)\n"
	"  --seed N        seed of the order of the rows and of the contents (random)\n"
	"  --scenario NAME move_pages, or as root demotion (by reclaim, to the next memory tier)\n"
	"                  or promotion (by NUMA balancing, from there to the node of the CPU)\n"
	"                  (move_pages)\n"
	"  --ab            as root, with folio_copy_live loaded: both sides of it, sample by sample;\n"
	"                  for demotion the RFC's copy past the caches, too\n"
	"folio-copy-bench cow [options]  faults of copy-on-write in hugetlb pages, without the module\n"
	"  --size SIZE     of the pages (2M)\n"
	"  --pages N       pages to copy; the pool needs twice as many (64)\n"
	"  --lend          as root, make the pool as large as that until the end\n"
	"  --node N        node of the pool (that of the CPU)\n"
	"  --samples N     samples per row, after a first one that is kept apart (200)\n"
	"  --cpu N         the CPU that copies (the one this runs on)\n"
	"  --seed N        seed of the order of the samples and of the contents (random)\n"
	"  --ab            as root, with folio_copy_live loaded: both sides of it, child by child\n"
	"folio-copy-bench live VERB [options]  the series in the running kernel, by a livepatch, as root\n"
	"  load            load folio_copy_live.ko, which changes nothing yet\n"
	"  on, off [FUNCTION]...\n"
	"                  switch folio_copy, folio_mc_copy, copy_user_large_folio (all) to the\n"
	"                  series, or back\n"
	"  nontemporal     the same with the RFC: folio_mc_copy() goes past the caches when a\n"
	"                  large folio goes to a slower tier of memory\n"
	"  status          what is on, the instructions, and the calls since it was loaded\n"
	"  unload          take it out again\n"
	"  --module FILE   load: this file (that of make live, or an installed one)\n"
	"  --untested      load: into versions of Linux that it was not tested with\n"
	"all measurements:\n"
	"  --json FILE     append the raw samples, one JSON object per line (not of a preset)\n"
	"  --functional    for emulated machines: check the contents, print no speed\n"
	"  --cpuinfo FILE  in User-Mode Linux: a copy of its host's /proc/cpuinfo\n"
	"  --warnings FILE in a virtual machine: the warnings of its host, a line each\n";

static int cmd_list(int argc, char **argv)
{
	static const struct option none[] = { {} };
	char *help, *limits;

	next_option(argc, argv, none);
	no_more_arguments(argc, argv);
	check_module();
	printf("variants:\n%s\n", slurp(BENCH "/variants") ?: "");
	help = slurp(BENCH "/help");
	limits = help ? strstr(help, "\nlimits ") : NULL;
	if (!limits)
		die("cannot read the limits in " BENCH "/help: " MISMATCH);
	printf("%s\n", limits);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "list", cmd_list },
	{ "preset", cmd_preset },
	{ "run", cmd_run },
	{ "memmap", cmd_memmap },
	{ "fill", cmd_fill },
	{ "rebind", cmd_rebind },
	{ "move-pages", cmd_move_pages },
	{ "cow", cmd_cow },
	{ "live", cmd_live },
};

/* A request for help overrides all other arguments. */
static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return argc > 1 && !strcmp(argv[1], "help");
}

/* A disk that is full must not pass for success. */
static int flushed(int code)
{
	if (fflush(stdout) || ferror(stdout))
		die("standard output cannot be written to: free some space, or send it elsewhere");
	return code;
}

int main(int argc, char **argv)
{
	if (wants_help(argc, argv)) {
		fputs(usage_text, stdout);
		return flushed(0);
	}
	if (argc < 2)
		die("a command is missing, see folio-copy-bench help");
	put_back();
	common.functional = host_is_emulated();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return flushed(commands[i].run(argc - 1, argv + 1));
	die("'%s' is not a command, see folio-copy-bench help", argv[1]);
}
