// SPDX-License-Identifier: GPL-2.0
/* The same bystander as that of the bench module (bench-module/team.c), in user space. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "bystander.h"
#include "host.h"
#include "memory.h"

/* On a Zen 4, whose last level cache only takes what leaves the second one, walks get faster up to the eighth. */
#define WARMING_WALKS 8
#define ALONE_WALKS   4

/* Whoever reads the number of pages all the time makes the walk take twice as long. */
#define POLL_NS 20000

static const char *memory;
static unsigned long nr_pages;

static pthread_t thread;
static clockid_t clock_of_thread;
static bool is_there;
static sem_t awake;
static atomic_bool walks, ends;
static atomic_ulong walked; /* pages */

/* The copies of the sample. */
static unsigned long first_walked;
static int64_t start;

static void *walk(void *unused)
{
	unsigned long page = 0;

	for (;;) {
		while (sem_wait(&awake))
			;
		if (ends)
			return unused;
		for (; walks; page = (page + 1) % nr_pages) {
			read_lines(memory + page * PAGE_SIZE, PAGE_SIZE);
			walked++;
		}
	}
}

const char *start_bystander(const struct bystander *b, const char *at, size_t bytes)
{
	pthread_attr_t attributes;
	cpu_set_t set;

	memory = at;
	nr_pages = bytes / PAGE_SIZE;
	CPU_ZERO(&set);
	CPU_SET(b->cpu, &set);
	sem_init(&awake, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	is_there = !pthread_create(&thread, &attributes, walk, NULL) &&
		   !pthread_getcpuclockid(thread, &clock_of_thread);
	pthread_attr_destroy(&attributes);
	return is_there ? NULL : "the CPU that shares the last level cache is not allowed here";
}

void end_bystander(void)
{
	if (!is_there)
		return;
	ends = true;
	sem_post(&awake);
	pthread_join(thread, NULL);
	is_there = false;
}

/* While other processes have its CPU, the bystander's clock stands still. */
static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(clock_of_thread, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void begin(void)
{
	first_walked = walked;
	start = clock_ns();
}

/* The time of one walk through all of the memory; 0 if the bystander read no page in that time. */
static double walk_ns(void)
{
	unsigned long pages = walked - first_walked;
	double ns = clock_ns() - start;

	return pages ? ns * nr_pages / pages : 0;
}

static double await_walks(unsigned int n)
{
	begin();
	while (walked - first_walked < n * nr_pages)
		for (int64_t next = now_ns() + POLL_NS; now_ns() < next;)
			__builtin_ia32_pause();
	return walk_ns();
}

void wake_bystander(struct bystander *b)
{
	walks = true;
	sem_post(&awake);
	await_walks(WARMING_WALKS);
	b->alone_ns = await_walks(ALONE_WALKS);
	begin();
}

bool time_bystander(struct bystander *b)
{
	b->walk_ns = walk_ns();
	walks = false;
	return b->walk_ns > 0;
}
