// SPDX-License-Identifier: GPL-2.0
/* Front end of folio_copy_bench.ko: its commands, their help text, and "list". */
#include <string.h>

#include "front-end.h"
#include "host.h"
#include "presets.h"

static const char usage_text[] =
	"folio-copy-bench list           what can be measured on this machine\n"
	"folio-copy-bench preset NAME [options]  many rows, into a results directory\n" PRESETS_USAGE
	"  --results DIR   where; one that was interrupted is continued (results-HOST-DATE-NAME)\n"
	"  --cpu N         the CPU that copies (the one this runs on: numactl, taskset)\n"
	"  --evict BYTES   read before a cold sample, but not of rfc (128M, or twice the last\n"
	"                  level cache if that is more)\n"
	"  --nodes LIST    only these (all that have memory)\n"
	"  --scale N       with --functional: an Nth of the samples and bytes\n"
	"folio-copy-bench run [options]  copies: every combination of what the options name\n"
	"  --variant LIST  folio_copy, folio_mc_copy (both), or a primitive that list has,\n"
	"                  each beside the loop of v7.3, which is there twice\n"
	"  --order LIST    folio orders, for example 0,4,9 (0-9); above what the page allocator\n"
	"                  has, those of hugetlb, for example 18\n"
	"  --src LIST      nodes to copy from (all that have memory)\n"
	"  --dst LIST      nodes to copy to (all that have memory)\n"
	"  --cache LIST    hot, cold (both)\n"
	"  --read          with every copy, read its destination\n"
	"  --threads LIST  how many copy at the same time (1)\n"
	"  --bystander N   a CPU that uses its caches meanwhile, and what it loses\n"
	"  --cpu N         the CPU that copies (the one this runs on: numactl, taskset)\n"
	"  --samples N     per variant and combination, and a first one kept apart (20)\n"
	"  --bytes SIZE    copied per sample (hot 64M, cold 2M)\n"
	"  --evict SIZE    read before a cold sample; twice the last level cache or more (128M)\n"
	"  --seed N        of the order of the samples and of the contents (random)\n"
	"folio-copy-bench memmap [options]  memory maps of device memory: memremap_pages()\n"
	"  --type TYPE     private, or fs_dax or generic for the range that begins at --start\n"
	"  --start ADDRESS of unused Persistent Memory or Soft Reserved, see /proc/iomem\n"
	"  --size SIZE     of the range (64G); its memory map takes a 64th of that, and four\n"
	"                  times as much must be free on the node\n"
	"  --order N       of its compound pages: 0, 9 (2M) or 18 (1G) on x86 (0)\n"
	"  --overwrite     have the memory map in the range: destroys what is stored there\n"
	"  --node N        of the range and of its memory map (that of the CPU)\n"
	"  --cpu N         the CPU that works (the one this runs on)\n"
	"  --rounds N      the first of them is kept apart (10)\n"
	"folio-copy-bench rebind DRIVER DEVICE [options]  a driver's memory map, without the module\n"
	"                  DRIVER is nd_pmem, dax_pmem or device_dax, DEVICE what it is bound to;\n"
	"                  nothing may use the device, which is gone during each round\n"
	"  --rounds N      of unbinding and binding, the first is kept apart (30)\n"
	"  --root DIR      where sys, proc and dev are (/)\n"
	"folio-copy-bench move-pages [options]  move_pages(2) from end to end, without the module\n"
	"  --size LIST     of the folios: 4K, sizes of THPs such as 64K,2M, or hugetlb-2M (all)\n"
	"  --src LIST      nodes to move from (all that have memory)\n"
	"  --dst LIST      nodes to move to (all that have memory)\n"
	"  --bytes SIZE    moved per sample; more must be free on each node (1G)\n"
	"  --samples N     of each row, and a first one kept apart (20)\n"
	"  --cpu N         the CPU that moves (the one this runs on)\n"
	"  --seed N        of the order of the rows and of the contents (random)\n"
	"  --scenario NAME demotion: by reclaim, to the next memory tier, or promotion: by NUMA\n"
	"                  balancing, from there to the node of the CPU; as root (move_pages)\n"
	"all measurements:\n"
	"  --json FILE     append the raw samples, one JSON object per line (not of a preset)\n"
	"  --functional    for emulated machines: check the contents, print no speed\n"
	"  --cpuinfo FILE  in User-Mode Linux: a copy of its host's /proc/cpuinfo\n"
	"  --warnings FILE in a virtual machine: what its host warns of, a line each\n";

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
	{ "list", cmd_list },	  { "preset", cmd_preset }, { "run", cmd_run },
	{ "memmap", cmd_memmap }, { "rebind", cmd_rebind }, { "move-pages", cmd_move_pages },
};

/* A request for help overrides all other arguments. */
static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return argc > 1 && !strcmp(argv[1], "help");
}

int main(int argc, char **argv)
{
	if (wants_help(argc, argv)) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (argc < 2)
		die("a command is missing, see folio-copy-bench help");
	common.functional = host_is_emulated();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	die("'%s' is not a command, see folio-copy-bench help", argv[1]);
}
