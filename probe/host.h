/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROBE_HOST_H
#define PROBE_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_WARNINGS	8

struct host {
	int cpu;
	char model_name[64], vendor[16];
	char family[16], model[16], stepping[16], microcode[24];
	bool rep_good, erms, fsrm, movdir64b, hypervisor;
	char kernel[80];
	size_t last_level_cache;	/* bytes */
	size_t available;		/* bytes of memory */
	double load;
	char warnings[MAX_WARNINGS][160];
	unsigned int nr_warnings;
};

void look_at_host(struct host *host);
size_t huge_page_bytes(void);
void warn(struct host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* PROBE_HOST_H */
