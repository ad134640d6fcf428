/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_HOST_H
#define PROBE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_WARNINGS	12

/* What the machine had done at one moment. */
struct activity {
	int64_t wall, own;		/* ns */
	unsigned long long busy;	/* ticks of all CPUs */
	unsigned long long stolen;	/* ticks of this CPU */
};

struct host {
	int cpu;
	char model_name[64], vendor[16];
	char family[16], model[16], stepping[16], microcode[24];
	bool rep_good, erms, fsrm, movdir64b, hypervisor;
	bool emulated;			/* has no speed */
	char kernel[80];
	size_t last_level_cache;	/* bytes */
	size_t available;		/* bytes of memory */
	double load;
	struct activity start;		/* of the measurement */
	char warnings[MAX_WARNINGS][160];
	unsigned int nr_warnings;
};

void look_at_host(struct host *host);

/* Before and after the measurement: has it been left alone? */
void begin_watch(struct host *host);
void end_watch(struct host *host);

size_t huge_page_bytes(void);
void warn(struct host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* PROBE_HOST_H */
